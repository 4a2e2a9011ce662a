/** Taps whose ruling hung on what settlement did not know, judged again one by one, each in its own transaction. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { unchanged } from '../core/changes.ts';
import { decideAgain } from '../core/logs/judge-again.ts';
import type { Limits } from '../core/logs/rulings.ts';
import { follow } from './awaitable.ts';
import type { Database } from './database.ts';
import type { Store } from './port.ts';
import { readAgain } from './read-again.ts';

export function judgeAgainUseCases(
  { transact, write, takeTurn }: Database,
  { limitsNow }: { limitsNow: Limits },
): Pick<Store, 'judgeOnce' | 'judgeAllAgain'> {
  const verify = createNodeVerify();

  return {
    judgeOnce: async (nowMs) => {
      await takeTurn();
      return await transact({
        read: (facts) =>
          follow(facts.nextUnjudged(), (record) => record && readAgain(facts, { record, verify })),
        decide: (found) => {
          if (found === null) return unchanged('idle' as const);
          const { facts, ...of } = found;
          const { changes, result } = decideAgain(of, { facts, limitsNow, nowMs });
          return { changes, result: result ? ('counts' as const) : ('waits' as const) };
        },
      });
    },
    judgeAllAgain: () =>
      write({ changes: [{ kind: 'judgeAgain', account: null }], result: undefined }),
  };
}
