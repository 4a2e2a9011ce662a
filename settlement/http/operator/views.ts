/** What an operator reads: gates, accounts, taps, what is parked, the trial balance. */
import { Fault } from '@stile/protocol/fault.ts';
import {
  gateViewSchema,
  lineViewSchema,
  parkedViewSchema,
  tapViewSchema,
  trialBalanceSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { accountSchema, riderSchema } from '@stile/protocol/http/rider-api.ts';
import { lineFareSchema } from '@stile/protocol/trust-list.ts';
import { z } from 'zod';
import { balanceCents, kindOf } from '../../core/money/ledger.ts';
import { offersOf } from '../../core/parked/parked-record.ts';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { viewOfRider } from '../rider/account.ts';

const PAGE_MAX = 500;
const security = [{ operator: [] }];
const tags = ['operator'];
const limit = z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX);

export function addOperatorViews(app: ApiRouter, parts: ApiParts): void {
  const { store, operatorKeys, config, clock } = parts;
  const onRequest = requireOperator(parts);
  const of = (summary: string) => ({ summary, tags, security });

  app.get(
    '/v1/operator/gates',
    {
      onRequest,
      schema: {
        ...of('Gates: how far their logs are here, what they hold, gaps and alarms'),
        response: { 200: z.array(gateViewSchema), 401: refusalSchema },
      },
    },
    async () => {
      const { gatesRefusing } = await operatorKeys.view();
      return (await store.listGates()).map((gate) => ({
        ...gate,
        ...copyLists(gate),
        refusesSigner: gatesRefusing.includes(gate.gate),
      }));
    },
  );
  app.get(
    '/v1/operator/lines/:line',
    {
      onRequest,
      schema: {
        ...of('A line: what it costs, and from when; no fares: nobody has set one'),
        params: z.object({ line: lineFareSchema.shape.line }),
        response: { 200: lineViewSchema, 400: refusalSchema, 401: refusalSchema },
      },
    },
    async ({ params: { line } }) => {
      const fares = await store.listTariff(line);
      return { line, fares: fares.map(({ fareCents, fromS }) => ({ fareCents, fromS })) };
    },
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
      return viewOfRider(rider, { config, nowMs: clock.now().wallMs });
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
        response: { 200: z.array(tapViewSchema), 401: refusalSchema },
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
        response: { 200: z.array(parkedViewSchema), 401: refusalSchema },
      },
    },
    async (request) => {
      const parked = await store.listParked(request.query.limit);
      return parked.map((one) => ({ ...one, offers: [...offersOf(one.why)] }));
    },
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
        name,
        ...totals,
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
