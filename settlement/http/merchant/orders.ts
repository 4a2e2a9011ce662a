/** Orders: a merchant's price that a rider's wallet opens and confirms. */
import { randomBytes } from 'node:crypto';
import {
  amountSchema,
  idempotencyKeySchema,
  noteSchema,
  orderIdSchema,
  orderOfferSchema,
  orderSchema,
  riderPaymentSchema,
} from '@stile/protocol/payment.ts';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { OrderView } from '../../core/payments/order.ts';
import { type ApiRouter, merchantOf, requireMerchant, requireSession, riderOf } from '../access.ts';
import type { ApiParts } from '../app.ts';
import { Refusal, refusalSchema } from '../refusal.ts';

const ORDER_BYTES = 16;
const BODY_BYTES_MAX = 4_096;

const ofOrder = z.object({ order: orderIdSchema });
const merchantOnly = [{ merchant: [] }];
const sessionOnly = [{ session: [] }];

export function addOrderRoutes(app: ApiRouter, parts: ApiParts): void {
  addMaking(app, parts);
  addLooking(app, parts);
  addConfirming(app, parts);
}

function addMaking(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock } = parts;
  app.post(
    '/v1/orders',
    {
      onRequest: requireMerchant(parts),
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'A price for a rider to confirm; `link` is what the QR shows',
        description: 'Its payment will stand under the same idempotencyKey.',
        tags: ['merchant'],
        security: merchantOnly,
        body: z.strictObject({
          idempotencyKey: idempotencyKeySchema,
          amountCents: amountSchema,
          note: noteSchema.optional(),
        }),
        response: { 200: orderSchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { idempotencyKey, amountCents, note = null } = request.body;
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + config.payments.orderS * 1000;
      const { merchant } = merchantOf(request);
      const order = randomBytes(ORDER_BYTES).toString('base64url');
      const made = await store.addOrder({
        ...{ order, merchant, idempotencyKey, amountCents, note, nowMs, expiresAtMs },
      });
      if ('kind' in made) {
        throw new Refusal('KEY_REUSED', 'this idempotencyKey was used for something else');
      }
      return withLink(made, parts, request);
    },
  );
}

function addLooking(app: ApiRouter, parts: ApiParts): void {
  const { store, hub, clock } = parts;
  const schema = {
    tags: ['merchant'],
    security: merchantOnly,
    params: ofOrder,
    response: { 200: orderSchema, 401: refusalSchema, 404: refusalSchema },
  };
  const onRequest = requireMerchant(parts);
  app.get(
    '/v1/orders/:order',
    { onRequest, schema: { ...schema, summary: 'How an order stands' } },
    async (request) => {
      const { merchant } = merchantOf(request);
      const { order } = request.params;
      const row = await store.findOrder({ merchant, order, nowMs: clock.now().wallMs });
      return withLink(row ?? unknown(), parts, request);
    },
  );
  app.delete(
    '/v1/orders/:order',
    {
      onRequest,
      schema: { ...schema, summary: 'Take an order back; one that is paid stays paid' },
    },
    async (request) => {
      const { merchant } = merchantOf(request);
      const { order } = request.params;
      const row = await store.cancelOrder({ merchant, order, nowMs: clock.now().wallMs });
      const view = withLink(row ?? unknown(), parts, request);
      hub.tellMerchant(merchant, { kind: 'ORDER', order: view });
      return view;
    },
  );
}

function addConfirming(app: ApiRouter, parts: ApiParts): void {
  const { store, hub, config, clock } = parts;
  const onRequest = requireSession(parts);
  app.get(
    '/v1/riders/me/orders/:order',
    {
      onRequest,
      schema: {
        summary: 'What an order asks for: to be shown before it is confirmed',
        tags: ['rider'],
        security: sessionOnly,
        params: ofOrder,
        response: { 200: orderOfferSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const offer = await store.findOffer(request.params.order, clock.now().wallMs);
      return { ...(offer ?? unknown()), currency: config.currency };
    },
  );
  app.post(
    '/v1/riders/me/orders/:order/confirmation',
    {
      onRequest,
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'Pay an order; the amount is the one that the rider was shown',
        description: 'Confirming again gives the same answer and pays once.',
        tags: ['rider'],
        security: sessionOnly,
        params: ofOrder,
        body: z.strictObject({ amountCents: amountSchema }),
        response: {
          200: riderPaymentSchema,
          401: refusalSchema,
          404: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request) => {
      const { account, serial } = riderOf(request);
      const { order } = request.params;
      const { amountCents } = request.body;
      const nowMs = clock.now().wallMs;
      const { issuer } = config;
      const paid = await store.confirmOrder({ issuer, order, account, serial, amountCents, nowMs });
      if (paid.kind === 'unknown') unknown();
      if (paid.kind === 'conflict') {
        throw new Refusal('AMOUNT_CHANGED', 'the order asks for another amount: look again');
      }
      if (!('rider' in paid)) throw new Error('Bug: an order is unknown, changed or decided');
      if (paid.kind === 'decided') {
        const view = withLink(paid.order, parts, request);
        hub.tellMerchant(paid.merchant, { kind: 'PAYMENT', payment: paid.payment });
        hub.tellMerchant(paid.merchant, { kind: 'ORDER', order: view });
        hub.tellRider(account, { kind: 'PAYMENT', payment: paid.rider });
        if (paid.rider.outcome === 'PAID') hub.tellRider(account, { kind: 'ACCOUNT' });
      }
      return paid.rider;
    },
  );
}

function unknown(): never {
  throw new Refusal('ORDER_UNKNOWN', 'there is no such order');
}

/** The link leads to where this request came: behind a proxy that is its public name. */
function withLink(row: OrderView, { config }: ApiParts, request: FastifyRequest) {
  const origin = config.http.publicUrl ?? `${request.protocol}://${request.host}`;
  return { ...row, link: `${origin.replace(/\/$/, '')}/wallet/#/order/${row.order}` };
}
