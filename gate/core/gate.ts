/**
 * The gate's state machine: what it does when a code is scanned, a device comes or goes, a write
 * fails, or time passes. Pure: state, event and time in; state, effects and the next alarm out.
 *
 * Barrier. `closed`: a verdict of open moves it on. `open` until `closeAtMs`: another open verdict
 * extends it, the alarm closes it.
 * Presentation. The same text within `presentationMs` of its last sight is the same code still held
 * before the scanner, not a second use: it is neither judged nor stored again.
 *
 * Effects are performed in order and the loop stops at the first that fails: `storeTap` stands before
 * `open`, so a gate whose tap is not on disk does not open.
 */
import { SCAN_BYTES_KEPT, type TapRecord } from '@stile/protocol/gate-log.ts';
import { REASON_WORDS, type Reason, type Verdict } from '@stile/protocol/reasons.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Reading, TransitCode } from '@stile/protocol/transit-code.ts';
import { admit, type ClockState, type Facts, type Now, type Rules } from './admit.ts';

/** Unreadable scans that are stored within one window; more are counted and noted in one record. */
export const UNREADABLE_STORED_MAX = 50;
export const UNREADABLE_WINDOW_MS = 60_000;

export type Words = readonly [string, string];
export const IDLE_WORDS: Words = ['STILE', 'Hold your code here'];
const OPEN_WORDS: Words = ['WELCOME', 'Please pass'];

export type Timing = { openMs: number; presentationMs: number; messageMs: number };

export type GateState = {
  closeAtMs: number | null;
  /** What `closeAtMs` was before the last scan, in case its tap cannot be stored. */
  closeAtMsBefore: number | null;
  idleAtMs: number | null;
  presentation: { text: string; untilMs: number } | null;
  unreadable: { windowEndsMs: number; stored: number; dropped: number };
};

export const GATE_START: GateState = {
  closeAtMs: null,
  closeAtMsBefore: null,
  idleAtMs: null,
  presentation: null,
  unreadable: { windowEndsMs: 0, stored: 0, dropped: 0 },
};

/** A pass and account to remember, once the tap opens the gate. */
export type Use = {
  issuer: number;
  account: string;
  serial: number;
  counter: number;
  expiresAtS: number;
  issuedAtS: number;
};

/** A tap before the store gives it its place (seq, boot and time stamps) in the log. */
export type TapDraft = Pick<
  TapRecord,
  'verdict' | 'reason' | 'scan' | 'scanHex' | 'scanBytes' | 'line' | 'fareCents'
> & { trust: number; deny: number; tariff: number; clock: ClockState };

export type GateEvent =
  | {
      kind: 'scan';
      /** One character a byte (ISO 8859-1), so that nothing is lost or guessed. */
      text: string;
      reading: Reading<TransitCode>;
      /** Present exactly when the reading is ok. */
      facts: Facts | null;
      clock: ClockState;
    }
  | { kind: 'storeFailed' }
  | { kind: 'barrierFailed'; ofSeq: number }
  | { kind: 'tick' };

export type GateEffect =
  | { do: 'storeTap'; tap: TapDraft; use: Use | null }
  | { do: 'storeVoid'; ofSeq: number }
  | { do: 'storeNote'; note: 'SCANS_DROPPED'; detail: string }
  | { do: 'open' }
  | { do: 'close' }
  | { do: 'show'; words: Words }
  | { do: 'report'; what: 'repeat' | 'dropped' };

export type GateStep = {
  state: GateState;
  effects: readonly GateEffect[];
  wakeAtMs: number | null;
};

export type GateRules = Rules & { timing: Timing };

export function step(
  state: GateState,
  event: GateEvent,
  now: Now,
  rules: GateRules,
  verify: Verify,
): GateStep {
  switch (event.kind) {
    case 'scan':
      return onScan(state, event, now, rules, verify);
    case 'storeFailed':
      return onStoreFailed(state, now, rules.timing);
    case 'barrierFailed':
      // The frame may have arrived all the same: the alarm that closes the arm stays.
      return show(state, REASON_WORDS.OUT_OF_ORDER, now, rules.timing, [
        { do: 'storeVoid', ofSeq: event.ofSeq },
      ]);
    case 'tick':
      return onTick(state, now);
  }
}

function onScan(
  state: GateState,
  event: Extract<GateEvent, { kind: 'scan' }>,
  now: Now,
  rules: GateRules,
  verify: Verify,
): GateStep {
  const { timing } = rules;
  const seen = state.presentation;
  const presentation = { text: event.text, untilMs: now.monoMs + timing.presentationMs };
  if (seen !== null && seen.text === event.text && now.monoMs < seen.untilMs) {
    return finish({ ...state, presentation }, [{ do: 'report', what: 'repeat' }]);
  }
  const { reading, facts } = event;
  const verdict: Verdict =
    reading.ok && facts !== null
      ? admit(reading.value, facts, rules, now, verify)
      : { verdict: 'refuse', reason: reading.ok ? 'STORAGE_FAILED' : reading.reason };
  const next = { ...state, presentation, closeAtMsBefore: state.closeAtMs };
  const draft = draftTap(event, verdict, rules);
  if (verdict.verdict === 'open' && reading.ok) {
    const opened = { ...next, closeAtMs: now.monoMs + timing.openMs };
    return show(opened, OPEN_WORDS, now, timing, [
      { do: 'storeTap', tap: draft, use: useOf(reading.value) },
      { do: 'open' },
    ]);
  }
  const reason: Reason = verdict.verdict === 'refuse' ? verdict.reason : 'STORAGE_FAILED';
  if (!reading.ok) return onUnreadable(next, draft, reason, now, timing);
  return show(next, REASON_WORDS[reason], now, timing, [{ do: 'storeTap', tap: draft, use: null }]);
}

