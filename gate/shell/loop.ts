/**
 * The gate's loop: an event comes in, the facts for it are looked up, the pure machine steps, its
 * effects are performed in order and stop at the first that fails, one alarm is set. No decisions.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { asFault } from '@stile/host/fault.ts';
import { assert, describeError } from '@stile/protocol/fault.ts';
import type { HeldLists, NoteRecord } from '@stile/protocol/gate-log.ts';
import { isMisread, readServerCode } from '@stile/protocol/payment-code.ts';
import { type Framed, frameWords, takeOffFrame } from '@stile/protocol/scan/scan-frame.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Now } from '@stile/protocol/time.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import type { Facts } from '../core/admit.ts';
import type { AuthorisationMethod, AuthorisationRequest } from '../core/authorisation.ts';
import { step } from '../core/gate.ts';
import {
  GATE_START,
  type GateEffect,
  type GateEvent,
  type GateState,
  type Words,
} from '../core/gate-state.ts';
import type { Use } from '../core/tap.ts';
import { type Happened, verdictMessageOf } from '../core/verdict-message.ts';
import { createFactsReader, type FactsReader } from './facts.ts';
import type { LoopParts } from './loop-parts.ts';
import type { RecordDraft } from './store/taps-store.ts';

/** What the machine has to hear of, if it could not be stored. */
const FAILED_WRITES: Partial<Record<GateEffect['do'], 'tap' | 'ask' | 'answer'>> = {
  storeTap: 'tap',
  storeAsk: 'ask',
  storeAnswer: 'answer',
};
const AUTHORISATION_ID_BYTES = 16;
/** Different frames that are said; a scanner has one. */
const FRAMES_SAID_MAX = 8;

/** The loop over these parts. */
export function createGateLoop(parts: LoopParts): GateLoop {
  return new GateLoop(parts);
}

