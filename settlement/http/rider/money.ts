/** What a rider sees of the money, and the way in for more: balance, statement, top-ups. */
import { Fault } from '@stile/protocol/fault.ts';
import { WAYS } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import type { RiderView } from '../../store/views.ts';
import { type ApiRouter, requireSession, riderOf } from '../access.ts';
import type { ApiParts } from '../app.ts';
import { Refusal, refusalSchema } from '../refusal.ts';

/** What one top-up may bring. */
export const TOP_UP_CENTS_MAX = 1_000_000;
const PAGE_MAX = 100;

const cents = z.int();
const security = [{ session: [] }];

export const riderSchema = z.object({
  account: z.string(),
  balanceCents: cents,
  debtCents: cents,
  denied: z.boolean(),
  deniedReason: z.string().nullable(),
  passes: z.array(
    z.object({
      serial: z.int(),
      algorithm: z.enum(['Ed25519', 'P-256']),
      issuedAtS: z.int(),
      expiresAtS: z.int(),
      denied: z.boolean(),
    }),
  ),
});

const statementSchema = z.object({
  items: z.array(
    z.object({
      kind: z.enum(['ride', 'payment', 'refund', 'topUp']),
      way: z.enum(WAYS).nullable().describe('how it was paid; null for a top-up'),
      payee: z.string().nullable().describe("a merchant's name; a ride has its line"),
      riddenAtMs: z.int().nullable().describe("the gate's clock; null where nobody rode"),
      chargedAtMs: z.int().describe('when it was recorded here'),
      line: z.string().nullable(),
      amountCents: cents,
      owedCents: cents,
      state: z.string(),
      reason: z.string().nullable(),
    }),
  ),
  next: z.string().nullable().describe('`after` for the next page; null where this is the last'),
});

const moneySchema = z.object({ balanceCents: cents, debtCents: cents });

export function viewOfRider({ denied, passes, ...rider }: RiderView) {
  return {
    ...rider,
    denied: denied.length > 0,
    deniedReason: denied.map(({ cause, note }) => (cause === 'DEBT' ? 'DEBT' : note))[0] ?? null,
    passes: [...passes],
  };
}

export function addRiderMoney(app: ApiRouter, parts: ApiParts): void {
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
      const rider = await store.readRider(config.issuer, riderOf(request).account);
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
      const { account } = riderOf(request);
      const rows = await parts.store.listStatement(account, { after: after ?? null, limit });
      const items = rows.map(({ atMs, recordedAtMs, cursor, ...row }) => ({
        ...row,
        riddenAtMs: row.kind === 'ride' ? atMs : null,
        chargedAtMs: recordedAtMs,
      }));
      return { items, next: rows.length === limit ? (rows.at(-1)?.cursor ?? null) : null };
    },
  );
}

function addTopUps(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, jobs, hub } = parts;
  app.post(
    '/v1/riders/me/top-ups',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'Pay money in (sandbox provider: always succeeds); a debt is paid first',
        description: 'The same idempotencyKey with the same amount pays once.',
        tags: ['rider'],
        security,
        body: z.object({
          amountCents: z.int().min(1).max(TOP_UP_CENTS_MAX),
          idempotencyKey: z.string().regex(/^[\w.:-]{1,100}$/),
        }),
        response: { 200: moneySchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { amountCents, idempotencyKey } = request.body;
      const { account } = riderOf(request);
      const nowMs = clock.now().wallMs;
      const outcome = await store.topUp({
        issuer: config.issuer,
        account,
        key: idempotencyKey,
        amountCents,
        nowMs,
      });
      if (outcome.kind === 'conflict') {
        throw new Fault('CONFLICT', 'this idempotencyKey was used with another amount');
      }
      if (outcome.kind === 'tooMuch') {
        throw new Refusal('WALLET_FULL', 'the wallet would hold more than it may');
      }
      jobs.wake();
      hub.tellRider(account, { kind: 'ACCOUNT' });
      const { balanceCents, debtCents } = outcome;
      return { balanceCents, debtCents };
    },
  );
}