/** A tap that is not on disk gets nothing: not even a longer stay of an arm that is already up. */
function onStoreFailed(state: GateState, now: Now, timing: Timing): GateStep {
  const closeAtMs = state.closeAtMsBefore;
  return show({ ...state, closeAtMs }, REASON_WORDS.STORAGE_FAILED, now, timing, []);
}

/** Noise on the line must not fill the disk: beyond a budget scans are counted, not stored. */
function onUnreadable(
  state: GateState,
  tap: TapDraft,
  reason: Reason,
  now: Now,
  timing: Timing,
): GateStep {
  const fresh = now.monoMs >= state.unreadable.windowEndsMs;
  const before = fresh
    ? { windowEndsMs: now.monoMs + UNREADABLE_WINDOW_MS, stored: 0, dropped: 0 }
    : state.unreadable;
  const effects: GateEffect[] = fresh ? noteDropped(state.unreadable.dropped) : [];
  if (before.stored >= UNREADABLE_STORED_MAX) {
    const unreadable = { ...before, dropped: before.dropped + 1 };
    return show({ ...state, unreadable }, REASON_WORDS[reason], now, timing, [
      ...effects,
      { do: 'report', what: 'dropped' },
    ]);
  }
  const unreadable = { ...before, stored: before.stored + 1 };
  return show({ ...state, unreadable }, REASON_WORDS[reason], now, timing, [
    ...effects,
    { do: 'storeTap', tap, use: null },
  ]);
}

function onTick(state: GateState, now: Now): GateStep {
  const effects: GateEffect[] = [];
  let next = state;
  if (next.closeAtMs !== null && now.monoMs >= next.closeAtMs) {
    effects.push({ do: 'close' });
    next = { ...next, closeAtMs: null };
  }
  if (next.idleAtMs !== null && now.monoMs >= next.idleAtMs) {
    effects.push({ do: 'show', words: IDLE_WORDS });
    next = { ...next, idleAtMs: null };
  }
  if (next.unreadable.dropped > 0 && now.monoMs >= next.unreadable.windowEndsMs) {
    effects.push(...noteDropped(next.unreadable.dropped));
    next = { ...next, unreadable: { ...next.unreadable, dropped: 0 } };
  }
  return finish(next, effects);
}

function noteDropped(dropped: number): GateEffect[] {
  if (dropped === 0) return [];
  return [{ do: 'storeNote', note: 'SCANS_DROPPED', detail: `${dropped} unreadable scans` }];
}

function show(
  state: GateState,
  words: Words,
  now: Now,
  timing: Timing,
  effects: readonly GateEffect[],
): GateStep {
  const next = { ...state, idleAtMs: now.monoMs + timing.messageMs };
  return finish(next, [...effects, { do: 'show', words }]);
}

function finish(state: GateState, effects: readonly GateEffect[]): GateStep {
  const noteAtMs = state.unreadable.dropped > 0 ? state.unreadable.windowEndsMs : null;
  const alarms = [state.closeAtMs, state.idleAtMs, noteAtMs].filter((at) => at !== null);
  return { state, effects, wakeAtMs: alarms.length === 0 ? null : Math.min(...alarms) };
}

function draftTap(
  event: Extract<GateEvent, { kind: 'scan' }>,
  verdict: Verdict,
  rules: Rules,
): TapDraft {
  const { text } = event;
  const readable = /^[\x20-\x7e]*$/.test(text) && text.length <= SCAN_BYTES_KEPT;
  return {
    verdict: verdict.verdict,
    reason: verdict.verdict === 'open' ? null : verdict.reason,
    scan: readable ? text : null,
    scanHex: readable ? null : hexOfLatin1(text.slice(0, SCAN_BYTES_KEPT)),
    scanBytes: text.length,
    line: rules.line,
    fareCents: rules.fareCents ?? null,
    trust: rules.trustVersion,
    deny: rules.denyVersion,
    tariff: rules.tariffVersion,
    clock: event.clock,
  };
}

function hexOfLatin1(text: string): string {
  let hex = '';
  for (let at = 0; at < text.length; at += 1) {
    hex += (text.charCodeAt(at) & 0xff).toString(16).padStart(2, '0');
  }
  return hex;
}

function useOf(code: TransitCode): Use {
  const { pass } = code;
  return {
    issuer: pass.issuer,
    account: pass.account,
    serial: pass.serial,
    counter: code.counter,
    expiresAtS: pass.issuedAtS + pass.lifetimeMin * 60,
    issuedAtS: pass.issuedAtS,
  };
}
