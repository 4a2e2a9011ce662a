/** What the wallet asks of settlement; each proof is signed by the phone's own key over a fresh challenge. */
import { toHex } from '@stile/protocol/bytes.ts';
import { type ProofPurpose, proofMessage } from '@stile/protocol/proof.ts';
import {
  type OnlineCode,
  type OrderOffer,
  onlineCodeSchema,
  orderOfferSchema,
  type RiderPayment,
  riderPaymentSchema,
  type Seed,
  seedSchema,
} from '@stile/protocol/rider-api.ts';
import { z } from 'zod';
import { askJson, Unreachable } from '../../parts/api.ts';
import { type Rider, riderSchema, type Statement, statementSchema } from '../core/account.ts';
import type { DeviceKey } from './device-key.ts';
import { signWith } from './keys.ts';

const PAGE_ITEMS = 30;
const TIMEOUT_MS = 10_000;

const hex = z.string().regex(/^(?:[0-9a-f]{2})+$/);
const challengeSchema = z.object({ challenge: z.string() });
const sessionSchema = z.object({ token: z.string(), expiresAtS: z.int() });
const passSchema = z.object({
  account: z.string(),
  issuer: z.int(),
  serial: z.int(),
  pass: hex,
  expiresAtS: z.int(),
});
const enrolledSchema = passSchema.extend({ session: sessionSchema });
const healthSchema = z.object({ ok: z.boolean(), nowS: z.int() });
const trustSchema = z.object({ currency: z.string().length(3) });
const nothing = z.unknown();

export type Pass = z.infer<typeof passSchema>;
export type Session = z.infer<typeof sessionSchema>;

async function prove(key: DeviceKey, purpose: ProofPurpose, subject: string) {
  const { challenge } = await askJson(challengeSchema, '/v1/challenges', { body: {} });
  const signature = await signWith(key, proofMessage(purpose, { challenge, subject }));
  return { challenge, proof: toHex(signature) };
}

export async function enrol(key: DeviceKey): Promise<Pass & { session: Session }> {
  const { algorithm, publicKey } = key;
  const proof = await prove(key, 'enrol-rider', publicKey);
  return await askJson(enrolledSchema, '/v1/riders', { body: { algorithm, publicKey, ...proof } });
}

type Of = { key: DeviceKey; account: string; serial: number };

export async function openSession({ key, account, serial }: Of): Promise<Session> {
  const proof = await prove(key, 'open-session', `${account}/${serial}`);
  return await askJson(sessionSchema, '/v1/sessions', { body: { account, serial, ...proof } });
}

export async function renewPass({ key, account, serial }: Of): Promise<Pass> {
  const proof = await prove(key, 'renew-pass', `${account}/${serial}`);
  return await askJson(passSchema, '/v1/passes', { body: { account, serial, ...proof } });
}

/** Settlement's clock, unix seconds. */
export async function readClock(): Promise<number> {
  return (await askJson(healthSchema, '/v1/health')).nowS;
}

/** The name of the currency is the operator's, in the trust list that anyone may read. */
export async function readCurrency(): Promise<string> {
  try {
    const response = await fetch('/v1/trust-list', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const [, payload = ''] = (await response.text()).split('.');
    const json = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
    return trustSchema.parse(JSON.parse(json)).currency;
  } catch (error) {
    throw new Unreachable('settlement has no trust list', { cause: error });
  }
}

export async function readRider(token: string): Promise<Rider> {
  return await askJson(riderSchema, '/v1/riders/me', { token });
}

/** @param after `next` of the page before; null for the latest. */
export async function readStatement(token: string, after: string | null): Promise<Statement> {
  const query = new URLSearchParams({ limit: String(PAGE_ITEMS) });
  if (after !== null) query.set('after', after);
  return await askJson(statementSchema, `/v1/riders/me/statement?${query}`, { token });
}

export async function topUp(token: string, amountCents: number, key: string): Promise<void> {
  const body = { amountCents, idempotencyKey: key };
  await askJson(nothing, '/v1/riders/me/top-ups', { token, body });
}

export async function fetchSeed(token: string): Promise<Seed> {
  return await askJson(seedSchema, '/v1/riders/me/payment-seeds', { token, body: {} });
}

export async function confirmSeed(token: string, handle: string): Promise<void> {
  const path = `/v1/riders/me/payment-seeds/${handle}/confirmation`;
  await askJson(nothing, path, { token, body: {} });
}

/** Ends all payment codes of the account. */
export async function endSeeds(token: string): Promise<void> {
  await askJson(nothing, '/v1/riders/me/payment-seeds', { token, method: 'DELETE' });
}

export async function fetchOnlineCode(token: string): Promise<OnlineCode> {
  return await askJson(onlineCodeSchema, '/v1/riders/me/online-codes', { token, body: {} });
}

export async function readOrder(token: string, order: string): Promise<OrderOffer> {
  return await askJson(orderOfferSchema, `/v1/riders/me/orders/${order}`, { token });
}

export async function confirmOrder(
  token: string,
  order: string,
  amountCents: number,
): Promise<RiderPayment> {
  const path = `/v1/riders/me/orders/${order}/confirmation`;
  return await askJson(riderPaymentSchema, path, { token, body: { amountCents } });
}
