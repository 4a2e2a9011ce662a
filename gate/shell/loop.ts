/**
 * The gate's loop: an event comes in, the facts for it are looked up, the pure machine steps, its
 * effects are performed in order and stop at the first that fails, one alarm is set. No decisions.
 */

import type { Clock } from '@stile/host/clock.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert, describeError, Fault } from '@stile/protocol/fault.ts';
import type { NoteRecord } from '@stile/protocol/gate-log.ts';
import { readServerCode } from '@stile/protocol/payment-code.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Now } from '@stile/protocol/time.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { findFareCents, findIssuerKey, type TrustList } from '@stile/protocol/trust-list.ts';
import type { Logger } from 'pino';
import type { ClockState, Facts } from '../core/admit.ts';
import type { AskWay, Question } from '../core/authorisation.ts';
import {
  GATE_START,
  type GateEffect,
  type GateEvent,
  type GateRules,
  type GateState,
  step,
  type Words,
} from '../core/gate.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { ReferenceStore } from './store/reference-store.ts';
import type { TapsStore } from './store/taps-store.ts';
import type { AskPort } from './uplink/authoriser.ts';

/** What the machine has to hear of, where it could not be stored. */
const FAILED_WRITES: Partial<Record<GateEffect['do'], 'tap' | 'ask' | 'answer'>> = {
  storeTap: 'tap',
  storeAsk: 'ask',
  storeAnswer: 'answer',
};
/** How far the wall clock may lie below the last signed time before it counts as lost. */
export const CLOCK_TOLERANCE_S = 120;

/** The arm: `open` resolves once the frame is with the kernel. */
export type BarrierPort = {
  readonly connected: boolean;
  open(): Promise<void>;
  close(): Promise<void>;
};
export type DisplayPort = { show(words: Words): void };

export type LoopParts = {
  taps: TapsStore;
  reference: ReferenceStore;
  barrier: BarrierPort;
  display: DisplayPort;
  asker: AskPort;
  clock: Clock;
  log: Logger;
  verify: Verify;
  stopwatch: Stopwatch;
  settings: Pick<
    GateRules,
    'line' | 'scopes' | 'products' | 'passbackS' | 'onClockUnknown' | 'timing'
  >;
  /** An id for an ask: 16 random bytes as hex. */
  newAskId: () => string;
  /** Uniform in [0, 1). */
  random: () => number;
  onStored: () => void;
  /** The disk has failed: nothing more can be promised, the process must end. */
  onFatal: (fault: Fault) => void;
};

/** The loop over these parts. */
export function createGateLoop(parts: LoopParts): GateLoop {
  return new GateLoop(parts);
}

