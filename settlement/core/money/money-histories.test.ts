/**
 * Whatever is asked in whatever order, without any database: the books add up after every decision, and the
 * same request again changes nothing.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ACCOUNT, ISSUER, NOW_MS, owedCharge, paymentRequest } from '../../testing/facts.ts';
import { MemoryBooks } from '../../testing/memory-books.ts';
import type { Decision } from '../changes.ts';
import { decideRefund, decideReversal } from '../payments/give-back.ts';
import { decideConfirmation, decideNewOrder } from '../payments/order.ts';
import { decidePay } from '../payments/pay.ts';
import { DEFAULT_PAYMENT_LIMITS } from '../payments/payment-rules.ts';
import { decideTopUp } from './top-up.ts';

const limits = { ...DEFAULT_PAYMENT_LIMITS, offlineTotalCentsMax: 1_000_000 };

type Deed = {
  kind: 'topUp' | 'pay' | 'refund' | 'reverse' | 'order' | 'confirm';
  key: number;
  cents: number;
};
const deed: fc.Arbitrary<Deed> = fc.record({
  kind: fc.constantFrom('topUp', 'pay', 'pay', 'refund', 'refund', 'reverse', 'order', 'confirm'),
  key: fc.nat({ max: 6 }),
  cents: fc.integer({ min: 1, max: 900 }),
});

/** The decision that a deed asks for, as the books now stand. */
function decide(books: MemoryBooks, { kind, key, cents }: Deed): Decision<unknown> {
  const at = { issuer: ISSUER, nowMs: NOW_MS };
  const [saleKey, order] = [`sale-${key}`, `order-${key}`];
  const sale = { merchant: 'kiosk', idempotencyKey: saleKey, amountCents: cents };
  switch (kind) {
    case 'topUp': {
      const request = { ...at, account: ACCOUNT, key: `t${key}`, amountCents: cents };
      return decideTopUp(books.topUpFacts(request.key), request);
    }
    case 'pay': {
      const request = paymentRequest({
        payee: { kind: 'merchant', ...sale },
        presented: { way: 'PAYMENT_CODE', handle: '12345678', timeStep: cents },
        requestHash: `${cents}`,
      });
      return decidePay(books.payFacts(request), { request, limits });
    }
    case 'refund':
      return decideRefund(books.giveBackFacts(saleKey), {
        request: { ...at, ...sale, refundKey: `back-${cents % 3}` },
        limits,
      });
    case 'reverse':
      return decideReversal(books.reversalFacts(saleKey), {
        request: { ...at, payee: 'merchant:kiosk', key: saleKey, why: 'REVERSED' },
        role: 'TILL',
        limits,
      });
    case 'order': {
      const request = { ...sale, order, note: null, nowMs: NOW_MS, expiresAtMs: NOW_MS + 1 };
      return decideNewOrder(books.newOrderFacts(saleKey), request);
    }
    case 'confirm': {
      const facts = books.confirmationFacts(order);
      const amountCents = facts?.order.amountCents ?? cents;
      const request = { ...at, order, account: ACCOUNT, serial: 1, amountCents };
      return decideConfirmation(facts, { request, limits });
    }
  }
}

function expectSound(books: MemoryBooks): void {
  let [debits, credits] = [0, 0];
  for (const [name, { debitsCents, creditsCents }] of books.ledger) {
    debits += debitsCents;
    credits += creditsCents;
    expect(books.balanceCents(name), name).toBeGreaterThanOrEqual(0);
  }
  expect(debits).toBe(credits);
  const { walletCents, owing } = books.money;
  const owedCents = owing.reduce((sum, charge) => sum + charge.owedCents, 0);
  expect(Math.min(walletCents, owedCents)).toBe(0);
  expect(books.isDenied).toBe(owedCents > 0);
  expect(books.balanceCents(`receivable:${ACCOUNT}`)).toBe(owedCents);
  const paid = books.payments.filter(({ outcome }) => outcome === 'PAID');
  const kept = paid.reduce((sum, one) => sum + one.amountCents - one.refundedCents, 0);
  expect(books.balanceCents('merchant:kiosk')).toBe(kept);
  expect(paid.map(({ receipt }) => receipt)).toEqual(paid.map((_, index) => index + 1));
  expect(books.lastReceipt).toBe(paid.length);
}

test('the books add up after every decision, and the same request again changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(deed, { minLength: 1, maxLength: 40 }),
      fc.nat({ max: 500 }),
      (deeds, owed) => {
        const books = new MemoryBooks(owed === 0 ? [] : [owedCharge({ owedCents: owed })]);
        for (const one of deeds) {
          books.carryOut(decide(books, one));
          expectSound(books);
          expect(decide(books, one).changes).toEqual([]);
        }
      },
    ),
    { numRuns: 300 },
  );
});
