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
import type { SettlementFile } from '../../config.ts';
import { countExtraUses, offerPass, type Standing } from '../../core/access/standing.ts';
import type { TopUpRequest } from '../../core/money/top-up.ts';
import type { RiderView } from '../../store/views.ts';
import { requireSession, riderFrom } from '../access.ts';
import { type ApiParts, type ApiRouter, markReplayed } from '../api.ts';
import { Refusal } from '../refusal.ts';

const PAGE_MAX = 100;
const NOT_PAID = 'this payment was refused and no money has moved: try another amount or way';

const security = [{ session: [] }];

/** What stands behind an account, as it is read. */
export function standingOf(view: RiderView, nowMs: number): Standing {
  const { balanceCents, debtCents, enrolledBy, pendingRides, extraUsesAtMs } = view;
  const extraUses = countExtraUses(extraUsesAtMs, nowMs);
  return { walletCents: balanceCents, debtCents, enrolledBy, pendingRides, extraUses };
}

export function viewOfRider(
  view: RiderView,
  { config, nowMs }: { config: SettlementFile; nowMs: number },
) {
  const { denied, passes, account, balanceCents, debtCents } = view;
  const { recoveryCodeMadeAtMs, unconfirmedCodeMadeAtMs, earlierCodeUntilMs } = view;
  const { allowance, reason } = offerPass(standingOf(view, nowMs), config);
  return {
    account,
    balanceCents,
    debtCents,
    recoveryCodeMadeAtMs,
    unconfirmedCodeMadeAtMs,
    earlierCodeUntilMs: (earlierCodeUntilMs ?? 0) > nowMs ? earlierCodeUntilMs : null,
    offline: { allowance, reason },
    denied: denied.length > 0,
    deniedReason: denied.map(({ cause, note }) => (cause === 'DEBT' ? 'DEBT' : note))[0] ?? null,
    passes: passes.map((pass) => {
      const own = view.seeds.filter(({ serial }) => serial === pass.serial);
      return { ...pass, hasSeed: own.some(({ expiresAtMs }) => expiresAtMs > nowMs) };
    }),
    revokedIssuerKeys: [...view.revokedIssuerKeys],
  };
}

export function addAccountRoutes(app: ApiRouter, parts: ApiParts): void {
  addView(app, parts);
  addStatement(app, parts);
  addTopUps(app, parts);
}

function addView(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock } = parts;
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
      return viewOfRider(rider, { config, nowMs: clock.now().wallMs });
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
            .regex(/^\d{1,16}\.[\w/-]{1,80}$/)
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
        // A cursor is a time, which may be corrected, and what the row is called.
        id: cursor.slice(cursor.indexOf('.') + 1),
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
  const { config, clock, outbox } = parts;
  app.post(
    '/v1/riders/me/top-ups',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'Pay money in; a debt is paid first',
        description:
          'The same idempotencyKey with the same amount pays once. TOP_UP_UNKNOWN: nobody knows yet; ask ' +
          'again with the same key.',
        tags: ['rider'],
        security,
        body: topUpSchema,
        response: {
          200: moneySchema,
          401: refusalSchema,
          403: refusalSchema,
          409: refusalSchema,
          503: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { amountCents, idempotencyKey } = request.body;
      const { account } = riderFrom(request);
      const nowMs = clock.now().wallMs;
      const result = await payIn(parts, {
        issuer: config.issuer,
        account,
        key: idempotencyKey,
        amountCents,
        nowMs,
      });
      outbox.wake();
      if (result.kind === 'repeated') markReplayed(reply);
      const { balanceCents, debtCents } = result;
      return { balanceCents, debtCents };
    },
  );
}

/**
 * What is wanted is stored before the provider is asked, and asked again under the same key until it says yes
 * or no. @throws Refusal or Fault unless the money is in.
 */
async function payIn({ store, config, topUpProvider }: ApiParts, request: TopUpRequest) {
  if (topUpProvider === null) {
    throw new Refusal('TOP_UPS_OFF', 'this operator takes no money here: ask them how to pay in');
  }
  const begun = await store.beginTopUp(request);
  if (begun === 'conflict') {
    throw new Fault('CONFLICT', 'this idempotencyKey was used with another amount');
  }
  if (begun === 'tooMuch') {
    throw new Refusal('WALLET_FULL', 'the wallet would hold more than it may');
  }
  if (begun === 'ask') {
    const { account, key, amountCents, nowMs } = request;
    const question = { account, key, amountCents, currency: config.currency };
    const outcome = await topUpProvider.pay(question).catch(() => 'UNKNOWN' as const);
    if (outcome !== 'PAID') await store.endTopUp({ account, key, state: outcome, nowMs });
    if (outcome === 'UNKNOWN') {
      throw new Refusal('TOP_UP_UNKNOWN', 'there is no word of this money yet: ask again');
    }
    if (outcome === 'FAILED') throw new Refusal('TOP_UP_FAILED', NOT_PAID);
  }
  if (begun === 'failed') throw new Refusal('TOP_UP_FAILED', NOT_PAID);
  const result = await store.topUp(request);
  if (result.kind === 'conflict' || result.kind === 'tooMuch') {
    // Another top-up was faster, and this one is paid already: a person has to look.
    throw new Fault('CONFLICT', 'this money is in, but does not fit the wallet: ask the operator');
  }
  return result;
}
