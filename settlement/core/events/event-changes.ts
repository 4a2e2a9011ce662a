/** What riders and merchants hear, as it is stored: in the transaction in which it happened, numbered for each of them. */
import type { MerchantEvent, Order } from '@stile/protocol/http/merchant-api.ts';
import type { RiderEvent } from '@stile/protocol/http/rider-api.ts';

/** An order's link begins with the name of the server that is asked, so it is not stored. */
export type OwnMerchantEvent =
  | Exclude<MerchantEvent, { kind: 'ORDER' }>
  | { kind: 'ORDER'; order: Omit<Order, 'link'> };
export type OwnEvent = RiderEvent | OwnMerchantEvent;

/** `subject`: `rider:ACCOUNT` or `merchant:ID`. `fromNumber`: the least number that it may have. */
export type NewEvent = { subject: string; event: OwnEvent; atMs: number; fromNumber: number };
export type EventChange = { kind: 'addEvents'; events: readonly NewEvent[] };

/** Numbers of one subject ascend; those of a row that is gone are never used again while clocks go on. */
export type StoredEvent = { number: number; event: OwnEvent };

const NUMBERS_OF_MS = 1_024;

/** The least number of an event of that instant. */
export function eventNumberFrom(atMs: number): number {
  return atMs * NUMBERS_OF_MS;
}

export function riderSubject(account: string): string {
  return `rider:${account}`;
}

export function merchantSubject(merchant: string): string {
  return `merchant:${merchant}`;
}
