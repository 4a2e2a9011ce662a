/**
 * Server-sent events to riders and merchants, each behind its own credential (docs/decisions/0015). A
 * stream ends by itself after a while, so that who may listen is asked again.
 */
import { merchantEventSchema, riderEventSchema } from '@stile/protocol/payment.ts';
import type { FastifyReply } from 'fastify';
import { merchantSubject, riderSubject } from '../hub.ts';
import { type ApiRouter, merchantOf, requireMerchant, requireSession, riderOf } from './access.ts';
import type { ApiParts } from './app.ts';
import { Refusal, refusalSchema } from './refusal.ts';

export const HEARTBEAT_MS = 15_000;
const STREAM_MS_MAX = 15 * 60_000;

const refused = { 401: refusalSchema, 503: refusalSchema };

export function addEventRoutes(app: ApiRouter, parts: ApiParts): void {
  app.get(
    '/v1/riders/me/events',
    {
      onRequest: requireSession(parts),
      sse: 'only',
      schema: {
        summary: "Server-sent events about the session's account",
        description: 'PAYMENT, REFUND, ACCOUNT; data: JSON with the same `kind`.',
        tags: ['rider'],
        security: [{ session: [] }],
        produces: ['text/event-stream'],
        response: { 200: riderEventSchema, ...refused },
      },
    },
    async (request, reply) => openStream(parts, riderSubject(riderOf(request).account), reply),
  );
  app.get(
    '/v1/merchants/me/events',
    {
      onRequest: requireMerchant(parts),
      sse: 'only',
      schema: {
        summary: 'Server-sent events about the merchant: payments, refunds, orders',
        tags: ['merchant'],
        security: [{ merchant: [] }],
        produces: ['text/event-stream'],
        response: { 200: merchantEventSchema, ...refused },
      },
    },
    async (request, reply) =>
      openStream(parts, merchantSubject(merchantOf(request).merchant), reply),
  );
}

async function openStream(parts: ApiParts, subject: string, reply: FastifyReply): Promise<void> {
  const { hub, clock } = parts;
  const { sse } = reply;
  const leave = hub.join(subject, {
    // A listener that has gone is found by its closed socket, not by this.
    send: (event) => void sse.send({ event: event.kind, data: event }).catch(() => undefined),
    end: () => sse.close(),
  });
  if (leave === undefined) {
    throw new Refusal('TOO_MANY_STREAMS', 'too many event streams are open: close one');
  }
  const cancel = clock.alarm(clock.now().monoMs + STREAM_MS_MAX, () => sse.close());
  sse.onClose(() => {
    leave();
    cancel();
  });
  sse.keepAlive();
  // The first bytes: whoever listens knows now that nothing after this is missed.
  await sse.send({ event: 'OPEN', data: { kind: 'OPEN' } });
}
