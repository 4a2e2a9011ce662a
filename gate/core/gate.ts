/**
 * The gate's state machine: what it does when a code is scanned, a device comes or goes, a write
 * fails, or time passes. Pure: state, event and time in; state, effects and the next alarm out.
 *
 * Barrier. `closed`: a verdict of open moves it on. `open` until `closeAtMs`: another open verdict
 * extends it, the alarm closes it.
 * Presentation. The same text within `presentationMs` of its last sight is the same code still held
 * before the scanner, not a second use: it is neither judged nor stored again.
 * Ask. A payment or online code is asked about (ask.ts), one at a time; transit codes are judged as ever
 * meanwhile. In the log an ask has exactly one answer, and the next begins after it: one that could not
 * be stored is owed, and tried again.
 *
 * Effects are performed in order and the loop stops at the first that fails: `storeTap` or `storeAnswer`
 * stands before `open`, so a gate that has not put on disk why it opens does not open.
 */
import {
  ASK_REASON_WORDS,
  type AskReason,
  REASON_WORDS,
  type Reason,
  type Verdict,
} from '@stile/protocol/reasons.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Now } from '@stile/protocol/time.ts';
import type { Reading, TransitCode } from '@stile/protocol/transit-code.ts';
import { admit, type ClockState, type Facts, type Rules } from './admit.ts';
import {
  type AskEffect,
  type AskEnd,
  type AskResult,
  type AskState,
  type AskStep,
  type AskWay,
  askWakeAtMs,
  beginAsk,
  onAskResult,
  onAskTick,
  refusal,
} from './authorisation.ts';
import { draftTap, type TapDraft, type Use, useOf } from './tap.ts';

/** Unreadable scans that are stored within one window; more are counted and noted in one record. */
export const UNREADABLE_STORED_MAX = 50;
export const UNREADABLE_WINDOW_MS = 60_000;
/** Until an answer that could not be stored is tried again. */
export const OWED_RETRY_MS = 10_000;

export type Words = readonly [string, string];
export const IDLE_WORDS: Words = ['STILE', 'Hold your code here'];
export const OPEN_WORDS: Words = ['WELCOME', 'Please pass'];
export const ASKING_WORDS: Words = ['ONE MOMENT', 'Checking your code'];
const NOT_ANSWERED = refusal('NO_ANSWER');

export type Timing = {
  openMs: number;
  presentationMs: number;
  messageMs: number;
  /** How long one payment or online code may be asked about. */
  payBudgetMs: number;
};

export type GateState = {
  closeAtMs: number | null;
  /** What `closeAtMs` was before the last record, in case that cannot be stored. */
  closeAtMsBefore: number | null;
  idleAtMs: number | null;
  presentation: { text: string; untilMs: number } | null;
  unreadable: { windowEndsMs: number; stored: number; dropped: number };
  ask: AskState | null;
  /** When to try again to store the answer of an ask that has ended; null where none is owed. */
  owedAtMs: number | null;
};

export const GATE_START: GateState = {
  closeAtMs: null,
  closeAtMsBefore: null,
  idleAtMs: null,
  presentation: null,
  unreadable: { windowEndsMs: 0, stored: 0, dropped: 0 },
  ask: null,
  owedAtMs: null,
};

export type GateEvent =
  /** `askOpen`: the log ends an earlier life with an ask that has no answer. */
  | { kind: 'started'; askOpen: boolean }
  | {
      kind: 'scan';
      /** One character a byte (ISO 8859-1), so that nothing is lost or guessed. */
      text: string;
      reading: Reading<TransitCode>;
      /** Present exactly when the reading is ok. */
      facts: Facts | null;
      clock: ClockState;
    }
  | {
      kind: 'serverCode';
      text: string;
      way: AskWay;
      /** 16 random bytes as hex. */
      id: string;
      networkDown: boolean;
      barrierConnected: boolean;
    }
  | { kind: 'asked'; id: string; result: AskResult; barrierConnected: boolean; jitter: number }
  | { kind: 'storeFailed'; what: 'tap' | 'ask' | 'answer' }
  | { kind: 'barrierFailed'; ofSeq: number }
  | { kind: 'tick' }
  | { kind: 'stopping' };

