/** Orders as a rider meets them: looked at, then confirmed by the phone's key, over the amount and payee that were shown. */

import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  confirmationSchema,
  orderOfferSchema,
  riderPaymentSchema,
} from '@stile/protocol/http/rider-api.ts';
import { orderIdSchema } from '@stile/protocol/payment.ts';
import { aboutOrder } from '@stile/protocol/proof.ts';
import { z } from 'zod';
import { requireSession, riderFrom } from '../access.ts';
import { type ApiRouter, markReplayed } from '../api.ts';
import { refuseUnknownOrder } from '../order-link.ts';
import { Refusal } from '../refusal.ts';
import { type PresenceParts, requirePresence } from './presence.ts';

const BODY_BYTES_MAX = 4_096;
const security = [{ session: [] }];
const ofOrder = z.object({ order: orderIdSchema });

export function addRiderOrderRoutes(app: ApiRouter, parts: PresenceParts): void {
  addOffers(app, parts);
  addOrderConfirmations(app, parts);
}

function addOffers(app: ApiRouter, parts: PresenceParts): void {
  const { store, config, clock } = parts;
  const onRequest = requireSession(parts);
  app.get(
    '/v1/riders/me/orders/:order',
    {
      onRequest,
      schema: {
        summary: 'What an order asks for: to be shown before it is confirmed',
        tags: ['rider'],
        security,
        params: ofOrder,
        response: { 200: orderOfferSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const offer = await store.findOffer(request.params.order, clock.now().wallMs);
      return { ...(offer ?? refuseUnknownOrder()), currency: config.currency };
    },
  );
}

function addOrderConfirmations(app: ApiRouter, parts: PresenceParts): void {
  const { store, config, clock } = parts;
  const onRequest = requireSession(parts);
  app.post(
    '/v1/riders/me/orders/:order/confirmation',
    {
      onRequest,
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'Pay an order; amount and payee are those that the rider was shown',
        description:
          'Proof `confirm-order`; subject: account/serial/order/amountCents/merchantName. Confirming again gives ' +
          'the same answer and pays once. AMOUNT_CHANGED, PAYEE_CHANGED: look at the order again.',
        tags: ['rider'],
        security,
        params: ofOrder,
        body: confirmationSchema,
        response: {
          200: riderPaymentSchema,
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          404: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const rider = riderFrom(request);
      const { account, serial } = rider;
      const { order } = request.params;
      const { amountCents, merchantName, ...proof } = request.body;
      const nowMs = clock.now().wallMs;
      const offer = (await store.findOffer(order, nowMs)) ?? refuseUnknownOrder();
      if (offer.merchantName !== merchantName) {
        throw new Refusal('PAYEE_CHANGED', 'the payee has another name now: look again');
      }
      const about = aboutOrder({ order, amountCents, merchantName });
      await requirePresence(parts, { purpose: 'confirm-order', rider, proof, about });
      const { issuer } = config;
      const paid = await store.confirmOrder({ issuer, order, account, serial, amountCents, nowMs });
      if (paid.kind === 'unknown') refuseUnknownOrder();
      if (paid.kind === 'conflict') {
        throw new Refusal('AMOUNT_CHANGED', 'the order asks for another amount: look again');
      }
      if (!('rider' in paid)) throw new Error('Bug: an order is unknown, changed or decided');
      if (paid.kind === 'repeated') markReplayed(reply);
      return paid.rider;
    },
  );
}