export class GateLoop {
  readonly #parts: LoopParts;
  readonly #verify: Verify;
  readonly counts = { open: 0, refuse: 0, repeat: 0, dropped: 0, unasked: 0 };
  #state: GateState = GATE_START;
  #cancelAlarm: (() => void) | null = null;
  #verifyMs = 0;
  #freshSignedTime = false;
  #lastScanMonoMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#verify = (...check) => {
      const from = performance.now();
      const holds = parts.verify(...check);
      this.#verifyMs += performance.now() - from;
      return holds;
    };
  }

  get lastScanMonoMs(): number {
    return this.#lastScanMonoMs;
  }

  /** Before the first scan: an ask that a crash has left without an answer is refused. */
  start(): void {
    this.#handle({ kind: 'started', askOpen: this.#parts.taps.openAskSeq !== null });
  }

  close(): void {
    if (this.#closed) return;
    this.#handle({ kind: 'stopping' });
    this.#closed = true;
    this.#cancelAlarm?.();
  }

  /** A list was fetched and applied: rules follow it from the next scan on. */
  onListsApplied(signedAtS: number): void {
    this.#parts.taps.raiseSignedTime(signedAtS);
    this.#freshSignedTime = true;
  }

  /** One line from the scanner; `bytesAtMs` is when its last bytes came. */
  onLine(text: string, bytesAtMs: number): void {
    const { clock, log, stopwatch } = this.#parts;
    const lineAtMs = performance.now();
    this.#lastScanMonoMs = lineAtMs;
    this.#verifyMs = 0;
    const serverCode = readServerCode(text);
    if (serverCode !== undefined) {
      this.#onServerCode(text, serverCode.way);
      return;
    }
    const reading = readTransitCode(text);
    const decodedAtMs = performance.now();
    const clockNow = this.#clockState(clock.now());
    let facts: Facts | null = null;
    if (reading.ok) {
      try {
        facts = this.#gatherFacts(reading.value, clockNow);
      } catch (error) {
        log.error({ error: describeError(error) }, 'look-up failed; the code is refused');
      }
    }
    const foundAtMs = performance.now();
    this.#handle({ kind: 'scan', text, reading, facts, clock: clockNow });
    stopwatch.add('line', lineAtMs - bytesAtMs);
    stopwatch.add('decode', decodedAtMs - lineAtMs);
    stopwatch.add('lookup', foundAtMs - decodedAtMs);
    stopwatch.add('verify', this.#verifyMs);
    stopwatch.add('total', performance.now() - bytesAtMs);
  }

  #onServerCode(text: string, way: AskWay): void {
    const { asker, barrier, newAskId } = this.#parts;
    const { isKnownDown: networkDown } = asker;
    const { connected: barrierConnected } = barrier;
    const id = newAskId();
    this.#handle({ kind: 'serverCode', text, way, id, networkDown, barrierConnected });
  }

  storeNote(note: NoteRecord['note'], detail: string): void {
    const { clock, taps, onStored } = this.#parts;
    const now = clock.now();
    taps.append({ kind: 'note', clock: this.#clockState(now), note, detail }, stampOf(now), null);
    onStored();
  }

  #clockState(now: Now): ClockState {
    if (now.wallMs / 1000 < this.#parts.taps.signedTimeS - CLOCK_TOLERANCE_S) return 'UNKNOWN';
    return this.#freshSignedTime ? 'TRUSTED' : 'HOLDOVER';
  }

  #rulesAt(now: Now): GateRules {
    const { reference, settings } = this.#parts;
    const trust = reference.trust;
    return {
      ...settings,
      fareCents: trust === null ? undefined : fareOf(trust, settings.line, now),
      codeLifetimeSMax: trust?.limits.codeLifetimeSMax ?? 0,
      skewS: trust?.limits.skewS ?? 0,
      trustVersion: trust?.version ?? 0,
      denyVersion: reference.denyHead.version,
      tariffVersion: trust?.tariff.version ?? 0,
    };
  }

  #gatherFacts(code: TransitCode, clockNow: ClockState): Facts {
    const { reference, taps, settings, barrier } = this.#parts;
    const { issuer, issuerKeyId, account, serial } = code.pass;
    const key = reference.trust && findIssuerKey(reference.trust, issuer, issuerKeyId);
    return {
      issuerKey: key ? { ...key, publicKeyBytes: keyBytes(key.publicKey) } : undefined,
      denied: reference.isDenied(issuer, account, serial),
      counterMax: taps.findCounterMax(issuer, account, serial),
      lastOpen: settings.passbackS > 0 ? taps.findLastOpen(issuer, account) : undefined,
      clock: clockNow,
      signedTimeS: taps.signedTimeS,
      barrierConnected: barrier.connected,
    };
  }

  #handle(event: GateEvent): void {
    const { clock } = this.#parts;
    const now = clock.now();
    const result = step(this.#state, event, now, this.#rulesAt(now), this.#verify);
    this.#state = result.state;
    this.#cancelAlarm?.();
    this.#cancelAlarm =
      result.wakeAtMs === null
        ? null
        : clock.alarm(result.wakeAtMs, () => this.#handle({ kind: 'tick' }));
    let seq = 0;
    for (const effect of result.effects) {
      try {
        seq = this.#perform(effect, now, seq);
      } catch (error) {
        this.#onEffectFailed(effect, error);
        return;
      }
    }
  }

  /** Performs one effect; returns the seq of the tap that this event stored, for the effects after it. */
  #perform(effect: GateEffect, now: Now, seq: number): number {
    switch (effect.do) {
      case 'storeTap':
        return this.#storeTap(effect, now);
      case 'storeAsk':
        return this.#storeAsk(effect, now);
      case 'ask':
        void this.#ask(effect.question, effect.timeoutMs);
        return seq;
      case 'storeAnswer':
        return this.#storeAnswer(effect, now);
      case 'storeVoid':
        this.#storeVoid(effect.ofSeq, now);
        return seq;
      case 'storeNote':
        this.storeNote(effect.note, effect.detail);
        return seq;
      case 'open':
        this.#open(seq);
        return seq;
      case 'close':
        this.#close();
        return seq;
      case 'show':
        this.#show(effect.words);
        return seq;
      case 'report':
        this.#report(effect);
        return seq;
    }
  }

  #report(effect: Extract<GateEffect, { do: 'report' }>): void {
    const { log } = this.#parts;
    this.counts[effect.what] += 1;
    if (effect.what !== 'unasked') log.debug({ what: effect.what }, 'scan not stored');
    else {
      const { reason } = effect;
      // A code that waits for its turn is read several times a second.
      log[reason === 'BUSY' ? 'debug' : 'info']({ seq: null, verdict: 'refuse', reason }, 'answer');
    }
  }

  #storeTap(effect: Extract<GateEffect, { do: 'storeTap' }>, now: Now): number {
    const { taps, stopwatch, log, onStored } = this.#parts;
    const from = performance.now();
    const stored = taps.append({ kind: 'tap', ...effect.tap }, stampOf(now), effect.use);
    stopwatch.add('commit', performance.now() - from);
    this.counts[effect.tap.verdict] += 1;
    onStored();
    // Logged after the barrier was told, not before: writing a log must not hold a rider up.
    const { verdict, reason } = effect.tap;
    setImmediate(() => log.info({ seq: stored, verdict, reason }, 'tap'));
    return stored;
  }

  #storeAsk({ id, way }: Extract<GateEffect, { do: 'storeAsk' }>, now: Now): number {
    const { taps, settings, onStored, log } = this.#parts;
    const { line } = settings;
    const clock = this.#clockState(now);
    const seq = taps.append({ kind: 'ask', clock, id, way, line }, stampOf(now), null);
    onStored();
    log.debug({ seq, ask: id, way }, 'ask');
    return seq;
  }

  async #ask(question: Question, timeoutMs: number): Promise<void> {
    const { asker, barrier, random } = this.#parts;
    const result = await asker.ask(question, timeoutMs);
    if (this.#closed) return;
    const { connected: barrierConnected } = barrier;
    this.#handle({ kind: 'asked', id: question.id, result, barrierConnected, jitter: random() });
  }

  #storeAnswer({ answer }: Extract<GateEffect, { do: 'storeAnswer' }>, now: Now): number {
    const { taps, onStored, log } = this.#parts;
    const of = taps.openAskSeq;
    assert(of !== null, 'an ask is open where one is answered');
    const clock = this.#clockState(now);
    const seq = taps.append({ kind: 'answer', clock, of, ...answer }, stampOf(now), null);
    this.counts[answer.verdict] += 1;
    onStored();
    const { verdict, reason } = answer;
    setImmediate(() => log.info({ seq, of, verdict, reason }, 'answer'));
    return seq;
  }

  #storeVoid(ofSeq: number, now: Now): void {
    const clock = this.#clockState(now);
    const record = { kind: 'void', clock, of: ofSeq, reason: 'BARRIER_FAILED' } as const;
    this.#parts.taps.append(record, stampOf(now), null);
    this.#parts.onStored();
  }

  #open(seq: number): void {
    const { stopwatch, log } = this.#parts;
    const from = performance.now();
    this.#tellOpen().then(
      () => stopwatch.add('relay', performance.now() - from),
      (error) => {
        log.error({ error: describeError(error), seq }, 'the barrier could not be opened');
        this.#handle({ kind: 'barrierFailed', ofSeq: seq });
      },
    );
  }

  #close(): void {
    this.#tellClose().catch((error) => {
      this.#parts.log.error({ error: describeError(error) }, 'the barrier could not be closed');
    });
  }

  /** A driver that throws instead of rejecting has failed in the same way. */
  async #tellOpen(): Promise<void> {
    await this.#parts.barrier.open();
  }

  async #tellClose(): Promise<void> {
    await this.#parts.barrier.close();
  }

  /** Words are a courtesy: a display that fails must not stop a gate. */
  #show(words: Words): void {
    try {
      this.#parts.display.show(words);
    } catch (error) {
      this.#parts.log.error({ error: describeError(error) }, 'the display failed');
    }
  }

  #onEffectFailed(effect: GateEffect, error: unknown): void {
    const fault = error instanceof Fault ? error : new Fault('STORE_FAILED', describeError(error));
    const { log, onFatal } = this.#parts;
    log.error({ effect: effect.do, code: fault.code, error: fault.message }, 'effect failed');
    const what = FAILED_WRITES[effect.do];
    if (what !== undefined) this.#handle({ kind: 'storeFailed', what });
    // A failed write or sync is final: what the kernel still has in memory can't be trusted.
    if (fault.code !== 'STORE_FULL') onFatal(fault);
  }
}

function fareOf(trust: TrustList, line: string, now: Now): number | undefined {
  return findFareCents(trust.tariff, line, Math.floor(now.wallMs / 1000));
}

function stampOf(now: Now) {
  return { wallMs: Math.round(now.wallMs), monoMs: Math.round(now.monoMs) };
}

function keyBytes(hex: string): Uint8Array {
  return fromHex(hex, 32) ?? new Uint8Array(0);
}
