/** What a rider sees of the money, and the way in for more: balance, statement, top-ups. */
import { Fault } from '@stile/protocol/fault.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  moneySchema,
  riderSchema,
  statementSchema,
  topUpSchema,
} from '@stile/protocol/http/rider-api.ts';
import { z } from 'zod';
import type { RiderView } from '../../store/views.ts';
import { requireSession, riderFrom } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const PAGE_MAX = 100;

const security = [{ session: [] }];

export function viewOfRider({ denied, passes, ...rider }: RiderView) {
  return {
    ...rider,
    denied: denied.length > 0,
    deniedReason: denied.map(({ cause, note }) => (cause === 'DEBT' ? 'DEBT' : note))[0] ?? null,
    passes: [...passes],
  };
}

export function addAccountRoutes(app: ApiRouter, parts: ApiParts): void {
  addView(app, parts);
  addStatement(app, parts);
  addTopUps(app, parts);
}

function addView(app: ApiRouter, parts: ApiParts): void {
  const { store, config } = parts;
  app.get(
    '/v1/riders/me',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: "The session's account: money, passes, and whether it is denied",
        tags: ['rider'],
        security,
        response: { 200: riderSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const rider = await store.readRider(config.issuer, riderFrom(request).account);
      if (rider === undefined) throw new Fault('NOT_FOUND', 'there is no such account');
      return viewOfRider(rider);
    },
  );
}

function addStatement(app: ApiRouter, parts: ApiParts): void {
  app.get(
    '/v1/riders/me/statement',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'Rides, payments, refunds and top-ups, the latest first',
        tags: ['rider'],
        security,
        querystring: z.object({
          after: z
            .string()
            .regex(/^\d{1,16}\.[\w/]{1,80}$/)
            .optional(),
          limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
        }),
        response: { 200: statementSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const { after, limit } = request.query;
      const { account } = riderFrom(request);
      const rows = await parts.store.listStatement(account, { after: after ?? null, limit });
      const items = rows.map(({ atMs, timeSource, recordedAtMs, cursor, ...row }) => ({
        ...row,
        riddenAtMs: row.kind === 'ride' ? atMs : null,
        riddenAtSource: timeSource,
        chargedAtMs: recordedAtMs,
      }));
      return { items, next: rows.length === limit ? (rows.at(-1)?.cursor ?? null) : null };
    },
  );
}

function addTopUps(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, outbox, streams } = parts;
  app.post(
    '/v1/riders/me/top-ups',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'Pay money in (sandbox provider: always succeeds); a debt is paid first',
        description: 'The same idempotencyKey with the same amount pays once.',
        tags: ['rider'],
        security,
        body: topUpSchema,
        response: { 200: moneySchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { amountCents, idempotencyKey } = request.body;
      const { account } = riderFrom(request);
      const nowMs = clock.now().wallMs;
      const result = await store.topUp({
        issuer: config.issuer,
        account,
        key: idempotencyKey,
        amountCents,
        nowMs,
      });
      if (result.kind === 'conflict') {
        throw new Fault('CONFLICT', 'this idempotencyKey was used with another amount');
      }
      if (result.kind === 'tooMuch') {
        throw new Refusal('WALLET_FULL', 'the wallet would hold more than it may');
      }
      outbox.wake();
      streams.sendToRider(account, { kind: 'ACCOUNT' });
      const { balanceCents, debtCents } = result;
      return { balanceCents, debtCents };
    },
  );
}
