/** Orders as a rider meets them: looked at, then confirmed for the amount that was shown. */

import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  confirmationSchema,
  orderOfferSchema,
  riderPaymentSchema,
} from '@stile/protocol/http/rider-api.ts';
import { orderIdSchema } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import { requireSession, riderFrom } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { refuseUnknownOrder, withLink } from '../order-link.ts';
import { Refusal } from '../refusal.ts';

const BODY_BYTES_MAX = 4_096;
const security = [{ session: [] }];
const ofOrder = z.object({ order: orderIdSchema });

export function addRiderOrderRoutes(app: ApiRouter, parts: ApiParts): void {
  const { store, streams, config, clock } = parts;
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
  app.post(
    '/v1/riders/me/orders/:order/confirmation',
    {
      onRequest,
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'Pay an order; the amount is the one that the rider was shown',
        description: 'Confirming again gives the same answer and pays once.',
        tags: ['rider'],
        security,
        params: ofOrder,
        body: confirmationSchema,
        response: {
          200: riderPaymentSchema,
          401: refusalSchema,
          404: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request) => {
      const { account, serial } = riderFrom(request);
      const { order } = request.params;
      const { amountCents } = request.body;
      const nowMs = clock.now().wallMs;
      const { issuer } = config;
      const paid = await store.confirmOrder({ issuer, order, account, serial, amountCents, nowMs });
      if (paid.kind === 'unknown') refuseUnknownOrder();
      if (paid.kind === 'conflict') {
        throw new Refusal('AMOUNT_CHANGED', 'the order asks for another amount: look again');
      }
      if (!('rider' in paid)) throw new Error('Bug: an order is unknown, changed or decided');
      if (paid.kind === 'decided') {
        const view = withLink(paid.order, parts);
        streams.sendToMerchant(paid.merchant, { kind: 'PAYMENT', payment: paid.payment });
        streams.sendToMerchant(paid.merchant, { kind: 'ORDER', order: view });
        streams.sendToRider(account, { kind: 'PAYMENT', payment: paid.rider });
        if (paid.rider.outcome === 'PAID') streams.sendToRider(account, { kind: 'ACCOUNT' });
      }
      return paid.rider;
    },
  );
}
