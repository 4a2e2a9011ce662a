/**
 * The requests that a wallet makes to settlement; each proof is signed by the phone's own key over a fresh
 * challenge.
 */
import { toHex } from '@stile/protocol/bytes.ts';
import {
  blockedSchema,
  challengeSchema,
  type EnrolledRider,
  enrolledRiderSchema,
  type Health,
  healthSchema,
  type IssuedPass,
  issuedPassSchema,
  type OnlineCode,
  type OrderOffer,
  onlineCodeSchema,
  orderOfferSchema,
  type PhoneCode,
  phoneCodeSchema,
  type RecoveredRider,
  type RecoveryCode,
  type Rider,
  type RiderPayment,
  recoveredRiderSchema,
  recoveryCodeSchema,
  riderPaymentSchema,
  riderSchema,
  type Seed,
  type Session,
  type Statement,
  seedSchema,
  sessionSchema,
  statementSchema,
  type TopUp,
} from '@stile/protocol/http/rider-api.ts';
import {
  aboutOnlineCode,
  aboutOrder,
  type ProofPurpose,
  proofMessage,
} from '@stile/protocol/proof.ts';
import { z } from 'zod';
import { type Api, Unreachable } from '../../parts/api.ts';
import type { DeviceKey } from './device-key.ts';
import { signWith } from './keys.ts';

const PAGE_ITEMS = 30;

const trustSchema = z.object({ operator: z.string(), currency: z.string().length(3) });
const anySchema = z.unknown();

/** Whose pass it is, and the key that proves it. */
type Holder = { key: DeviceKey; account: string; serial: number };
type PassBlock = { holder: Holder; blocked: number };
/** `account`: the one that the code has to be of; null: whichever it is of. */
export type MeantCode = { code: string; account: string | null };
type Proof = { challenge: string; proof: string };

