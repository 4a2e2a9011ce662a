/** A day's payments as its close says them, and as a file for a table. Pure. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { amountText } from '@stile/protocol/money/amount.ts';
import { PAYMENT_METHODS, type PaymentMethod } from '@stile/protocol/payment.ts';

export type MethodTotals = {
  way: PaymentMethod;
  payments: number;
  paidCents: number;
  refundedCents: number;
};

/** What was paid in each way that somebody has paid in. */
export function totalsByMethod(payments: readonly Payment[]): MethodTotals[] {
  const paid = payments.filter(({ outcome }) => outcome === 'PAID');
  return PAYMENT_METHODS.flatMap((way) => {
    const ofWay = paid.filter((payment) => payment.way === way);
    const sum = (of: (payment: Payment) => number) => ofWay.reduce((all, one) => all + of(one), 0);
    const totals = {
      way,
      payments: ofWay.length,
      paidCents: sum(({ amountCents }) => amountCents),
      refundedCents: sum(({ refundedCents }) => refundedCents),
    };
    return ofWay.length === 0 ? [] : [totals];
  });
}

const COLUMNS = [
  'receipt',
  'time',
  'outcome',
  'method',
  'amount',
  'given_back',
  'currency',
  'note',
  'key',
];

/** RFC 4180, the oldest first; times in UTC, amounts with a point. */
export function dayCsv(payments: readonly Payment[], currency: string): string {
  const rows = payments
    .toReversed()
    .map((payment) => [
      payment.receipt === null ? '' : String(payment.receipt),
      payment.atMs === null ? '' : new Date(payment.atMs).toISOString(),
      payment.outcome,
      payment.way ?? '',
      amountText(payment.amountCents, currency),
      amountText(payment.refundedCents, currency),
      currency,
      payment.note ?? '',
      payment.idempotencyKey,
    ]);
  return [COLUMNS, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** A text that a table would take for a formula is shown as a text. */
function cell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}