export type GateEffect =
  | { do: 'storeTap'; tap: TapDraft; use: Use | null }
  | AskEffect
  /** Of the one ask that has none yet. */
  | { do: 'storeAnswer'; answer: AskEnd }
  | { do: 'storeVoid'; ofSeq: number }
  | { do: 'storeNote'; note: 'SCANS_DROPPED'; detail: string }
  | { do: 'open' }
  | { do: 'close' }
  | { do: 'show'; words: Words }
  | { do: 'report'; what: 'repeat' | 'dropped' }
  /** Refused without a question, so there is no record of it. */
  | { do: 'report'; what: 'unasked'; reason: AskReason };

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
    case 'started':
      return finish(state, [
        ...(event.askOpen ? [answer(NOT_ANSWERED)] : []),
        { do: 'show', words: IDLE_WORDS },
      ]);
    case 'scan':
      return onScan(state, event, now, rules, verify);
    case 'serverCode':
      return onServerCode(state, event, now, rules.timing);
    case 'asked':
      return onAsked(state, event, now, rules.timing);
    case 'storeFailed':
      return onStoreFailed(state, event.what, now, rules.timing);
    case 'barrierFailed':
      // The frame may have arrived all the same: the alarm that closes the arm stays.
      return show(state, REASON_WORDS.OUT_OF_ORDER, now, rules.timing, [
        { do: 'storeVoid', ofSeq: event.ofSeq },
      ]);
    case 'tick':
      return onTick(state, now, rules.timing);
    case 'stopping':
      // Nobody will be here to hear the answer; what it may have cost goes back.
      if (state.ask === null) return finish(state, []);
      return endAsk(state, { ask: null, effects: [], end: NOT_ANSWERED }, now, rules.timing);
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
  const draft = draftTap(event.text, verdict, rules, event.clock);
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

function onServerCode(
  state: GateState,
  event: Extract<GateEvent, { kind: 'serverCode' }>,
  now: Now,
  timing: Timing,
): GateStep {
  const { text } = event;
  const seen = state.presentation;
  const presentation = { text, untilMs: now.monoMs + timing.presentationMs };
  const stillShown = seen !== null && seen.text === text && now.monoMs < seen.untilMs;
  if (stillShown || state.ask?.question.code === text) {
    return finish({ ...state, presentation }, [{ do: 'report', what: 'repeat' }]);
  }
  const next = { ...state, presentation };
  if (!event.barrierConnected) return unasked(next, 'OUT_OF_ORDER', now, timing);
  // Not yet a presentation: where it is still held when the ask is over, it is asked about.
  if (state.ask !== null) return unasked(state, 'BUSY', now, timing);
  if (event.networkDown) return unasked(next, 'NO_NETWORK', now, timing);
  const question = { id: event.id, code: text, atMs: Math.round(now.wallMs) };
  const { ask, effects } = beginAsk(question, event.way, now.monoMs, timing.payBudgetMs);
  const owed = state.owedAtMs === null ? [] : [answer(NOT_ANSWERED)];
  return show({ ...withoutOwed(next), ask }, ASKING_WORDS, now, timing, [...owed, ...effects]);
}

/** Nothing is asked, so nothing is stored either: these words cost nobody anything. */
function unasked(state: GateState, reason: AskReason, now: Now, timing: Timing): GateStep {
  return show(state, ASK_REASON_WORDS[reason], now, timing, [
    { do: 'report', what: 'unasked', reason },
  ]);
}

