/**
 * The gate's loop: an event comes in, the facts for it are looked up, the pure machine steps, its
 * effects are performed in order and stop at the first that fails, one alarm is set. No decisions.
 */

import { fromHex } from '@stile/protocol/bytes.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { NoteRecord } from '@stile/protocol/gate-log.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { findFareCents, findIssuerKey, type TrustList } from '@stile/protocol/trust-list.ts';
import type { Logger } from 'pino';
import type { ClockState, Facts, Now } from '../core/admit.ts';
import {
  GATE_START,
  type GateEffect,
  type GateEvent,
  type GateRules,
  type GateState,
  IDLE_WORDS,
  step,
  type Words,
} from '../core/gate.ts';
import type { Clock } from './clock.ts';
import type { ReferenceStore } from './reference-store.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { TapsStore } from './taps-store.ts';

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
  clock: Clock;
  log: Logger;
  verify: Verify;
  stopwatch: Stopwatch;
  settings: Pick<
    GateRules,
    'line' | 'scopes' | 'products' | 'passbackS' | 'onClockUnknown' | 'timing'
  >;
  onStored: () => void;
  /** The disk has failed: nothing more can be promised, the process must end. */
  onFatal: (fault: Fault) => void;
};

export type GateLoop = ReturnType<typeof createGateLoop>;

export function createGateLoop(parts: LoopParts) {
  const { taps, reference, barrier, display, clock, log, stopwatch, settings } = parts;
  let state: GateState = GATE_START;
  let cancelAlarm: (() => void) | null = null;
  let verifyMs = 0;
  let freshSignedTime = false;
  let lastScanMonoMs = Number.NEGATIVE_INFINITY;
  const counts = { open: 0, refuse: 0, repeat: 0, dropped: 0 };

  const timedVerify: Verify = (...check) => {
    const from = performance.now();
    const holds = parts.verify(...check);
    verifyMs += performance.now() - from;
    return holds;
  };

  function clockState(now: Now): ClockState {
    if (now.wallMs / 1000 < taps.signedTimeS - CLOCK_TOLERANCE_S) return 'UNKNOWN';
    return freshSignedTime ? 'TRUSTED' : 'HOLDOVER';
  }

  function rulesAt(now: Now): GateRules {
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

  function gatherFacts(code: TransitCode, clockNow: ClockState): Facts {
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

  function onLine(text: string, bytesAtMs: number): void {
    const lineAtMs = performance.now();
    lastScanMonoMs = lineAtMs;
    verifyMs = 0;
    const reading = readTransitCode(text);
    const decodedAtMs = performance.now();
    const clockNow = clockState(clock.now());
    let facts: Facts | null = null;
    if (reading.ok) {
      try {
        facts = gatherFacts(reading.value, clockNow);
      } catch (error) {
        log.error({ error: describeError(error) }, 'look-up failed; the code is refused');
      }
    }
    const foundAtMs = performance.now();
    handle({ kind: 'scan', text, reading, facts, clock: clockNow });
    stopwatch.add('line', lineAtMs - bytesAtMs);
    stopwatch.add('decode', decodedAtMs - lineAtMs);
    stopwatch.add('lookup', foundAtMs - decodedAtMs);
    stopwatch.add('verify', verifyMs);
    stopwatch.add('total', performance.now() - bytesAtMs);
  }

  function handle(event: GateEvent): void {
    const now = clock.now();
    const result = step(state, event, now, rulesAt(now), timedVerify);
    state = result.state;
    cancelAlarm?.();
    cancelAlarm =
      result.wakeAtMs === null
        ? null
        : clock.alarm(result.wakeAtMs, () => handle({ kind: 'tick' }));
    let seq = 0;
    for (const effect of result.effects) {
      try {
        seq = perform(effect, now, seq);
      } catch (error) {
        onEffectFailed(effect, error);
        return;
      }
    }
  }

  /** Performs one effect; returns the seq of the tap that this event stored, for the effects after it. */
  function perform(effect: GateEffect, now: Now, seq: number): number {
    switch (effect.do) {
      case 'storeTap': {
        const from = performance.now();
        const stored = taps.append({ kind: 'tap', ...effect.tap }, stampOf(now), effect.use);
        stopwatch.add('commit', performance.now() - from);
        counts[effect.tap.verdict] += 1;
        parts.onStored();
        // Logged after the barrier was told, not before: writing a log must not hold a rider up.
        const { verdict, reason } = effect.tap;
        setImmediate(() => log.info({ seq: stored, verdict, reason }, 'tap'));
        return stored;
      }
      case 'storeVoid':
        taps.append(
          { kind: 'void', clock: clockState(now), of: effect.ofSeq, reason: 'BARRIER_FAILED' },
          stampOf(now),
          null,
        );
        parts.onStored();
        return seq;
      case 'storeNote':
        storeNote(effect.note, effect.detail);
        return seq;
      case 'open': {
        const from = performance.now();
        openBarrier().then(
          () => stopwatch.add('relay', performance.now() - from),
          (error) => {
            log.error({ error: describeError(error), seq }, 'the barrier could not be opened');
            handle({ kind: 'barrierFailed', ofSeq: seq });
          },
        );
        return seq;
      }
      case 'close':
        closeBarrier().catch((error) => {
          log.error({ error: describeError(error) }, 'the barrier could not be closed');
        });
        return seq;
      case 'show':
        show(effect.words);
        return seq;
      case 'report':
        counts[effect.what === 'repeat' ? 'repeat' : 'dropped'] += 1;
        log.debug({ what: effect.what }, 'scan not stored');
        return seq;
    }
  }

  /** A driver that throws instead of rejecting has failed in the same way. */
  async function openBarrier(): Promise<void> {
    await barrier.open();
  }

  async function closeBarrier(): Promise<void> {
    await barrier.close();
  }

  /** Words are a courtesy: a display that fails must not stop a gate. */
  function show(words: Words): void {
    try {
      display.show(words);
    } catch (error) {
      log.error({ error: describeError(error) }, 'the display failed');
    }
  }

  function storeNote(note: NoteRecord['note'], detail: string): void {
    const now = clock.now();
    taps.append({ kind: 'note', clock: clockState(now), note, detail }, stampOf(now), null);
    parts.onStored();
  }

  function onEffectFailed(effect: GateEffect, error: unknown): void {
    const fault = error instanceof Fault ? error : new Fault('STORE_FAILED', describeError(error));
    log.error({ effect: effect.do, code: fault.code, error: fault.message }, 'effect failed');
    if (effect.do === 'storeTap') handle({ kind: 'storeFailed' });
    // A failed write or sync is final: what the kernel still has in memory can't be trusted.
    if (fault.code !== 'STORE_FULL') parts.onFatal(fault);
  }

  return {
    onLine,
    storeNote,
    /** A list was fetched and applied: rules follow it from the next scan on. */
    onListsApplied(signedAtS: number): void {
      taps.raiseSignedTime(signedAtS);
      freshSignedTime = true;
    },
    start(): void {
      show(IDLE_WORDS);
    },
    get lastScanMonoMs() {
      return lastScanMonoMs;
    },
    counts,
    close(): void {
      cancelAlarm?.();
    },
  };
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
