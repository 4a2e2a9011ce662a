/**
 * The gate's HTTP client: sends batches, asks for authorisations, fetches lists. Every response has a size limit and a time
 * limit. What a gate acts upon is signed by the operator: lists, answers, and the receipt by which alone records
 * are confirmed; of the rest of a reply only hints are taken. So whoever answers in settlement's place, or a
 * proxy in between, can delay but not deceive.
 */
import type { Clock } from '@stile/host/clock.ts';
import {
  type Exchange,
  exchange,
  type HttpResponse,
  type KeptConnection,
  keepConnection,
  NoResponse,
} from '@stile/host/http-client.ts';
import { type Random, systemRandom } from '@stile/host/random.ts';
import { announce } from '@stile/protocol/batch-seal.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import {
  type AuthorisationAnswer,
  authorisationAnswerSchema,
} from '@stile/protocol/http/gate-api.ts';
import {
  CHALLENGE_HEADER,
  isChallenge,
  signGateRequest,
} from '@stile/protocol/http/gate-request.ts';
import {
  type Opening,
  openSigned,
  type RootState,
  type RootTrust,
  rootWordsIn,
  SignerUnknown,
} from '@stile/protocol/root-trust.ts';
import { SIGNED_BYTES_MAX, type SignedType } from '@stile/protocol/signed.ts';
import {
  type BatchReply,
  batchReplySchema,
  type GateReceipt,
  gateReceiptSchema,
  gateTimeSchema,
  NONCE_HEADER,
  RECEIPT_HEADER,
  TIME_HEADER,
} from '@stile/protocol/sync.ts';
import {
  type DenyDelta,
  type DenySnapshotHead,
  denyDeltaSchema,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { type ClockError, clockErrorOf } from '../../core/clock-error.ts';
import { type Caller, openSnapshot, SNAPSHOT_BYTES_MAX } from './deny-snapshot.ts';
import { codeOf, messageOf, parseJson, refused, retryAfterMs, textOf } from './responses.ts';

const NONCE_BYTES = 16;

/** Largest reply to a batch: 500 rulings. */
const REPLY_BYTES_MAX = 256 * 1024;
/** Largest answer to an authorisation; they have about 500. */
const ANSWER_BYTES_MAX = 8 * 1024;
/**
 * For one sync interval after a failed exchange the network counts as down, within these bounds: what is
 * older says nothing about now, however rarely a gate syncs.
 */
const KNOWN_DOWN_MS_MIN = 5_000;
const KNOWN_DOWN_MS_MAX = 30_000;
/** Between two looks for a root that may have followed. */
const ROOTS_ASKED_MS = 30_000;

export type BatchResult =
  /** Only the receipt is signed: by it alone records are confirmed. */
  | { kind: 'replied'; reply: BatchReply; receipt: GateReceipt; clockError: ClockError }
  /** Settlement has judged the batch as a whole and will say the same again. */
  | { kind: 'refused'; status: number; code: string; message: string };

export type AuthorisationResult =
  | { kind: 'answered'; answer: AuthorisationAnswer }
  /** Settlement does not take this request, and would say the same again. */
  | { kind: 'refused'; status: number; message: string };

export type UplinkOptions = {
  url: string;
  timeoutMs: number;
  root: RootTrust;
  /** Puts it on disk, before it is believed. */
  keepRoot: (state: RootState) => void;
  syncEveryMs?: number;
  clock: Clock;
  random?: Pick<Random, 'hex'>;
  /** Hears after each exchange how wrong the gate's clock is, as far as it was signed for it. */
  onClockError?: (error: ClockError) => void;
  /** One HTTP exchange; its time limit is the transport's own. */
  exchange?: Exchange;
};

/** A failed exchange, with what the server said about when to come back. */
export class UplinkFault extends Fault {
  readonly retryAfterMs: number | null;
  /** False if there was no connection, so that nothing can have reached settlement. */
  readonly sent: boolean;

  constructor(
    message: string,
    { retryAfterMs = null, cause }: { retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(retryAfterMs === null ? 'UPLINK_UNREACHABLE' : 'UPLINK_BUSY', message, { cause });
    this.retryAfterMs = retryAfterMs;
    this.sent = !(cause instanceof NoResponse) || cause.sent;
  }
}

/** An exchange as a clock sees it. */
type Timed = { nonce: string; wallMs: number; roundTripMs: number };
type TimedResponse = HttpResponse & { timed: Timed };

type Request = {
  /** Drawn for it, if the caller has none. */
  nonce?: string;
  bytesMax: number;
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** For what a rider waits for. */
  hasty?: { timeoutMs: number; connection: KeptConnection };
};

export function createUplink(options: UplinkOptions): Uplink {
  return new Uplink(options);
}

export class Uplink {
  readonly #base: string;
  readonly #timeoutMs: number;
  readonly #root: RootTrust;
  readonly #keepRoot: (state: RootState) => void;
  readonly #clock: Clock;
  readonly #exchange: Exchange;
  readonly #knownDownMs: number;
  readonly #random: Pick<Random, 'hex'>;
  readonly #onClockError: (error: ClockError) => void;
  readonly #kept: KeptConnection;
  /** When an exchange failed, if none has succeeded since. */
  #failedAtMs: number | null = null;
  #rootsAskedMs = Number.NEGATIVE_INFINITY;
  /** Good for one request, and not for long. */
  #challenge: string | null = null;

  constructor(options: UplinkOptions) {
    const { url, timeoutMs, root, keepRoot, clock } = options;
    this.#base = url.endsWith('/') ? url : `${url}/`;
    this.#timeoutMs = timeoutMs;
    this.#root = root;
    this.#keepRoot = keepRoot;
    this.#clock = clock;
    this.#exchange = options.exchange ?? exchange;
    this.#random = options.random ?? systemRandom;
    this.#onClockError = options.onClockError ?? (() => undefined);
    const { syncEveryMs = KNOWN_DOWN_MS_MIN } = options;
    this.#knownDownMs = Math.min(Math.max(syncEveryMs, KNOWN_DOWN_MS_MIN), KNOWN_DOWN_MS_MAX);
    this.#kept = keepConnection(new URL(this.#base));
  }

  /** Whether the last exchange failed, and so lately that the next would fail too. */
  get isKnownDown(): boolean {
    const failedAtMs = this.#failedAtMs;
    return failedAtMs !== null && this.#clock.now().monoMs - failedAtMs < this.#knownDownMs;
  }

  close(): void {
    this.#kept.destroy();
  }

  /**
   * `nonce`: of this request only.
   * @throws Fault ANSWER_REFUSED if the receipt is not signed by the operator, or is not for this request.
   */
  async sendBatch(
    gate: string,
    { batch, nonce }: { batch: Uint8Array; nonce: string },
  ): Promise<BatchResult> {
    const response = await this.#request(`v1/gates/${gate}/batches`, {
      bytesMax: REPLY_BYTES_MAX,
      headers: {
        'content-type': 'application/x-ndjson',
        ...announce(batch),
      },
      nonce,
      body: batch,
    });
    const json = parseJson(response.body);
    if (response.status === 200) {
      const parsed = batchReplySchema.safeParse(json);
      if (!parsed.success) {
        throw new UplinkFault('settlement answers a batch with something else');
      }
      const reply = parsed.data;
      const receipt = await this.#openReceipt(response, { nonce, reply });
      const clockError = this.#noteTime(response.timed, receipt.atMs);
      return { kind: 'replied', reply, receipt, clockError };
    }
    const { status } = response;
    return { kind: 'refused', status, code: codeOf(json), message: messageOf(json) };
  }

  async #openReceipt(
    { headers }: HttpResponse,
    { nonce, reply }: { nonce: string; reply: BatchReply },
  ): Promise<GateReceipt> {
    const type = 'stile-gate-receipt+jws';
    const jws = String(headers[RECEIPT_HEADER] ?? '');
    const receipt = await this.#openAnswer(type, { jws, schema: gateReceiptSchema });
    const { gate, epoch, ackSeq } = reply;
    const isOfReply = receipt.gate === gate && receipt.epoch === epoch && receipt.ackSeq === ackSeq;
    if (isOfReply && receipt.nonce === nonce) return receipt;
    throw new Fault('ANSWER_REFUSED', `${type} refused: it is not for what was sent`);
  }

  /**
   * Asks once whether a code pays (protocol/README.md §14); `signature` is the gate's over `body`.
   * @throws Fault ANSWER_REFUSED if the answer is not signed by the operator.
   */
  async authorise(
    gate: string,
    { body, signature, timeoutMs }: { body: Uint8Array; signature: string; timeoutMs: number },
  ): Promise<AuthorisationResult> {
    const response = await this.#request(`v1/gates/${gate}/payments`, {
      bytesMax: ANSWER_BYTES_MAX,
      headers: { 'content-type': 'application/json', 'stile-signature': signature },
      body,
      hasty: { timeoutMs, connection: this.#kept },
    });
    if (response.status !== 200) {
      const message = messageOf(parseJson(response.body));
      return { kind: 'refused', status: response.status, message };
    }
    const type = 'stile-gate-payment-answer+jws';
    const jws = textOf(response.body);
    const opened = await this.#openAnswer(type, { jws, schema: authorisationAnswerSchema });
    return { kind: 'answered', answer: opened };
  }

  /** The trust list, or null if it has not changed since `etag`. */
  async fetchTrust(
    etag: string | null,
  ): Promise<{ list: TrustList; jws: string; etag: string | null } | null> {
    const response = await this.#request('v1/trust-list', {
      bytesMax: SIGNED_BYTES_MAX,
      headers: etag === null ? {} : { 'if-none-match': etag },
    });
    // Nobody said "if it has changed": then this response says nothing.
    if (response.status === 304 && etag !== null) return null;
    if (response.status !== 200) throw refused('the trust list', response);
    const jws = textOf(response.body);
    await this.#followRoots(jws);
    const parts = { root: this.#root, schema: trustListSchema };
    const list = await openSigned('stile-trust-list+jws', jws, parts);
    return { list, jws, etag: response.headers.etag?.toString() ?? null };
  }

  /** The delta from `from` to the list in force; 'snapshot' if there is none. */
  async fetchDelta(caller: Caller, from: number): Promise<DenyDelta | 'current' | 'snapshot'> {
    const path = `deny-list/delta?from=${from}`;
    const response = await this.#requestSigned(caller, { path, bytesMax: SIGNED_BYTES_MAX });
    if (response.status === 204) return 'current';
    if (response.status === 410) return 'snapshot';
    if (response.status !== 200) throw refused('a deny delta', response);
    const parts = { root: this.#root, schema: denyDeltaSchema };
    return await openSigned('stile-deny-delta+jws', textOf(response.body), parts);
  }

  async fetchSnapshot(caller: Caller): Promise<{ head: DenySnapshotHead; body: Uint8Array }> {
    const path = 'deny-list/snapshot';
    const response = await this.#requestSigned(caller, { path, bytesMax: SNAPSHOT_BYTES_MAX });
    if (response.status !== 200) throw refused('the deny snapshot', response);
    return await openSnapshot(response.body, this.#root);
  }

  /**
   * As a gate, by the latest challenge that settlement has given: the trust list has brought one. A refusal
   * brings another, for the one that ended on the way; a second refusal is meant.
   */
  async #requestSigned(
    { gate, key }: Caller,
    { path, bytesMax }: { path: string; bytesMax: number },
  ): Promise<HttpResponse> {
    const whole = `v1/gates/${gate}/${path}`;
    const ask = async () => {
      const challenge = this.#challenge;
      this.#challenge = null;
      const headers =
        challenge === null ? {} : signGateRequest({ path: `/${whole}`, challenge }, key);
      return await this.#request(whole, { bytesMax, headers });
    };
    const response = await ask();
    return response.status === 401 && this.#challenge !== null ? await ask() : response;
  }

  /** An answer by a key that nobody who is believed has certified may be that of a root that follows. */
  async #openAnswer<T>(
    type: SignedType,
    { jws, schema }: { jws: string; schema: Opening<T>['schema'] },
  ): Promise<T> {
    const parts = { root: this.#root, schema };
    try {
      return await openSigned(type, jws, parts);
    } catch (error) {
      if (!(error instanceof Fault && error.cause instanceof SignerUnknown)) throw error;
      if (!(await this.#askForRoots())) throw error;
      return await openSigned(type, jws, parts);
    }
  }

  /** Now and then: whoever answers in settlement's place must not make a gate ask without end. */
  async #askForRoots(): Promise<boolean> {
    const { monoMs } = this.#clock.now();
    if (monoMs < this.#rootsAskedMs + ROOTS_ASKED_MS) return false;
    this.#rootsAskedMs = monoMs;
    const asked = this.#request('v1/trust-list', { bytesMax: SIGNED_BYTES_MAX });
    // Without an answer the first refusal stands.
    const response = await asked.catch(() => null);
    return response?.status === 200 && (await this.#followRoots(textOf(response.body)));
  }

  /** Whether what a list carries of roots has changed who is believed. */
  async #followRoots(jws: string): Promise<boolean> {
    const state = await this.#root.follow(rootWordsIn(jws));
    if (state === null) return false;
    this.#keepRoot(state);
    this.#root.adopt(state);
    return true;
  }

  /** One exchange; what is no response of settlement's is thrown as an UplinkFault. */
  async #request(path: string, request: Request): Promise<TimedResponse> {
    const nonce = request.nonce ?? this.#random.hex(NONCE_BYTES);
    const startMonoMs = this.#clock.now().monoMs;
    const response = await this.#reach(path, {
      ...request,
      headers: { ...request.headers, [NONCE_HEADER]: nonce },
    });
    const { wallMs, monoMs } = this.#clock.now();
    const timed = { nonce, wallMs, roundTripMs: monoMs - startMonoMs };
    const { status, headers } = response;
    // A portal in between that wants somebody to log in is no settlement.
    if (status >= 300 && status < 400 && status !== 304) {
      this.#failedAtMs = this.#clock.now().monoMs;
      throw new UplinkFault(`${this.#base} leads elsewhere (${status})`);
    }
    this.#failedAtMs = null;
    if (status === 429 || status >= 500) {
      const says = `settlement answers ${status} to ${path}`;
      throw new UplinkFault(says, { retryAfterMs: retryAfterMs(headers['retry-after']) });
    }
    const challenge = headers[CHALLENGE_HEADER];
    if (isChallenge(challenge)) this.#challenge = challenge;
    const time = headers[TIME_HEADER];
    // Nobody waits for it, least of all a rider.
    if (typeof time === 'string') void this.#readTime(time, timed);
    return { ...response, timed };
  }

  /** A time that is not signed, or was for another request, says nothing. */
  async #readTime(jws: string, timed: Timed): Promise<void> {
    const parts = { root: this.#root, schema: gateTimeSchema };
    try {
      const time = await openSigned('stile-time+jws', jws, parts);
      if (time.nonce === timed.nonce) this.#noteTime(timed, time.atMs);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
    }
  }

  #noteTime({ wallMs, roundTripMs }: Timed, signedMs: number): ClockError {
    const error = clockErrorOf({ wallMs, signedMs, roundTripMs });
    this.#onClockError(error);
    return error;
  }

  async #reach(path: string, { bytesMax, headers, body, hasty }: Request): Promise<HttpResponse> {
    try {
      return await this.#exchange(new URL(path, this.#base), {
        method: body === undefined ? 'GET' : 'POST',
        headers: headers ?? {},
        body: body ?? null,
        bytesMax,
        timeoutMs: this.#timeoutMs,
        ...hasty,
      });
    } catch (error) {
      // What was given little time and had a connection may only have been slow.
      const slow = hasty !== undefined && error instanceof NoResponse && error.sent;
      if (!slow) this.#failedAtMs = this.#clock.now().monoMs;
      const says = `no answer from ${this.#base}: ${describeError(error)}`;
      throw new UplinkFault(says, { cause: error });
    }
  }
}
