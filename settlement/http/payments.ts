/**
 * A presented code on its way to a durable answer: the seed is opened, the step found, the store asked,
 * and then, behind the commit, both sides are told. Routes of merchants and of gates both come here.
 */
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { OnlineCode, Seed } from '@stile/protocol/payment.ts';
import {
  HANDLE_DIGITS,
  ONLINE_PREFIX,
  readServerCode,
  SEED_BYTES,
  SERVER_CODE_DIGITS,
} from '@stile/protocol/payment-code.ts';
import type { PayResult } from '../core/payments/pay.ts';
import type { Payee } from '../core/payments/payee.ts';
import type { PaymentLimits } from '../core/payments/payment-rules.ts';
import type { Notice } from '../core/payments/payment-view.ts';
import type { Presented } from '../core/payments/spend-code.ts';
import { findStep, type SeedBox } from '../keys/seeds.ts';
import type { Store } from '../store/port.ts';
import type { Hub } from './event-hub.ts';

const DAY_MS = 86_400_000;
/** Handles that are drawn before giving up: with a million live ones each draw is taken once in a hundred. */
const DRAWS_MAX = 20;

export type PaymentsParts = {
  store: Store;
  /** Null: no seed key was given, payment codes are off. */
  seedBox: SeedBox | null;
  hub: Hub;
  limits: PaymentLimits;
  issuer: number;
  clock: Clock;
};

export type PaymentDesk = ReturnType<typeof createPaymentDesk>;

export function createPaymentDesk(parts: PaymentsParts) {
  const { store, seedBox, hub, limits, issuer, clock } = parts;

  async function present(code: string): Promise<Presented | 'off'> {
    const read = readServerCode(code);
    assert(read !== undefined, 'the schema lets codes pass only');
    if (read.way === 'ONLINE_CODE') return { way: read.way, codeHash: onlineCodeHash(read.text) };
    if (seedBox === null) return 'off';
    const row = await store.findSeed(read.handle, clock.now().wallMs);
    const seed = row && seedBox.open(row);
    return { way: read.way, handle: read.handle, timeStep: findStep(seed, read.otp, wallS(clock)) };
  }

  function tellPayer({ account, rider }: Notice): void {
    if (account === null || rider === null) return;
    hub.tellRider(account, { kind: 'PAYMENT', payment: rider });
    if (rider.outcome === 'PAID') hub.tellRider(account, { kind: 'ACCOUNT' });
  }

  return {
    isOff: seedBox === null,

    /** `off`: a payment code, and no seed key. */
    async pay(payee: Payee, code: string, note: string | null): Promise<PayResult | 'off'> {
      const presented = await present(code);
      if (presented === 'off') return 'off';
      const requestHash = hashOf([code, payee.kind, amountOf(payee), note]);
      const nowMs = clock.now().wallMs;
      const answer = await store.pay({ issuer, payee, presented, note, requestHash, nowMs });
      if (answer.kind === 'decided') {
        tellPayer(answer.notice);
        if (payee.kind === 'merchant') {
          hub.tellMerchant(payee.merchant, { kind: 'PAYMENT', payment: answer.payment });
        }
      }
      return answer;
    },

    /** Undefined: no seed key. */
    async addSeed(account: string, serial: number): Promise<Seed | undefined> {
      if (seedBox === null) return undefined;
      const seed = randomBytes(SEED_BYTES);
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + limits.seedDaysMax * DAY_MS;
      for (let draws = 0; draws < DRAWS_MAX; draws += 1) {
        const handle = randomDigits(HANDLE_DIGITS);
        const owner = { handle, account, serial };
        const row = { ...owner, ...seedBox.seal(seed, owner), nowMs, expiresAtMs };
        if (!(await store.addSeed(row))) continue;
        return {
          handle,
          seed: seed.toString('hex'),
          expiresAtS: Math.floor(expiresAtMs / 1000),
          amountCentsMax: limits.offlineCentsMax,
        };
      }
      throw new Error(`Bug: ${DRAWS_MAX} handles in a row were taken`);
    },

    async addOnlineCode(account: string, serial: number): Promise<OnlineCode> {
      const text = ONLINE_PREFIX + randomDigits(SERVER_CODE_DIGITS - ONLINE_PREFIX.length);
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + limits.onlineCodeS * 1000;
      await store.addOnlineCode({
        codeHash: onlineCodeHash(text),
        ...{ account, serial, nowMs, expiresAtMs },
      });
      return { text, expiresAtS: Math.floor(expiresAtMs / 1000) };
    },

    /** Tells a rider and a merchant that money came back. */
    tellRefund(merchant: string, of: Notice & { refundCents: number }, payment: PaymentOf): void {
      if (of.refundCents === 0) return;
      hub.tellMerchant(merchant, { kind: 'PAYMENT', payment });
      if (of.account === null || of.rider === null) return;
      const { payee } = of.rider;
      const atMs = clock.now().wallMs;
      hub.tellRider(of.account, { kind: 'REFUND', payee, amountCents: of.refundCents, atMs });
      hub.tellRider(of.account, { kind: 'ACCOUNT' });
    },
  };
}

type PaymentOf = Extract<PayResult, { payment: unknown }>['payment'];

function amountOf(payee: Payee): number | string {
  return payee.kind === 'merchant' ? payee.amountCents : payee.line;
}

export function hashOf(parts: readonly (string | number | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function onlineCodeHash(text: string): string {
  return createHash('sha256').update(`Stile-online-code\0${text}`).digest('hex');
}

function randomDigits(length: number): string {
  let digits = '';
  while (digits.length < length) digits += String(randomInt(10));
  return digits;
}
