/**
 * The checks of payments against the ledger: each answer has the money that it speaks of, and refunds
 * add up. They count rows anew and believe no sum that is kept beside them. They hold one number a
 * payment, and a sum a merchant.
 */
import { revenueOf, walletOf } from '../core/money/ledger.ts';
import { type Check, checkOf } from './check.ts';
import type { PaymentRow, RefundRow, TransferRow } from './port.ts';

/** Ids of a payment's postings begin with this; then comes the payment's id. */
const PREFIX = 'payment:';

/**
 * Both ways: a payment that is paid, and not of nothing, has one posting over exactly its money, and
 * every posting of that kind is a paid payment's.
 */
export function checkPostings(): Check {
  const counts = { paid: 0, refused: 0 };
  const unposted: string[] = [];
  const paidIds = new Set<number>();
  const strays: string[] = [];
  return {
    payment: (payment) => {
      const { id, outcome, amountCents } = payment;
      const isPaid = outcome === 'PAID';
      if (isPaid) counts.paid += 1;
      else if (outcome === 'REFUSED') counts.refused += 1;
      if (isPaid) paidIds.add(id);
      const isPosted = payment.transfers.some((transfer) => isPostingOf(payment, transfer));
      if (isPosted !== (isPaid && amountCents > 0)) unposted.push(`payment ${id}`);
    },
    transfer: ({ id, code }) => {
      if (code !== 'PAY') return;
      const paymentId = paymentIdOf(id);
      if (id !== postingIdOf(paymentId) || !paidIds.has(paymentId)) strays.push(`transfer ${id}`);
    },
    results: () => {
      const good = `${counts.paid} paid, ${counts.refused} refused`;
      const wrong = [...unposted, ...strays];
      return [checkOf('every payment has its posting', { wrong, good })];
    },
  };
}

function postingIdOf(paymentId: number): string {
  return `${PREFIX}${paymentId}:pay`;
}

/** The payment that a posting's id names; not a number if it names none. */
function paymentIdOf(transferId: string): number {
  return Number.parseInt(transferId.slice(PREFIX.length), 10);
}

function isPostingOf(payment: PaymentRow, transfer: TransferRow): boolean {
  const { id, account, amountCents } = payment;
  return (
    transfer.code === 'PAY' &&
    transfer.id === postingIdOf(id) &&
    account !== null &&
    transfer.debit === walletOf(account) &&
    transfer.credit === creditOf(payment) &&
    transfer.amountCents === amountCents
  );
}

/** Whose account a payment is credited to, and its refunds debited from. */
function creditOf({ line, payee }: PaymentRow): string {
  return line === null ? payee : revenueOf(line);
}

/**
 * Each refund belongs to a paid payment and has postings over exactly its money, all from the account
 * that was paid; every posting of that kind is a refund's; and what a payment says was given back is
 * the sum of its refunds, no more than was paid.
 */
export function checkRefunds(): Check {
  const wrong = { refunds: [] as string[], payments: [] as string[], postings: new Set<string>() };
  const paymentIds = new Set<number>();
  let count = 0;
  return {
    payment: (payment) => {
      const { id, refunds, refundedCents, amountCents } = payment;
      paymentIds.add(id);
      count += refunds.length;
      const postings = refundPostings(payment);
      for (const refund of refunds) {
        const name = refundNameOf(id, refund.key);
        const isGood = isRefunded(payment, { refund, postings: postings.get(name) ?? [] });
        if (!isGood) wrong.refunds.push(`refund ${refund.id}`);
        postings.delete(name);
      }
      for (const name of postings.keys()) wrong.postings.add(name);
      const sumCents = refunds.reduce((sum, refund) => sum + refund.amountCents, 0);
      const isOdd = refundedCents !== sumCents || refundedCents > amountCents;
      if (isOdd) wrong.payments.push(`payment ${id}`);
    },
    transfer: ({ id, code }) => {
      if (code !== 'REFUND' || !id.startsWith(PREFIX)) return;
      // Those of a payment that there is were looked at with it.
      const paymentId = paymentIdOf(id);
      const isSeen = paymentIds.has(paymentId) && id.startsWith(`${PREFIX}${paymentId}:`);
      if (!isSeen) wrong.postings.add(withoutSuffix(id));
    },
    results: () => {
      const names = [...wrong.refunds, ...[...wrong.postings].sort(), ...wrong.payments];
      const name = 'every refund has its postings, none exceeds its payment';
      return [checkOf(name, { wrong: names, good: `${count} refunds` })];
    },
  };
}

/** A refund has one or two postings, because the first of it pays debts: `:forgive` and `:return`. */
function refundPostings({ transfers }: PaymentRow): Map<string, TransferRow[]> {
  const postings = new Map<string, TransferRow[]>();
  for (const transfer of transfers) {
    if (transfer.code !== 'REFUND') continue;
    const name = withoutSuffix(transfer.id);
    postings.set(name, [...(postings.get(name) ?? []), transfer]);
  }
  return postings;
}

function isRefunded(
  payment: PaymentRow,
  { refund, postings }: { refund: RefundRow; postings: readonly TransferRow[] },
): boolean {
  const credit = creditOf(payment);
  const cents = postings.reduce((sum, { amountCents }) => sum + amountCents, 0);
  return (
    payment.outcome === 'PAID' &&
    postings.length > 0 &&
    cents === refund.amountCents &&
    postings.every(({ debit }) => debit === credit)
  );
}

function refundNameOf(paymentId: number, key: string): string {
  return `${PREFIX}${paymentId}:${key}`;
}

function withoutSuffix(transferId: string): string {
  const suffix = transferId.endsWith(':forgive') ? ':forgive' : ':return';
  return transferId.slice(0, -suffix.length);
}

/**
 * What a merchant's account holds is what its payments came to, less each of their refunds. A payee
 * without an account must have been paid nothing.
 */
export function checkMerchantBalances(): Check {
  const balances = new Map<string, number>();
  const paid = new Map<string, number>();
  return {
    ledgerAccount: ({ name, kind, debitsCents, creditsCents }) => {
      if (kind === 'merchant') balances.set(name, creditsCents - debitsCents);
    },
    payment: ({ outcome, line, payee, amountCents, refunds }) => {
      if (outcome !== 'PAID' || line !== null) return;
      const backCents = refunds.reduce((sum, refund) => sum + refund.amountCents, 0);
      paid.set(payee, (paid.get(payee) ?? 0) + amountCents - backCents);
    },
    results: () => {
      const unequal = [...balances].filter(([name, cents]) => cents !== (paid.get(name) ?? 0));
      const homeless = [...paid].filter(([payee, cents]) => cents !== 0 && !balances.has(payee));
      const wrong = [...unequal.map(([name]) => name), ...homeless.map(([payee]) => payee).sort()];
      return [
        checkOf("every merchant's balance is the sum of its payments", { wrong, good: 'all' }),
      ];
    },
  };
}
