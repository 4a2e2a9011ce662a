/** Who hears of what was decided. What they hear is written with it, or not at all. */

import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import type { Change, Decision } from '../changes.ts';
import type { RefundNotice } from '../payments/give-back.ts';
import type { ConfirmationResult } from '../payments/order.ts';
import type { PayResult } from '../payments/pay.ts';
import type { Payee } from '../payments/payee.ts';
import {
  eventNumberFrom,
  merchantSubject,
  type NewEvent,
  type OwnEvent,
  riderSubject,
} from './event-changes.ts';

export function tell<Result>(
  { changes, result }: Decision<Result>,
  eventsOf: (result: Result) => readonly NewEvent[],
): Decision<Result> {
  const events = eventsOf(result);
  if (events.length === 0) return { changes, result };
  const told: Change = { kind: 'addEvents', events };
  return { changes: [...changes, told], result };
}

/** Balance, debt, phones or denial have changed: they are read again. */
export function accountEvent(account: string, atMs: number): NewEvent {
  return toRider(account, { event: { kind: 'ACCOUNT' }, atMs });
}

export function paidEvents(
  result: PayResult,
  { payee, atMs }: { payee: Payee; atMs: number },
): NewEvent[] {
  if (result.kind !== 'decided') return [];
  const { account, rider } = result.notice;
  const isPaid = rider?.outcome === 'PAID';
  return [
    ...(account === null || rider === null
      ? []
      : [toRider(account, { event: { kind: 'PAYMENT', payment: rider }, atMs })]),
    ...(account === null || !isPaid ? [] : [accountEvent(account, atMs)]),
    ...(payee.kind === 'merchant'
      ? [toMerchant(payee.merchant, { event: { kind: 'PAYMENT', payment: result.payment }, atMs })]
      : []),
  ];
}

/** Money came back. */
export function backEvents(
  result: { kind: string } | { payment: Payment; notice: RefundNotice },
  { merchant, atMs }: { merchant: string; atMs: number },
): NewEvent[] {
  if (!('notice' in result) || result.notice.refundCents === 0) return [];
  const { payment, notice } = result;
  const { account, rider, refundCents: amountCents } = notice;
  const atMerchant = toMerchant(merchant, { event: { kind: 'PAYMENT', payment }, atMs });
  if (account === null || rider === null) return [atMerchant];
  const { payee } = rider;
  return [
    atMerchant,
    toRider(account, { event: { kind: 'REFUND', payee, amountCents, atMs }, atMs }),
    accountEvent(account, atMs),
  ];
}

export function confirmedEvents(
  result: ConfirmationResult,
  { account, atMs }: { account: string; atMs: number },
): NewEvent[] {
  if (result.kind !== 'decided' || !('rider' in result)) return [];
  const { merchant, order, payment, rider } = result;
  return [
    toMerchant(merchant, { event: { kind: 'PAYMENT', payment }, atMs }),
    orderEvent(merchant, { order, atMs }),
    toRider(account, { event: { kind: 'PAYMENT', payment: rider }, atMs }),
    ...(rider.outcome === 'PAID' ? [accountEvent(account, atMs)] : []),
  ];
}

export function orderEvent(
  merchant: string,
  { order, atMs }: { order: Extract<OwnEvent, { kind: 'ORDER' }>['order']; atMs: number },
): NewEvent {
  return toMerchant(merchant, { event: { kind: 'ORDER', order }, atMs });
}

type Told = { event: OwnEvent; atMs: number };

function toRider(account: string, told: Told): NewEvent {
  return { subject: riderSubject(account), ...told, fromNumber: eventNumberFrom(told.atMs) };
}

function toMerchant(merchant: string, told: Told): NewEvent {
  return { subject: merchantSubject(merchant), ...told, fromNumber: eventNumberFrom(told.atMs) };
}
