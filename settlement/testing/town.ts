/**
 * A whole settlement in a directory of its own, with an operator, gates and phones that talk to it over
 * HTTP, and a clock that tests move. `close` takes everything away again.
 */

import { enrolmentBody } from '@stile/crypto/gate-token.ts';
import { generateKey, type SigningKey } from '@stile/crypto/sign.ts';
import { gateTokenIn } from '@stile/crypto/testing/gate-token.ts';
import { createMovedClock, type MovedClock } from '@stile/host/testing/moved-clock.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { announce } from '@stile/protocol/batch-seal.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { CHALLENGE_HEADER } from '@stile/protocol/http/gate-request.ts';
import type { OnlineCode, OrderOffer, RiderPayment, Seed } from '@stile/protocol/http/rider-api.ts';
import { otpOfTimeStep, timeStepAt, writePaymentCode } from '@stile/protocol/payment-code.ts';
import {
  aboutOnlineCode,
  aboutOrder,
  type ProofPurpose,
  proofMessage,
} from '@stile/protocol/proof.ts';
import { pinnedRoot, RootTrust } from '@stile/protocol/root-trust.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import type { RootKey } from '@stile/protocol/signed.ts';
import type { BatchReply } from '@stile/protocol/sync.ts';
import type { Settlement } from '../main.ts';
import { ScriptedGate } from './gate.ts';
import {
  openScratchSettlement,
  type ScratchOptions,
  type ScratchSettlement,
} from './scratch-settlement.ts';

/** 2026-03-02T08:00:00Z, where the moved clock starts. */
export const START_MS = Date.UTC(2026, 2, 2, 8);

export type Answer = { status: number; body: unknown; headers: Record<string, unknown> };
export type Asked = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: unknown;
  bytes?: Uint8Array;
  token?: string;
  headers?: Record<string, string>;
};

export type TownOptions = Omit<ScratchOptions, 'clock'> & {
  /** Where its clock starts. */
  startMs?: number;
};

export class ScriptedTown {
  readonly dataDir: string;
  readonly settlement: Settlement;
  readonly operatorToken: string;
  readonly rootKey: RootKey;
  /** Somebody who believes its first root and has heard nothing of it yet. */
  readonly root: RootTrust;
  readonly clock: MovedClock;
  readonly #scratch: ScratchSettlement;

  private constructor(scratch: ScratchSettlement, clock: MovedClock) {
    this.#scratch = scratch;
    this.dataDir = scratch.dataDir;
    this.settlement = scratch.settlement;
    this.operatorToken = scratch.operatorToken;
    this.rootKey = scratch.rootKey;
    this.root = new RootTrust(pinnedRoot(scratch.rootKey));
    this.clock = clock;
  }

  static async open(options: TownOptions = {}): Promise<ScriptedTown> {
    const clock = createTownClock(options.startMs);
    return new ScriptedTown(await openScratchSettlement({ ...options, clock }), clock);
  }

  /** Ends settlement and leaves its folder, for the next one to start on. */
  async stop(): Promise<void> {
    await this.settlement.close();
  }

  async close(): Promise<void> {
    await this.#scratch.close();
  }

  async ask(url: string, asked: Asked = {}): Promise<Answer> {
    const { body, bytes, token, headers = {} } = asked;
    const method = asked.method ?? (body === undefined && bytes === undefined ? 'GET' : 'POST');
    const type =
      bytes === undefined
        ? {}
        : { 'content-type': 'application/x-ndjson', ...announcementOf(bytes) };
    const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const payload = bytes === undefined ? body : Buffer.from(bytes);
    const response = await this.settlement.api.inject({
      method,
      url,
      headers: { ...type, ...bearer, ...headers },
      ...(payload === undefined ? {} : { payload: payload as object }),
    });
    const isJson = String(response.headers['content-type']).startsWith('application/json');
    const answer = isJson ? response.json() : response.rawPayload;
    return { status: response.statusCode, body: answer, headers: response.headers };
  }

  /** Asks and expects success. */
  async get<T>(url: string, asked: Asked = {}): Promise<T> {
    const answer = await this.ask(url, asked);
    if (answer.status >= 300) throw new Error(`${url}: ${JSON.stringify(answer)}`);
    return answer.body as T;
  }

  async operate<T>(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    { body }: { body?: unknown } = {},
  ) {
    const token = this.operatorToken;
    const asked = body === undefined ? { method, token } : { method, token, body };
    return await this.get<T>(`/v1/operator/${url}`, asked);
  }

  /** The token of the merchant's manager, who may all that a till may. */
  async addMerchant(merchant: string): Promise<string> {
    const body = { merchant, name: `Shop ${merchant}` };
    type Tokens = { managerToken: string };
    return (await this.operate<Tokens>('POST', 'merchants', { body })).managerToken;
  }

