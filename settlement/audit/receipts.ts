/**
 * A merchant's receipts are 1, 2, 3 and so on, one for each payment that was paid, and nothing else
 * has a receipt. It holds a few numbers a merchant: the payments come nearly in the order of receipts.
 */
import { merchantAccountOf } from '../core/money/ledger.ts';
import { type Check, checkOf } from './check.ts';
import type { MerchantRow } from './port.ts';

/** The receipts of one payee, in whatever order they come. */
class Receipts {
  #count = 0;
  #isBroken = false;
  /** Every number below this one was there. */
  #next = 1;
  readonly #early = new Set<number>();

  get count(): number {
    return this.#count;
  }

  add(receipt: number | null): void {
    this.#count += 1;
    if (receipt === null || receipt < this.#next || this.#early.has(receipt)) {
      this.#isBroken = true;
      return;
    }
    this.#early.add(receipt);
    while (this.#early.delete(this.#next)) this.#next += 1;
  }

  isWhole(): boolean {
    return !this.#isBroken && this.#early.size === 0;
  }
}

export function checkReceipts(): Check {
  const merchants: MerchantRow[] = [];
  const receiptsOf = new Map<string, Receipts>();
  const misplaced: string[] = [];
  return {
    merchant: (row) => {
      merchants.push(row);
    },
    payment: ({ id, payee, outcome, line, receipt }) => {
      if (receipt !== null && (outcome === 'REFUSED' || line !== null)) {
        misplaced.push(`payment ${id}`);
      }
      if (outcome !== 'PAID' || line !== null) return;
      const receipts = receiptsOf.get(payee) ?? new Receipts();
      receipts.add(receipt);
      receiptsOf.set(payee, receipts);
    },
    results: () => {
      const broken = merchants.filter(({ merchant, lastReceipt }) => {
        const receipts = receiptsOf.get(merchantAccountOf(merchant));
        return receipts === undefined
          ? lastReceipt !== 0
          : receipts.count !== lastReceipt || !receipts.isWhole();
      });
      const wrong = [...broken.map(({ merchant }) => merchant), ...misplaced];
      return [checkOf('receipts count up without a gap', { wrong, good: 'all' })];
    },
  };
}
