/** What leads a phone to an order, and what is said if there is none. */
import type { OrderView } from '../core/payments/order.ts';
import type { ApiParts } from './api.ts';
import { Refusal } from './refusal.ts';

export function refuseUnknownOrder(): never {
  throw new Refusal('ORDER_UNKNOWN', 'there is no such order');
}

/** The link leads to the wallet under settlement's public name. */
export function withLink(row: OrderView, { publicUrl }: Pick<ApiParts, 'publicUrl'>) {
  return { ...row, link: `${publicUrl().replace(/\/$/, '')}/wallet/#/order/${row.order}` };
}
