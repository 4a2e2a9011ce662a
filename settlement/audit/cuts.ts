/**
 * What retention has taken away: no more is gone than it has noted, and what it notes is sealed. Denials, approvals
 * and in most databases payments are numbered without a gap, so that a row which went without a word is missed. It holds
 * a few numbers.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import { cutSeal, type KeyedHash } from '../core/money/book-seal.ts';
import type { CutKind } from '../core/retention/cut-changes.ts';
import { type Check, checkOf } from './check.ts';

/** @param keyedHash Null: the key of the books is not there, which the seal of the books says. */
export function checkCuts(keyedHash: KeyedHash | null): Check {
  const cut = new Map<CutKind, number>();
  const wrong: string[] = [];
  const payments = new Numbers();
  const denials = new Numbers();
  const approvals = new Numbers();
  const lists = { rows: 0, all: 0 };
  let keys = 0;
  return {
    payment: ({ number }) => {
      if (number !== null) payments.add(0, number);
    },
    refusedKey: () => {
      keys += 1;
    },
    denial: ({ series, number }) => denials.add(series, number),
    approval: ({ number }) => approvals.add(0, number),
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
        ['payments', payments.isEmpty ? 0 : payments.missing - cutOf('refusedPayment')],
        ['keys of refused payments', cutOf('refusedPayment') - keys],
        ['denials', denials.missing - cutOf('denial')],
        ['approvals of moves', approvals.missing - cutOf('approval')],
        ['trust lists', lists.all - lists.rows - cutOf('trustList')],
      ];
      for (const [what, rows] of missing) if (rows !== 0) wrong.push(`${rows} ${what}`);
      const good = [...cut].map(([kind, rows]) => `${kind} ${rows}`).join(', ') || 'nothing';
      return [checkOf('no more is gone than what was cut', { wrong, good })];
    },
  };
}

/** Rows that count up within their series. */
class Numbers {
  readonly #last = new Map<number, number>();
  #rows = 0;

  add(series: number, number: number): void {
    this.#rows += 1;
    this.#last.set(series, Math.max(this.#last.get(series) ?? 0, number));
  }

  get isEmpty(): boolean {
    return this.#rows === 0;
  }

  get missing(): number {
    return [...this.#last.values()].reduce((sum, last) => sum + last, 0) - this.#rows;
  }
}
