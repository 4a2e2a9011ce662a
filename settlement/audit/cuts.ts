/**
 * What retention has taken away: no more is gone than it has noted, and what it notes is sealed. Payments and
 * denials are numbered without a gap, so that a row which went without a word is missed. It holds a few numbers.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import { cutSeal, type KeyedHash } from '../core/money/book-seal.ts';
import type { CutKind } from '../core/retention/cut-changes.ts';
import { type Check, checkOf } from './check.ts';

/** @param keyedHash Null: the key of the books is not there, which the seal of the books says. */
export function checkCuts(keyedHash: KeyedHash | null): Check {
  const cut = new Map<CutKind, number>();
  const wrong: string[] = [];
  const payments = { rows: 0, last: 0 };
  const denials = { rows: 0, last: 0 };
  const lists = { rows: 0, all: 0 };
  let keys = 0;
  return {
    payment: ({ id }) => count(payments, id),
    refusedKey: () => {
      keys += 1;
    },
    denial: ({ number }) => count(denials, number),
    trustList: () => {
      lists.rows += 1;
    },
    listRules: () => {
      lists.all += 1;
    },
    cut: ({ kind, rows, link, seal }) => {
      cut.set(kind, rows);
      if (keyedHash === null) return;
      const expected = cutSeal(kind, { total: { rows, link }, keyedHash });
      if (toHex(seal) !== toHex(expected)) wrong.push(`what was cut of ${kind}`);
    },
    results: () => {
      const cutOf = (kind: CutKind) => cut.get(kind) ?? 0;
      const missing: [string, number][] = [
        ['payments', payments.last - payments.rows - cutOf('refusedPayment')],
        ['keys of refused payments', cutOf('refusedPayment') - keys],
        ['denials', denials.last - denials.rows - cutOf('denial')],
        ['trust lists', lists.all - lists.rows - cutOf('trustList')],
      ];
      for (const [what, rows] of missing) if (rows !== 0) wrong.push(`${rows} ${what}`);
      const good = [...cut].map(([kind, rows]) => `${kind} ${rows}`).join(', ') || 'nothing';
      return [checkOf('no more is gone than what was cut', { wrong, good })];
    },
  };
}

function count(numbers: { rows: number; last: number }, number: number): void {
  numbers.rows += 1;
  numbers.last = Math.max(numbers.last, number);
}