export class GateLoop {
  readonly #parts: LoopParts;
  readonly #facts: FactsReader;
  readonly #verify: Verify;
  readonly counts = { open: 0, refuse: 0, repeat: 0, dropped: 0, unasked: 0 };
  #state: GateState = GATE_START;
  #cancelAlarm: (() => void) | null = null;
  #verifyMs = 0;
  #lastScanMonoMs = Number.NEGATIVE_INFINITY;
  #opening = 0;
  readonly #framesSaid = new Set<string>();
  #halted = false;
  #closed = false;

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#facts = createFactsReader(parts);
    this.#verify = (claim) => {
      const fromMs = this.#monoMs;
      const holds = parts.verify(claim);
      this.#verifyMs += this.#monoMs - fromMs;
      return holds;
    };
  }

  get lastScanMonoMs(): number {
    return this.#lastScanMonoMs;
  }

  /** No ask is open and no barrier is being told to open: nothing will speak of a record stored before. */
  get isQuiet(): boolean {
    return this.#opening === 0 && this.#parts.taps.openAskSeq === null;
  }

  get #monoMs(): number {
    return this.#parts.clock.now().monoMs;
  }

  /** Before the first scan: an ask that a crash has left without an answer is refused. */
  start(): void {
    this.#handle({ kind: 'started', answerMissing: this.#parts.taps.openAskSeq !== null });
  }

  /** Whatever ends the gate: the arm goes down before anything else, and nothing is judged any more. */
  halt(): Promise<void> {
    this.#halted = true;
    this.#cancelAlarm?.();
    return this.#tellClose();
  }

  close(): void {
    if (this.#closed) return;
    this.#halted = true;
    this.#handle({ kind: 'stopping' });
    this.#closed = true;
    this.#cancelAlarm?.();
  }

  /** What is in force, as it is said with every batch. */
  heldLists(): HeldLists {
    return this.#facts.heldLists(this.#parts.clock.now());
  }

  /** A list was fetched and applied: rules follow it from the next scan on. */
  onTrust(
    list: Pick<TrustList, 'version' | 'issuedAtS'>,
    { isAnew = false }: { isAnew?: boolean } = {},
  ): void {
    if (!this.#facts.onTrust(list, { isAnew })) return;
    const at = new Date(list.issuedAtS * 1000).toISOString();
    this.#parts.log.warn(
      { trust: list.version, at },
      'the list before was of a later time: it was wrong',
    );
  }

  /** One scan text; `bytesAtMonoMs` is when its last bytes came. */
  onScan(scan: string, bytesAtMonoMs: number): void {
    if (this.#halted) return;
    const { stopwatch } = this.#parts;
    const { text, ...frame } = takeOffFrame(scan);
    this.#sayFrame(frame);
    const scanAtMs = this.#monoMs;
    this.#lastScanMonoMs = scanAtMs;
    this.#verifyMs = 0;
    const method = isMisread(text) ? 'MISREAD' : readServerCode(text)?.method;
    if (method !== undefined) {
      this.#onServerCode(text, method);
      return;
    }
    const reading = readTransitCode(text);
    const decodedAt = this.#parts.clock.now();
    const clock = this.#facts.clockState(decodedAt);
    const facts = reading.ok
      ? this.#findFacts(() => this.#facts.factsOf(reading.value, clock))
      : null;
    const foundAtMs = this.#monoMs;
    this.#handle({ kind: 'scan', text, reading, facts, clock });
    stopwatch.add('line', scanAtMs - bytesAtMonoMs);
    stopwatch.add('decode', decodedAt.monoMs - scanAtMs);
    stopwatch.add('lookup', foundAtMs - decodedAt.monoMs);
    stopwatch.add('verify', this.#verifyMs);
    stopwatch.add('total', this.#monoMs - bytesAtMonoMs);
  }

  /** Once for each: the scanner has a setting that a till or the next firmware may not forgive. */
  #sayFrame({ before, behind }: Omit<Framed, 'text'>): void {
    const frame = { before: frameWords(before), behind: frameWords(behind) };
    const said = `${frame.before} ${frame.behind}`;
    if (said === ' ' || this.#framesSaid.has(said) || this.#framesSaid.size >= FRAMES_SAID_MAX)
      return;
    this.#framesSaid.add(said);
    this.#parts.log.warn(frame, 'the scanner adds to codes; it is taken off');
  }

  /** Null if the look-up failed: then nothing is known of the code, and it is refused. */
  #findFacts(find: () => Facts): Facts | null {
    try {
      return find();
    } catch (error) {
      const { log, reference, onFatal } = this.#parts;
      log.error({ error: describeError(error) }, 'look-up failed; the code is refused');
      // Beside a page that cannot be read a look-up can miss a row that is there.
      if (reference.isDamaged()) onFatal(asFault(error));
      return null;
    }
  }

  #onServerCode(text: string, method: AuthorisationMethod | 'MISREAD'): void {
    const { authoriser, barrier, random } = this.#parts;
    const { isKnownDown: networkDown } = authoriser;
    const { connected: barrierConnected } = barrier;
    const id = random.hex(AUTHORISATION_ID_BYTES);
    this.#handle({ kind: 'serverCode', text, method, id, networkDown, barrierConnected });
  }

  storeNote(note: NoteRecord['note'], detail: string): void {
    const now = this.#parts.clock.now();
    this.#append({ kind: 'note', clock: this.#facts.clockState(now), note, detail }, now);
  }

  #append(draft: RecordDraft, now: Now, { use }: { use: Use | null } = { use: null }): number {
    const at = { wallMs: Math.round(now.wallMs), monoMs: Math.round(now.monoMs) };
    return this.#parts.taps.append(draft, { at, use });
  }

  #handle(event: GateEvent): void {
    const { clock } = this.#parts;
    const now = clock.now();
    const context = { now, rules: this.#facts.rulesAt(now), verify: this.#verify, sha256 };
    const state = this.#state;
    const result = step(state, event, context);
    this.#state = result.state;
    this.#cancelAlarm?.();
    this.#cancelAlarm =
      result.wakeAtMs === null ? null : clock.alarm(result.wakeAtMs, () => this.#onAlarm());
    let seq = 0;
    for (const effect of result.effects) {
      try {
        seq = this.#perform(effect, { now, seq });
      } catch (error) {
        if (this.#isLeftOut(effect, error)) continue;
        this.#onEffectFailed(effect, error);
        return;
      }
    }
    this.#tellVerdict({ state, event, effects: result.effects });
  }

  /** A refusal for which there is no room is said all the same: it is only not kept. */
  #isLeftOut(effect: GateEffect, error: unknown): boolean {
    if (effect.do !== 'storeTap' || effect.tap.verdict !== 'refuse') return false;
    if (asFault(error).code !== 'STORE_FULL') return false;
    const { reason } = effect.tap;
    this.counts.dropped += 1;
    this.#parts.log.debug({ verdict: 'refuse', reason }, 'no room: the refusal is not kept');
    return true;
  }

  /** An alarm's owner is here: what it throws ends the gate, and not the process around it. */
  #onAlarm(): void {
    if (this.#halted) return;
    try {
      this.#handle({ kind: 'tick' });
    } catch (error) {
      this.#parts.onFatal(asFault(error));
    }
  }

  /** Behind the effects: of what could not be stored nothing is said, and no rider waits for a listener. */
  #tellVerdict(happened: Happened): void {
    const { verdicts } = this.#parts;
    if (verdicts?.connected !== true) return;
    const { openMs } = this.#parts.settings.timing;
    const message = verdictMessageOf(happened, { openMs, sha256 });
    if (message !== undefined) setImmediate(() => verdicts.tell(message));
  }

  /** Performs one effect; returns the seq of the tap that this event stored, for the effects after it. */
  #perform(effect: GateEffect, { now, seq }: { now: Now; seq: number }): number {
    switch (effect.do) {
      case 'storeTap':
        return this.#storeTap(effect, now);
      case 'storeAsk':
        return this.#storeAsk(effect, now);
      case 'authorise':
        void this.#authorise(effect.request, effect.timeoutMs);
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

  #storeTap({ tap, use }: Extract<GateEffect, { do: 'storeTap' }>, now: Now): number {
    const { stopwatch } = this.#parts;
    const fromMs = this.#monoMs;
    const seq = this.#append({ kind: 'tap', ...tap }, now, { use });
    stopwatch.add('commit', this.#monoMs - fromMs);
    const { verdict, reason } = tap;
    this.counts[verdict] += 1;
    this.#logLater({ seq, verdict, reason }, 'tap');
    return seq;
  }

  /** Logged after the barrier was told, not before: writing a log must not hold a rider up. */
  #logLater(values: object, message: string): void {
    // The event loop's own turn, not a time: no clock is asked.
    setImmediate(() => this.#parts.log.info(values, message));
  }

  #storeAsk({ id, method }: Extract<GateEffect, { do: 'storeAsk' }>, now: Now): number {
    const { settings, log } = this.#parts;
    const { line } = settings;
    const clock = this.#facts.clockState(now);
    const seq = this.#append({ kind: 'ask', clock, id, way: method, line }, now);
    log.debug({ seq, ask: id, way: method }, 'ask');
    return seq;
  }

  async #authorise(request: AuthorisationRequest, timeoutMs: number): Promise<void> {
    const { authoriser, barrier, random } = this.#parts;
    const result = await authoriser.attempt(request, timeoutMs);
    if (this.#halted) return;
    const { connected: barrierConnected } = barrier;
    const jitter = random.fraction();
    this.#handle({ kind: 'attemptEnded', id: request.id, result, barrierConnected, jitter });
  }

  #storeAnswer({ answer }: Extract<GateEffect, { do: 'storeAnswer' }>, now: Now): number {
    const of = this.#parts.taps.openAskSeq;
    assert(of !== null, 'an ask is open if one is answered');
    const clock = this.#facts.clockState(now);
    const seq = this.#append({ kind: 'answer', clock, of, ...answer }, now);
    const { verdict, reason } = answer;
    this.counts[verdict] += 1;
    this.#logLater({ seq, of, verdict, reason }, 'answer');
    return seq;
  }

  #storeVoid(ofSeq: number, now: Now): void {
    const clock = this.#facts.clockState(now);
    this.#append({ kind: 'void', clock, of: ofSeq, reason: 'BARRIER_FAILED' }, now);
  }

  #open(seq: number): void {
    const { stopwatch, log } = this.#parts;
    const fromMs = this.#monoMs;
    this.#opening += 1;
    this.#tellOpen().then(
      () => {
        this.#opening -= 1;
        stopwatch.add('relay', this.#monoMs - fromMs);
      },
      (error) => {
        this.#opening -= 1;
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
    const fault = asFault(error);
    const { log, onFatal } = this.#parts;
    log.error({ effect: effect.do, code: fault.code, error: fault.message }, 'effect failed');
    const what = FAILED_WRITES[effect.do];
    if (what !== undefined) this.#handle({ kind: 'storeFailed', what });
    // A failed write or sync is final: what the kernel still has in memory can't be trusted.
    if (fault.code !== 'STORE_FULL') onFatal(fault);
  }
}
