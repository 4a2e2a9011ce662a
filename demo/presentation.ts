/** Somebody holds a code before the scanner, what the gate should say, and the one word for what it said. */
import type { Stage, Verdict } from './stage.ts';

type Shot = Parameters<Stage['show']>[1]['shot'];

export type Presentation = {
  who: string;
  what: string;
  text: string;
  /** `open`, or the reason for a refusal. */
  expected: string;
  shot?: Shot;
  /** How it ends at settlement if it opens; CHARGED if absent. */
  disposition?: 'CHARGED' | 'PAID' | 'WRITTEN_OFF';
  /** Something else goes on while the barrier closes; WAIT if absent. */
  behind?: 'WAIT' | 'GO_ON';
};

export function wordOf({ verdict, reason }: Verdict): string {
  return reason ?? verdict;
}
