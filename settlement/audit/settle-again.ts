/**
 * Settling once more, from what is stored: the same pure decision that charged every code use and every
 * authorisation has to find that nothing is left to write. So a charge, a fare, a line or an end that anybody
 * changed by hand is found, whatever was changed with it.
 */
import { decideSettle } from '../core/rides/settle.ts';
import { type Check, checkOf } from './check.ts';

/** The instant and the issuer matter only to what would be written, and nothing may be. */
const CONTEXT = { issuer: 0, nowMs: 0 };

/** It remembers the uses that are wrong, nothing else. */
export function checkSettledAgain(): Check {
  const wrong: string[] = [];
  let count = 0;
  let openWork = 0;
  return {
    settleFacts: (facts) => {
      count += 1;
      const [name = ''] = [
        ...facts.uses.map(({ use }) => use),
        ...facts.authorisations.map(({ gate, id }) => `ask ${id} of ${gate}`),
      ];
      try {
        const { changes } = decideSettle(facts, CONTEXT);
        if (changes.length > 0) wrong.push(name);
      } catch {
        // What cannot even be decided is damage.
        wrong.push(name);
      }
    },
    work: () => {
      openWork += 1;
    },
    results: () => {
      const name = 'every fare is what settling again would charge';
      if (openWork === 0) return [checkOf(name, { wrong, good: `${count} uses` })];
      return [{ name, ok: true, detail: `not looked at: ${openWork} jobs are not done yet` }];
    },
  };
}
