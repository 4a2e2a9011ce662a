/** What merchants ask: to be paid with a code, what became of it, to give money back, their list. */

import {
  merchantSchema,
  type Payment,
  paymentListSchema,
  paymentSchema,
  payRequestSchema,
  refundRequestSchema,
} from '@stile/protocol/http/merchant-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { moneyText } from '@stile/protocol/money/amount.ts';
import { idempotencyKeySchema } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import type { SettlementFile } from '../../config.ts';
import type { NotGivenBack } from '../../core/payments/give-back.ts';
import { merchantFrom, refuseTill, requireMerchant } from '../access.ts';
import { spend } from '../allowance.ts';
import { type ApiParts, type ApiRouter, markReplayed } from '../api.ts';
import { Refusal } from '../refusal.ts';

const PAGE_MAX = 100;
const BODY_BYTES_MAX = 4_096;

const security = [{ merchant: [] }];
const tags = ['merchant'];
const ofKey = z.object({ key: idempotencyKeySchema });
const refused = { 401: refusalSchema, 404: refusalSchema, 409: refusalSchema };

const REUSED = 'this idempotencyKey was used for something else';

export function addMerchantRoutes(app: ApiRouter, parts: ApiParts): void {
  app.get(
    '/v1/merchants/me',
    {
      onRequest: requireMerchant(parts),
      schema: {
        summary: 'Whose token this is',
        tags,
        security,
        response: { 200: merchantSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const { merchant, name, role } = merchantFrom(request);
      const { currency, timeZone } = parts.config;
      return { merchant, name, role, currency, timeZone };
    },
  );
  addPay(app, parts);
  addFind(app, parts);
  addReversal(app, parts);
  addRefunds(app, parts);
}

function addPay(app: ApiRouter, parts: ApiParts): void {
  app.post(
    '/v1/payments',
    {
      onRequest: requireMerchant(parts),
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'Be paid with a payment code or an online code',
        description:
          'The answer is durable. No answer is UNKNOWN: ask again with the same key, or reverse. ' +
          'The same key with the same request pays once.',
        tags,
        security,
        body: payRequestSchema,
        response: { 200: paymentSchema, ...refused, 429: refusalSchema, 503: refusalSchema },
      },
    },
    async (request, reply) => {
      const { merchant } = merchantFrom(request);
      spend(parts.allowances.payments, { subject: merchant, reply });
      const { idempotencyKey, code, amountCents, note = null } = request.body;
      const payee = { kind: 'merchant', merchant, idempotencyKey, amountCents } as const;
      const result = await parts.codePayments.pay(payee, { code, note });
      if (result === 'off') {
        throw new Refusal('PAYMENT_CODES_OFF', 'payment codes are off here: take an online code');
      }
      if (result.kind === 'conflict') throw new Refusal('KEY_REUSED', REUSED);
      if (result.kind === 'repeated') markReplayed(reply);
      return result.payment;
    },
  );
}

function addFind(app: ApiRouter, parts: ApiParts): void {
  const { store } = parts;
  app.get(
    '/v1/payments/:key',
    {
      onRequest: requireMerchant(parts),
      schema: {
        summary: 'What became of a payment; UNKNOWN if nothing is known under this key',
        tags,
        security,
        params: ofKey,
        response: { 200: paymentSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const { key } = request.params;
      return (await store.findPayment(merchantFrom(request).merchant, key)) ?? notReceived(key);
    },
  );
  app.get(
    '/v1/payments',
    {
      onRequest: requireMerchant(parts),
      schema: {
        summary: 'Payments of a span of time, the latest first, with totals of the whole span',
        tags,
        security,
        querystring: z.object({
          fromMs: z.coerce.number().int().min(0),
          toMs: z.coerce.number().int().min(0),
          after: z
            .string()
            .regex(/^\d{1,16}\.\d{1,16}$/)
            .optional(),
          limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
        }),
        response: { 200: paymentListSchema, 401: refusalSchema },
      },
    },
    async (request) => {
      const { fromMs, toMs, after = null, limit } = request.query;
      const { merchant } = merchantFrom(request);
      return await store.listPayments(merchant, { fromMs, toMs, after, limit });
    },
  );
}

function addReversal(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock } = parts;
  app.post(
    '/v1/payments/:key/reversal',
    {
      onRequest: requireMerchant(parts),
      schema: {
        summary: 'Make certain that this key has not paid and never will',
        tags,
        security,
        params: ofKey,
        response: {
          200: paymentSchema,
          401: refusalSchema,
          403: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request) => {
      const { key } = request.params;
      const { merchant, role } = merchantFrom(request);
      const nowMs = clock.now().wallMs;
      const result = await store.reversePayment({
        issuer: config.issuer,
        role,
        merchant,
        idempotencyKey: key,
        nowMs,
      });
      if (result.kind !== 'done') return refuseGiveBack(result, config);
      return result.payment;
    },
  );
}

function addRefunds(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock } = parts;
  app.post(
    '/v1/payments/:key/refunds',
    {
      onRequest: requireMerchant(parts, 'MANAGER'),
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        summary: 'Give back a payment, or a part of it; debts of the rider are paid first',
        tags,
        security,
        params: ofKey,
        body: refundRequestSchema,
        response: { 200: paymentSchema, 403: refusalSchema, ...refused },
      },
    },
    async (request, reply) => {
      const { merchant } = merchantFrom(request);
      const { idempotencyKey: refundKey, amountCents } = request.body;
      const result = await store.refundPayment({
        issuer: config.issuer,
        merchant,
        idempotencyKey: request.params.key,
        refundKey,
        amountCents,
        nowMs: clock.now().wallMs,
      });
      if (result.kind === 'unknown') throw new Refusal('PAYMENT_UNKNOWN', 'no such payment');
      if (result.kind === 'conflict') throw new Refusal('KEY_REUSED', REUSED);
      if (result.kind === 'tooMuch') {
        const left = moneyText(result.leftCents, config.currency);
        throw new Refusal('TOO_MUCH', `only ${left} of it is left`);
      }
      if (!('payment' in result)) return refuseGiveBack(result, config);
      if (result.kind === 'repeated') markReplayed(reply);
      return result.payment;
    },
  );
}

function refuseGiveBack(why: NotGivenBack, { payments, currency }: SettlementFile): never {
  if (why.kind === 'needsManager') return refuseTill();
  if (why.kind === 'tooLate') {
    throw new Refusal('TOO_LATE', `it was paid more than ${payments.refundDaysMax} days ago`);
  }
  const left = moneyText(why.leftCents, currency);
  throw new Refusal('REFUND_LIMIT', `only ${left} may still go back within 24 hours`);
}

function notReceived(key: string): Payment {
  return {
    idempotencyKey: key,
    outcome: 'UNKNOWN',
    reason: 'NOT_RECEIVED',
    way: null,
    amountCents: 0,
    refundedCents: 0,
    note: null,
    receipt: null,
    order: null,
    atMs: null,
    refunds: [],
  };
}
