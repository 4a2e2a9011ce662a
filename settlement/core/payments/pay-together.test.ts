/** Payments that are decided together end as if each had been decided behind the one before it. */
import { describe, expect, test } from 'vitest';
import { HANDLE, payFacts, paymentRequest } from '../../testing/facts.ts';
import type { PaymentRequest } from './pay.ts';
import { decidableTogether, decidePayments } from './pay-together.ts';
import { DEFAULT_PAYMENT_LIMITS } from './payment-rules.ts';

const limits = DEFAULT_PAYMENT_LIMITS;

function sale(key: string, merchant = 'kiosk'): PaymentRequest {
  return paymentRequest({
    payee: { kind: 'merchant', merchant, idempotencyKey: key, amountCents: 300 },
  });
}
function wrongSale(key: string, merchant = 'kiosk'): PaymentRequest {
  const presented = { way: 'PAYMENT_CODE', handle: HANDLE, timeStep: null } as const;
  return { ...sale(key, merchant), presented };
}

describe('what can be decided together', () => {
  test('one of each payer, and any number of codes that are nobody’s', () => {
    const requests = ['1', '2', '3', '4', '5'].map((key) => sale(key));
    const payers = ['a', null, 'a', null, 'b'];
    expect(decidableTogether(requests, payers)).toEqual([true, true, false, true, true]);
  });

  test('one under each key of a payee', () => {
    const requests = [sale('1'), sale('1'), sale('1', 'bakery')];
    expect(decidableTogether(requests, [null, null, null])).toEqual([true, false, true]);
  });

  test('one that has to wait takes nothing from those behind it', () => {
    const requests = [sale('1'), sale('2'), sale('2')];
    expect(decidableTogether(requests, ['a', 'a', 'b'])).toEqual([true, false, true]);
  });
});

describe('payments together', () => {
  test('have receipts one after the other, of each merchant for itself', () => {
    const requests = [sale('1'), sale('2', 'bakery'), sale('3')];
    const found = requests.map((_, index) => payFacts({ nextPaymentId: index + 1 }));
    const { result, changes } = decidePayments(found, { requests, limits });
    const receipts = result.map((one) => (one?.kind === 'decided' ? one.payment.receipt : 0));
    const [first = 0] = receipts;
    expect(receipts).toEqual([first, first, (first ?? 0) + 1]);
    expect(changes.filter(({ kind }) => kind === 'setReceipt')).toEqual([
      { kind: 'setReceipt', merchant: 'kiosk', receipt: first },
      { kind: 'setReceipt', merchant: 'bakery', receipt: first },
      { kind: 'setReceipt', merchant: 'kiosk', receipt: (first ?? 0) + 1 },
    ]);
  });

  test('nothing is decided about one whose facts were not read', () => {
    const requests = [sale('1'), sale('2')];
    const { result } = decidePayments([payFacts(), null], { requests, limits });
    expect(result.map((one) => one?.kind ?? null)).toEqual(['decided', null]);
  });

  test('behind a wrong code the same payee is asked again, whose tries have changed', () => {
    const requests = [wrongSale('1'), sale('2'), sale('3', 'bakery')];
    const found = requests.map((_, index) => payFacts({ nextPaymentId: index + 1 }));
    const { result } = decidePayments(found, { requests, limits });
    expect(result.map((one) => one?.kind ?? null)).toEqual(['decided', null, 'decided']);
  });
});
