/** What leads a phone to an order, and what is said if there is none. */
import type { FastifyRequest } from 'fastify';
import type { OrderView } from '../core/payments/order.ts';
import type { ApiParts } from './api.ts';
import { Refusal } from './refusal.ts';

export function refuseUnknownOrder(): never {
  throw new Refusal('ORDER_UNKNOWN', 'there is no such order');
}

/** The link leads to where this request came: behind a proxy that is its public name. */
export function withLink(
  row: OrderView,
  { config, request }: Pick<ApiParts, 'config'> & { request: FastifyRequest },
) {
  const origin = config.http.publicUrl ?? `${request.protocol}://${request.host}`;
  return { ...row, link: `${origin.replace(/\/$/, '')}/wallet/#/order/${row.order}` };
}
