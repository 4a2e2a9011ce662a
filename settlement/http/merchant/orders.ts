/** Orders: a merchant's price that a rider's wallet opens and confirms. */
import { orderRequestSchema, orderSchema } from '@stile/protocol/http/merchant-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { orderIdSchema } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import { merchantFrom, requireMerchant } from '../access.ts';
import { type ApiParts, type ApiRouter, markReplayed } from '../api.ts';
import { refuseUnknownOrder, withLink } from '../order-link.ts';
import { Refusal } from '../refusal.ts';

const ORDER_BYTES = 16;
const BODY_BYTES_MAX = 4_096;

const ofOrder = z.object({ order: orderIdSchema });
const merchantOnly = [{ merchant: [] }];

export function addOrderRoutes(app: ApiRouter, parts: ApiParts): void {
  addCreate(app, parts);
  addFindAndCancel(app, parts);
}

function addCreate(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, random } = parts;
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
        body: orderRequestSchema,
        response: { 200: orderSchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { idempotencyKey, amountCents, note = null } = request.body;
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + config.payments.orderS * 1000;
      const { merchant } = merchantFrom(request);
      const order = Buffer.from(random.bytes(ORDER_BYTES)).toString('base64url');
      const made = await store.addOrder({
        order,
        merchant,
        idempotencyKey,
        amountCents,
        note,
        nowMs,
        expiresAtMs,
      });
      if ('kind' in made) {
        throw new Refusal('KEY_REUSED', 'this idempotencyKey was used for something else');
      }
      if (made.order !== order) markReplayed(reply);
      return withLink(made, parts);
    },
  );
}

function addFindAndCancel(app: ApiRouter, parts: ApiParts): void {
  const { store, clock } = parts;
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
      const { merchant } = merchantFrom(request);
      const { order } = request.params;
      const row = await store.findOrder({ merchant, order, nowMs: clock.now().wallMs });
      return withLink(row ?? refuseUnknownOrder(), parts);
    },
  );
  app.delete(
    '/v1/orders/:order',
    {
      onRequest,
      schema: { ...schema, summary: 'Take an order back; one that is paid stays paid' },
    },
    async (request) => {
      const { merchant } = merchantFrom(request);
      const { order } = request.params;
      const row = await store.cancelOrder({ merchant, order, nowMs: clock.now().wallMs });
      return withLink(row ?? refuseUnknownOrder(), parts);
    },
  );
}