  async setFare(line: string, fareCents: number): Promise<void> {
    await this.operate('PUT', `lines/${line}`, { body: { fareCents } });
  }

  async addGate(gate: string, line: string): Promise<ScriptedGate> {
    const scripted = new ScriptedGate(gate, line);
    await this.enrolGate(scripted);
    return scripted;
  }

  /** Buys the gate's present key an identity with a fresh token. */
  async enrolGate({ gate, line, key }: ScriptedGate): Promise<void> {
    const { token } = await this.operate<{ token: string }>('POST', 'gates', {
      body: { gate, line },
    });
    await this.get('/v1/gates/enrolments', { body: enrolmentBody(gateTokenIn(token), key) });
  }

  /** What a gate signs with the next request of its. */
  async fetchChallenge(): Promise<string> {
    return String((await this.ask('/v1/trust-list')).headers[CHALLENGE_HEADER]);
  }

  /** Asks for the deny list as this gate does: `delta?from=3`, or `snapshot`. */
  async askDeny(gate: ScriptedGate, { rest, ...asked }: Asked & { rest: string }): Promise<Answer> {
    const path = `/v1/gates/${gate.gate}/deny-list/${rest}`;
    const signed = gate.signRequest(path, await this.fetchChallenge());
    return await this.ask(path, { ...asked, headers: { ...asked.headers, ...signed } });
  }

  async send(gate: ScriptedGate, { fromSeq = 1, toSeq = gate.lastSeq } = {}): Promise<BatchReply> {
    return await this.sendBytes(gate.gate, gate.batch(fromSeq, toSeq));
  }

  async sendBytes(gate: string, bytes: Uint8Array): Promise<BatchReply> {
    return await this.get<BatchReply>(`/v1/gates/${gate}/batches`, { bytes });
  }

  async addRider(algorithm: Algorithm = 'Ed25519'): Promise<ScriptedRider> {
    const key = generateKey(algorithm);
    const publicKey = toHex(key.publicKey);
    const proof = await this.prove(key, { purpose: 'enrol-rider', subject: publicKey });
    const enrolled = await this.get<Enrolled>('/v1/riders', {
      body: { algorithm, publicKey, ...proof },
    });
    return new ScriptedRider(this, { key, ...enrolled });
  }

  /** Another phone takes the account of this code over, or joins it; asked with the same key it is the same phone. */
  async recover(code: string, key: SigningKey = generateKey('Ed25519')) {
    const asked = await this.get<Recovered>('/v1/recoveries', await this.recovery(code, key));
    const rider = new ScriptedRider(this, { key, ...asked });
    return { rider, recoveryCode: asked.recoveryCode?.code ?? '' };
  }

  async recovery(code: string, key: SigningKey): Promise<{ body: object }> {
    const { algorithm } = key;
    const publicKey = toHex(key.publicKey);
    const proof = await this.prove(key, { purpose: 'recover-account', subject: publicKey });
    return { body: { algorithm, publicKey, ...proof, code } };
  }

  async openSession({ key, account, serial }: ScriptedRider): Promise<{ token: string }> {
    const proof = await this.prove(key, {
      purpose: 'open-session',
      subject: `${account}/${serial}`,
    });
    return await this.get('/v1/sessions', { body: { account, serial, ...proof } });
  }

  async prove(key: SigningKey, { purpose, subject }: { purpose: ProofPurpose; subject: string }) {
    const { challenge } = await this.get<{ challenge: string }>('/v1/challenges', { body: {} });
    return { challenge, proof: toHex(key.sign(proofMessage(purpose, { challenge, subject }))) };
  }

  async settled(): Promise<void> {
    await this.settlement.settled();
  }
}

/** What goes before a batch; bytes that no header can hold go without. */
export function announcementOf(bytes: Uint8Array): Record<string, string> {
  const headers = announce(bytes);
  return Object.values(headers).every((text) => /^[ -~]+$/.test(text)) ? headers : {};
}

type Enrolled = { account: string; serial: number; pass: string; session: { token: string } };
type Recovered = Enrolled & { recoveryCode: { code: string } | null };

export type Money = { balanceCents: number; debtCents: number; denied: boolean };

export class ScriptedRider {
  readonly key: SigningKey;
  readonly account: string;
  readonly serial: number;
  readonly session: string;
  pass: Uint8Array;
  readonly #town: ScriptedTown;
  #counter = 0;
  #topUps = 0;

  constructor(town: ScriptedTown, enrolled: Enrolled & { key: SigningKey }) {
    this.#town = town;
    this.key = enrolled.key;
    this.account = enrolled.account;
    this.serial = enrolled.serial;
    this.session = enrolled.session.token;
    this.pass = fromHex(enrolled.pass) ?? new Uint8Array();
  }

