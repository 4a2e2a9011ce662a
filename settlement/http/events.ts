/**
 * Server-sent events to riders and merchants, each behind its own credential (docs/decisions/0015). A
 * stream ends with that credential, and with the listener who does not read. Whoever says which event they heard last
 * hears those behind it, from whichever process.
 */
import { type MerchantEvent, merchantEventSchema } from '@stile/protocol/http/merchant-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { type RiderEvent, riderEventSchema } from '@stile/protocol/http/rider-api.ts';
import type { FastifyReply } from 'fastify';
import { merchantSubject, type OwnEvent, riderSubject } from '../core/events/event-changes.ts';
import {
  isStillAllowed,
  merchantFrom,
  requireMerchant,
  requireSession,
  riderFrom,
} from './access.ts';
import { addressGroup } from './address.ts';
import type { ApiParts, ApiRouter } from './api.ts';
import { feed } from './event-feed.ts';
import { withLink } from './order-link.ts';
import { Refusal } from './refusal.ts';

export const HEARTBEAT_MS = 15_000;
/** How long a stream that hears nothing may outlive its session or token, at most. */
export const RECHECK_MS = 60_000;

/** Whatever the client accepts there is nothing else here; a HEAD of a stream would never end. */
const stream = { sse: 'manual', exposeHeadRoute: false } as const;
const refused = { 401: refusalSchema, 503: refusalSchema };

export function addEventRoutes(app: ApiRouter, parts: ApiParts): void {
  app.get(
    '/v1/riders/me/events',
    {
      onRequest: requireSession(parts),
      ...stream,
      schema: {
        summary: "Server-sent events about the session's account",
        description:
          'PAYMENT, REFUND, ACCOUNT; data: JSON with the same `kind`. With Last-Event-ID those behind it, of an hour.',
        tags: ['rider'],
        security: [{ session: [] }],
        produces: ['text/event-stream'],
        response: { 200: riderEventSchema, ...refused },
      },
    },
    async (request, reply) =>
      openStream(parts, { subject: riderSubject(riderFrom(request).account), reply }),
  );
  app.get(
    '/v1/merchants/me/events',
    {
      onRequest: requireMerchant(parts),
      ...stream,
      schema: {
        summary: 'Server-sent events about the merchant: payments, refunds, orders',
        tags: ['merchant'],
        security: [{ merchant: [] }],
        produces: ['text/event-stream'],
        response: { 200: merchantEventSchema, ...refused },
      },
    },
    async (request, reply) =>
      openStream(parts, { subject: merchantSubject(merchantFrom(request).merchant), reply }),
  );
}

async function openStream(
  parts: ApiParts,
  { subject, reply }: { subject: string; reply: FastifyReply },
): Promise<void> {
  const { store, streams, clock } = parts;
  const { sse, raw, request } = reply;
  const heard = feed({ subject, sse, raw, store, eventOf: (event) => asTold(event, parts) });
  const leave = streams.join(
    { subject, address: addressGroup(request.ip) },
    { wake: () => void wake().catch(end), end },
  );
  if (leave === undefined) {
    throw new Refusal('TOO_MANY_STREAMS', 'too many event streams are open: close one');
  }
  let cancel = watch();
  sse.onClose(() => {
    leave();
    cancel();
  });
  sse.keepAlive();
  await heard.open(request.headers['last-event-id']);

  function end(): void {
    sse.close();
    // What has not gone out by the next round waits for one who does not read: that can take for ever.
    setImmediate(() => {
      if (!raw.writableFinished) raw.destroy();
    });
  }

  function watch(): () => void {
    return clock.alarm(clock.now().monoMs + RECHECK_MS, () => {
      cancel = watch();
      void wake().catch(end);
    });
  }

  /** Nothing goes out to a phone or till that was ended meanwhile; that it was is an event itself. */
  async function wake(): Promise<void> {
    const isAllowed = await isStillAllowed(request);
    if (!sse.isConnected) return;
    if (isAllowed) heard.wake();
    else end();
  }
}

/** An order leads to the name that riders know this server by. */
function asTold(event: OwnEvent, parts: ApiParts): RiderEvent | MerchantEvent {
  return event.kind === 'ORDER' ? { ...event, order: withLink(event.order, parts) } : event;
}