function onAsked(
  state: GateState,
  event: Extract<GateEvent, { kind: 'asked' }>,
  now: Now,
  timing: Timing,
): GateStep {
  const { ask } = state;
  // Too late: this ask has ended, and what it may have cost goes back.
  if (ask === null || ask.question.id !== event.id) return finish(state, []);
  const { result, barrierConnected, jitter } = event;
  const step = onAskResult(ask, result, now.monoMs, barrierConnected, jitter);
  return endAsk(state, step, now, timing);
}

/** What an ask's step means for the gate: it goes on, or it is answered and perhaps opened for. */
function endAsk(state: GateState, step: AskStep, now: Now, timing: Timing): GateStep {
  const { ask, effects, end } = step;
  if (end === null) return finish({ ...state, ask }, effects);
  const { presentation } = state;
  // The rider looks at the words now, and may hold the code a moment longer than they take.
  const untilMs = now.monoMs + timing.presentationMs;
  const held = presentation !== null && presentation.text === state.ask?.question.code;
  const next = {
    ...state,
    ask,
    presentation: held ? { ...presentation, untilMs } : presentation,
    closeAtMsBefore: state.closeAtMs,
  };
  const opened = { ...next, closeAtMs: now.monoMs + timing.openMs };
  const ended =
    end.verdict === 'open'
      ? show(opened, OPEN_WORDS, now, timing, [answer(end), { do: 'open' }])
      : show(next, ASK_REASON_WORDS[end.reason], now, timing, [answer(end)]);
  return { ...ended, effects: [...ended.effects, ...effects] };
}

/** What is not on disk gets nothing: not even a longer stay of an arm that is already up. */
function onStoreFailed(
  state: GateState,
  what: 'tap' | 'ask' | 'answer',
  now: Now,
  timing: Timing,
): GateStep {
  const next = { ...state, closeAtMs: state.closeAtMsBefore };
  if (what !== 'tap') next.ask = null;
  if (what === 'answer') next.owedAtMs = now.monoMs + OWED_RETRY_MS;
  return show(next, REASON_WORDS.STORAGE_FAILED, now, timing, []);
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

function onTick(state: GateState, now: Now, timing: Timing): GateStep {
  const effects: GateEffect[] = [];
  let next = state;
  if (next.closeAtMs !== null && now.monoMs >= next.closeAtMs) {
    effects.push({ do: 'close' });
    next = { ...next, closeAtMs: null };
  }
  if (next.idleAtMs !== null && now.monoMs >= next.idleAtMs) {
    effects.push({ do: 'show', words: next.ask === null ? IDLE_WORDS : ASKING_WORDS });
    next = { ...next, idleAtMs: null };
  }
  if (next.unreadable.dropped > 0 && now.monoMs >= next.unreadable.windowEndsMs) {
    effects.push(...noteDropped(next.unreadable.dropped));
    next = { ...next, unreadable: { ...next.unreadable, dropped: 0 } };
  }
  if (next.owedAtMs !== null && now.monoMs >= next.owedAtMs) {
    effects.push(answer(NOT_ANSWERED));
    next = withoutOwed(next);
  }
  if (next.ask === null) return finish(next, effects);
  const step = endAsk(next, onAskTick(next.ask, now.monoMs), now, timing);
  return { ...step, effects: [...effects, ...step.effects] };
}

function answer(end: AskEnd): GateEffect {
  return { do: 'storeAnswer', answer: end };
}

/** Before an owed answer or an ask is stored: if that fails, the arm stays as it is now. */
function withoutOwed(state: GateState): GateState {
  return { ...state, owedAtMs: null, closeAtMsBefore: state.closeAtMs };
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
  const askAtMs = state.ask === null ? null : askWakeAtMs(state.ask);
  const { closeAtMs, idleAtMs, owedAtMs } = state;
  const alarms = [closeAtMs, idleAtMs, noteAtMs, askAtMs, owedAtMs].filter((at) => at !== null);
  return { state, effects, wakeAtMs: alarms.length === 0 ? null : Math.min(...alarms) };
}