export class SettlementClient {
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async #prove(key: DeviceKey, claim: { purpose: ProofPurpose; subject: string }): Promise<Proof> {
    const { purpose, subject } = claim;
    const path = '/v1/challenges';
    const { challenge } = await this.#api.request(path, { schema: challengeSchema, body: {} });
    const signature = await signWith(key, proofMessage(purpose, { challenge, subject }));
    return { challenge, proof: toHex(signature) };
  }

  /** `invite`: what the operator gave; null if nothing. */
  async enrol(key: DeviceKey, invite: string | null): Promise<EnrolledRider> {
    const { algorithm, publicKey } = key;
    const proof = await this.#prove(key, { purpose: 'enrol-rider', subject: publicKey });
    const body = { algorithm, publicKey, ...proof, ...(invite === null ? {} : { invite }) };
    return await this.#api.request('/v1/riders', { schema: enrolledRiderSchema, body });
  }

  /** Another key takes the account of a code over. */
  async recover(key: DeviceKey, code: MeantCode): Promise<RecoveredRider> {
    const { algorithm, publicKey } = key;
    const proof = await this.#prove(key, { purpose: 'recover-account', subject: publicKey });
    const body = { algorithm, publicKey, ...proof, ...bodyOf(code) };
    return await this.#api.request('/v1/recoveries', { schema: recoveredRiderSchema, body });
  }

  /** How many phones were blocked by it. */
  async block(code: MeantCode): Promise<number> {
    const body = bodyOf(code);
    return (await this.#api.request('/v1/blocks', { schema: blockedSchema, body })).phones;
  }

  async fetchRecoveryCode(token: string, { key, account, serial }: Holder): Promise<RecoveryCode> {
    const path = '/v1/riders/me/recovery-code';
    const subject = `${account}/${serial}`;
    const body = await this.#prove(key, { purpose: 'make-recovery-code', subject });
    return await this.#api.request(path, { schema: recoveryCodeSchema, token, body });
  }

  /** It is on paper: the one before it ends in a week. */
  async confirmRecoveryCode(token: string, code: string): Promise<void> {
    const path = '/v1/riders/me/recovery-code/confirmation';
    await this.#api.request(path, { schema: anySchema, token, body: { code } });
  }

  async fetchPhoneCode(token: string, { key, account, serial }: Holder): Promise<PhoneCode> {
    const path = '/v1/riders/me/phone-code';
    const subject = `${account}/${serial}`;
    const body = await this.#prove(key, { purpose: 'make-phone-code', subject });
    return await this.#api.request(path, { schema: phoneCodeSchema, token, body });
  }

  /** `blocked`: the serial of another phone. */
  async blockPass(token: string, { holder, blocked }: PassBlock): Promise<void> {
    const { key, account, serial } = holder;
    const path = `/v1/riders/me/passes/${blocked}/block`;
    const subject = `${account}/${serial}/${blocked}`;
    const body = await this.#prove(key, { purpose: 'block-phone', subject });
    await this.#api.request(path, { schema: anySchema, token, body });
  }

  async openSession({ key, account, serial }: Holder): Promise<Session> {
    const subject = `${account}/${serial}`;
    const proof = await this.#prove(key, { purpose: 'open-session', subject });
    const body = { account, serial, ...proof };
    return await this.#api.request('/v1/sessions', { schema: sessionSchema, body });
  }

  async renewPass({ key, account, serial }: Holder): Promise<IssuedPass> {
    const subject = `${account}/${serial}`;
    const proof = await this.#prove(key, { purpose: 'renew-pass', subject });
    const body = { account, serial, ...proof };
    return await this.#api.request('/v1/passes', { schema: issuedPassSchema, body });
  }

  /** Settlement's clock, and whether money can be paid in. */
  async readHealth(): Promise<Health> {
    return await this.#api.request('/v1/health', { schema: healthSchema });
  }

  /** The operator's name and currency stand in the trust list, which anyone may read. */
  async readOperator(): Promise<{ operator: string; currency: string }> {
    const list = await this.#api.readText('/v1/trust-list');
    try {
      const [, payload = ''] = list.split('.');
      const binary = atob(payload.replaceAll('-', '+').replaceAll('_', '/'));
      const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
      const json = new TextDecoder().decode(bytes);
      return trustSchema.parse(JSON.parse(json));
    } catch (error) {
      throw new Unreachable('settlement has no trust list', { cause: error });
    }
  }

  async readRider(token: string): Promise<Rider> {
    return await this.#api.request('/v1/riders/me', { schema: riderSchema, token });
  }

  /** `after`: `next` of the page before; null for the latest. */
  async readStatement(token: string, { after }: { after: string | null }): Promise<Statement> {
    const query = new URLSearchParams({ limit: String(PAGE_ITEMS) });
    if (after !== null) query.set('after', after);
    const path = `/v1/riders/me/statement?${query}`;
    return await this.#api.request(path, { schema: statementSchema, token });
  }

  async topUp(token: string, body: TopUp): Promise<void> {
    await this.#api.request('/v1/riders/me/top-ups', { schema: anySchema, token, body });
  }

  async fetchSeed(token: string, { key, account, serial }: Holder): Promise<Seed> {
    const path = '/v1/riders/me/payment-seeds';
    const subject = `${account}/${serial}`;
    const body = await this.#prove(key, { purpose: 'make-payment-seed', subject });
    return await this.#api.request(path, { schema: seedSchema, token, body });
  }

  async confirmSeed(token: string, { handle }: { handle: string }): Promise<void> {
    const path = `/v1/riders/me/payment-seeds/${handle}/confirmation`;
    await this.#api.request(path, { schema: anySchema, token, body: {} });
  }

  /** Ends all payment codes of the account. */
  async endSeeds(token: string): Promise<void> {
    const path = '/v1/riders/me/payment-seeds';
    await this.#api.request(path, { schema: anySchema, token, method: 'DELETE' });
  }

  /** `amountCents`: the most that it pays; null: what codes pay without the rider's word. */
  async fetchOnlineCode(
    token: string,
    { holder, amountCents }: { holder: Holder; amountCents: number | null },
  ): Promise<OnlineCode> {
    const { key, account, serial } = holder;
    const path = '/v1/riders/me/online-codes';
    const subject = `${account}/${serial}${aboutOnlineCode(amountCents ?? undefined)}`;
    const proof = await this.#prove(key, { purpose: 'make-online-code', subject });
    const body = amountCents === null ? proof : { ...proof, amountCents };
    return await this.#api.request(path, { schema: onlineCodeSchema, token, body });
  }

  async readOrder(token: string, { order }: { order: string }): Promise<OrderOffer> {
    const path = `/v1/riders/me/orders/${order}`;
    return await this.#api.request(path, { schema: orderOfferSchema, token });
  }

  /** Pays the offer as it was shown, and no other. */
  async confirmOrder(
    token: string,
    { holder, offer }: { holder: Holder; offer: OrderOffer },
  ): Promise<RiderPayment> {
    const { key, account, serial } = holder;
    const { order, amountCents, merchantName } = offer;
    const path = `/v1/riders/me/orders/${order}/confirmation`;
    const subject = `${account}/${serial}${aboutOrder(offer)}`;
    const proof = await this.#prove(key, { purpose: 'confirm-order', subject });
    const body = { amountCents, merchantName, ...proof };
    return await this.#api.request(path, { schema: riderPaymentSchema, token, body });
  }
}

function bodyOf({ code, account }: MeantCode): { code: string; account?: string } {
  return { code, ...(account === null ? {} : { account }) };
}
