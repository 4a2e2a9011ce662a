/** What an operator reads: gates, accounts, taps, what is parked, the trial balance. */
import { Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';
import { balanceCents, kindOf } from '../../core/money/ledger.ts';
import { type ApiRouter, requireOperator } from '../access.ts';
import type { ApiParts } from '../app.ts';
import { refusalSchema } from '../refusal.ts';
import { riderSchema, viewOfRider } from '../rider/money.ts';
import { accountSchema } from '../rider/riders.ts';

const PAGE_MAX = 500;
const security = [{ operator: [] }];
const tags = ['operator'];
const count = z.int().min(0);
const text = z.string().nullable();
const number = z.int().nullable();

const gateSchema = z.object({
  gate: z.string(),
  line: text,
  scope: z.int(),
  enrolledAtMs: number,
  lastSyncMs: number,
  trustSeen: number,
  denySeen: number,
  tariffSeen: number,
  epochs: z.array(z.object({ epoch: z.string(), lastSeq: count })),
  gaps: z.array(z.object({ epoch: z.string(), fromSeq: count, toSeq: count })),
  alarms: z.object({
    conflicts: count,
    forks: count,
    unreadable: count,
    extraUses: count,
    fareUnknown: count,
    unpaid: count,
    rejected: count,
  }),
});

const tapSchema = z.object({
  id: z.int(),
  gate: z.string(),
  epoch: z.string(),
  seq: z.int(),
  kind: z.string(),
  verdict: text,
  gateReason: text,
  line: text,
  atMs: z.int(),
  receivedAtMs: z.int(),
  ruling: z.string(),
  reason: text,
  outcome: text.describe('how an opened tap has ended so far'),
  use: text.describe('issuer/account/serial/counter'),
});

const parkedSchema = z.object({
  gate: z.string(),
  epoch: z.string(),
  seq: z.int(),
  why: z.string(),
  receivedAtMs: z.int(),
  lineBase64: z.string().describe('the line as it was received'),
});

const trialBalanceSchema = z.object({
  accounts: z.array(
    z.object({
      name: z.string(),
      debitsCents: z.int(),
      creditsCents: z.int(),
      balanceCents: z.int(),
    }),
  ),
  debitsCents: z.int(),
  creditsCents: z.int(),
  balanced: z.boolean(),
});

const limit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX);

export function addOperatorViews(app: ApiRouter, parts: ApiParts): void {
  const { store, config } = parts;
  const onRequest = requireOperator(parts);
  const of = (summary: string) => ({ summary, tags, security });

  app.get(
    '/v1/operator/gates',
    {
      onRequest,
      schema: {
        ...of('Gates: how far their logs are here, what they hold, gaps and alarms'),
        response: { 200: z.array(gateSchema), 401: refusalSchema },
      },
    },
    async () => (await store.listGates()).map((gate) => ({ ...gate, ...copyLists(gate) })),
  );
  app.get(
    '/v1/operator/accounts/:account',
    {
      onRequest,
      schema: {
        ...of('Money, passes and denials of one account'),
        params: z.object({ account: accountSchema }),
        response: { 200: riderSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const rider = await store.readRider(config.issuer, request.params.account);
      if (rider === undefined) throw new Fault('NOT_FOUND', 'there is no such account');
      return viewOfRider(rider);
    },
  );
  app.get(
    '/v1/operator/taps',
    {
      onRequest,
      schema: {
        ...of('Records as they arrived, in order of arrival, with what became of them'),
        querystring: z.object({
          gate: z.string().max(32).optional(),
          after: z.coerce.number().int().min(0).default(0),
          limit,
        }),
        response: { 200: z.array(tapSchema), 401: refusalSchema },
      },
    },
    async (request) => {
      const { gate, after, limit: rows } = request.query;
      return [...(await store.listTaps({ gate: gate ?? null, after, limit: rows }))];
    },
  );
  addBooks(app, parts);
}

function addBooks(app: ApiRouter, parts: ApiParts): void {
  const { store } = parts;
  const onRequest = requireOperator(parts);
  const of = (summary: string) => ({ summary, tags, security });
  app.get(
    '/v1/operator/parked',
    {
      onRequest,
      schema: {
        ...of('Lines that wait for a missing part or a person'),
        querystring: z.object({ limit }),
        response: { 200: z.array(parkedSchema), 401: refusalSchema },
      },
    },
    async (request) => [...(await store.listParked(request.query.limit))],
  );
  app.get(
    '/v1/operator/trial-balance',
    {
      onRequest,
      schema: {
        ...of("All ledger accounts, riders' in one sum for each kind"),
        response: { 200: trialBalanceSchema, 401: refusalSchema },
      },
    },
    async () => {
      const { rows, debitsCents, creditsCents } = await store.readTrialBalance();
      const accounts = rows.map(({ account: name, ...totals }) => ({
        ...{ name, ...totals },
        balanceCents: balanceCents(kindOf(name), totals),
      }));
      return { accounts, debitsCents, creditsCents, balanced: debitsCents === creditsCents };
    },
  );
}

function copyLists<T extends { epochs: readonly unknown[]; gaps: readonly unknown[] }>(gate: T) {
  type Lists = { [K in 'epochs' | 'gaps']: T[K][number][] };
  return { epochs: [...gate.epochs], gaps: [...gate.gaps] } as Lists;
}