  /** The text of a fresh code, shown at that instant. */
  code(atMs: number, signer: SigningKey = this.key): string {
    this.#counter += 1;
    const fresh = { generatedAtS: Math.floor(atMs / 1000), counter: this.#counter, flags: 0 };
    return makeTransitCode(this.pass, { fresh, sign: signer.sign });
  }

  /** Fetches and confirms a seed, as a phone does while it is online. */
  async fetchSeed(): Promise<ScriptedSeed> {
    return await this.seedOf(this.#town);
  }

  /** As `fetchSeed`, of a settlement that was started again. */
  async seedOf(town: ScriptedTown): Promise<ScriptedSeed> {
    const token = this.session;
    const body = await this.provePresence('make-payment-seed', { town });
    const seed = await town.get<Seed>('/v1/riders/me/payment-seeds', { token, body });
    const path = `/v1/riders/me/payment-seeds/${seed.handle}/confirmation`;
    await town.get(path, { token, body: {} });
    return scriptedSeed(seed);
  }

  /** `amountCents`: the most that it pays; without, what codes pay without the rider's word. */
  async onlineCode(amountCents?: number): Promise<string> {
    return await this.onlineCodeOf(this.#town, amountCents);
  }

  async onlineCodeOf(town: ScriptedTown, amountCents?: number): Promise<string> {
    const about = aboutOnlineCode(amountCents);
    const proof = await this.provePresence('make-online-code', { about, town });
    const body = amountCents === undefined ? proof : { ...proof, amountCents };
    const asked = { token: this.session, body };
    return (await town.get<OnlineCode>('/v1/riders/me/online-codes', asked)).text;
  }

  /** What the wallet sends when its rider confirms this order as it is shown, or as a phone was made to show it. */
  async confirmation(
    order: string,
    shown: { amountCents?: number; merchantName?: string } = {},
  ): Promise<{ token: string; body: object }> {
    const token = this.session;
    const path = `/v1/riders/me/orders/${order}`;
    const offer = await this.#town.get<OrderOffer>(path, { token });
    const { amountCents, merchantName } = { ...offer, ...shown };
    const about = aboutOrder({ order, amountCents, merchantName });
    const proof = await this.provePresence('confirm-order', { about });
    return { token, body: { amountCents, merchantName, ...proof } };
  }

  /** Pays an order of a shop. */
  async confirmOrder(order: string): Promise<RiderPayment> {
    const path = `/v1/riders/me/orders/${order}/confirmation`;
    return await this.#town.get<RiderPayment>(path, await this.confirmation(order));
  }

  async topUp(amountCents: number, key?: string): Promise<void> {
    this.#topUps += 1;
    const idempotencyKey = key ?? `top-up-${this.#topUps}`;
    const body = { amountCents, idempotencyKey };
    await this.#town.get('/v1/riders/me/top-ups', { body, token: this.session });
  }

  /** A new recovery code, or one for a second phone. */
  async drawCode(kind: 'recovery-code' | 'phone-code' = 'recovery-code'): Promise<string> {
    const asked = { token: this.session, body: await this.provePresence(`make-${kind}`) };
    return (await this.#town.get<{ code: string }>(`/v1/riders/me/${kind}`, asked)).code;
  }

  /** It is on paper. */
  async confirmCode(code: string): Promise<void> {
    const asked = { token: this.session, body: { code } };
    await this.#town.get('/v1/riders/me/recovery-code/confirmation', asked);
  }

  /** Beside a session: its phone's key signs. `about`: whatever else it is about. */
  async provePresence(purpose: ProofPurpose, { about = '', town = this.#town } = {}) {
    const subject = `${this.account}/${this.serial}${about}`;
    return await town.prove(this.key, { purpose, subject });
  }

  async money(): Promise<Money> {
    const me = await this.#town.get<Money>('/v1/riders/me', { token: this.session });
    const { balanceCents, debtCents, denied } = me;
    return { balanceCents, debtCents, denied };
  }
}

export type ScriptedSeed = Seed & {
  /** The 20 digits of the step of that instant, or of one so many steps away. */
  codeAt(atMs: number, stepsAway?: number): string;
};

function scriptedSeed(seed: Seed): ScriptedSeed {
  const secret = fromHex(seed.seed, 32) ?? new Uint8Array();
  const codeAt = (atMs: number, stepsAway = 0) => {
    const step = timeStepAt(Math.floor(atMs / 1000)) + stepsAway;
    return writePaymentCode({ handle: seed.handle, otp: otpOfTimeStep(secret, step) });
  };
  return { ...seed, codeAt };
}

/** A clock that stands at `START_MS` until it is moved. */
export function createTownClock(wallMs = START_MS): MovedClock {
  return createMovedClock({ wallMs, monoMs: 0 });
}
