/**
 * The gate's state machine: what it does when a code is scanned, a device comes or goes, a write
 * fails, or time passes. Pure: state, event and time in; state, effects and the next alarm out.
 *
 * Barrier. `closed`: a verdict of open moves it on. `open` until `closeAtMs`: another open verdict
 * extends it, the alarm closes it.
 * Presentation. The same text within `presentationMs` of its last sight is the same code still held
 * before the scanner, not a second use: it is neither judged nor stored again.
 * Authorisation. A payment or online code is authorised by settlement (authorisation.ts), one at a time;
 * transit codes are judged as ever meanwhile. In the log an ask has exactly one answer, and the next
 * begins after it: one that could not be stored is tried again.
 *
 * Effects are performed in order and the loop stops at the first that fails: `storeTap` or `storeAnswer`
 * stands before `open`, so a gate that has not put on disk why it opens does not open.
 */
import {
  AUTHORISATION_REASON_WORDS,
  type AuthorisationReason,
  REASON_WORDS,
  type Reason,
  type Verdict,
} from '@stile/protocol/reasons.ts';
import { admit } from './admit.ts';
import {
  type AuthorisationEnd,
  type AuthorisationStep,
  beginAuthorisation,
  onAttemptResult,
  onAuthorisationTick,
  refusal,
} from './authorisation.ts';
import {
  CHECKING_WORDS,
  type GateContext,
  type GateEffect,
  type GateEvent,
  type GateState,
  type GateStep,
  IDLE_WORDS,
  NO_AUTHORISATION,
} from './gate-state.ts';
import { finish, isStillShown, open, presentationOf, show } from './gate-step.ts';
import { draftTap, type TapDraft, useOf } from './tap.ts';

/** Unreadable scans that are stored within one window; more are counted and noted in one record. */
export const UNREADABLE_STORED_MAX = 50;
export const UNREADABLE_WINDOW_MS = 60_000;
/** Until an answer that could not be stored is tried again. */
export const ANSWER_RETRY_MS = 10_000;

const NOT_ANSWERED = refusal('NO_ANSWER');

export function step(state: GateState, event: GateEvent, context: GateContext): GateStep {
  switch (event.kind) {
    case 'started':
      return finish(state, [
        ...(event.answerMissing ? [storeAnswer(NOT_ANSWERED)] : []),
        { do: 'show', words: IDLE_WORDS },
      ]);
    case 'scan':
      return onScan(state, event, context);
    case 'serverCode':
      return onServerCode(state, event, context);
    case 'attemptEnded':
      return onAttemptEnded(state, event, context);
    case 'storeFailed':
      return onStoreFailed(state, event.what, context);
    case 'barrierFailed':
      // The frame may have arrived all the same: the alarm that closes the arm stays.
      return show(
        { state, effects: [{ do: 'storeVoid', ofSeq: event.ofSeq }] },
        REASON_WORDS.OUT_OF_ORDER,
        context,
      );
    case 'tick':
      return onTick(state, context);
    case 'stopping':
      // Nobody will be here to hear the answer; what it may have cost goes back.
      if (state.authorisation.kind !== 'open') return finish(state, []);
      return onAuthorisation(state, { open: null, effects: [], end: NOT_ANSWERED }, context);
  }
}

function onScan(
  state: GateState,
  event: Extract<GateEvent, { kind: 'scan' }>,
  context: GateContext,
): GateStep {
  const { now, rules, verify, sha256 } = context;
  const presentation = presentationOf(event.text, context);
  if (isStillShown(state, event.text, context)) {
    return finish({ ...state, presentation }, [{ do: 'report', what: 'repeat' }]);
  }
  const { reading, facts } = event;
  const verdict: Verdict =
    reading.ok && facts !== null
      ? admit(reading.value, facts, { rules, now, verify })
      : { verdict: 'refuse', reason: reading.ok ? 'STORAGE_FAILED' : reading.reason };
  const next = { ...state, presentation, closeAtMsBefore: state.closeAtMs };
  const tap = draftTap(event.text, verdict, { rules, clock: event.clock, sha256 });
  if (verdict.verdict === 'open' && reading.ok) {
    const use = useOf(reading.value);
    const effects: GateEffect[] = [{ do: 'storeTap', tap, use }];
    return open({ state: next, effects }, context);
  }
  const reason: Reason = verdict.verdict === 'refuse' ? verdict.reason : 'STORAGE_FAILED';
  if (!reading.ok) return onUnreadable(next, { tap, reason }, context);
  return show(
    { state: next, effects: [{ do: 'storeTap', tap, use: null }] },
    REASON_WORDS[reason],
    context,
  );
}

function onServerCode(
  state: GateState,
  event: Extract<GateEvent, { kind: 'serverCode' }>,
  context: GateContext,
): GateStep {
  const { text, id, method } = event;
  const { now, rules } = context;
  const { authorisation } = state;
  const isOpen = authorisation.kind === 'open';
  const presentation = presentationOf(text, context);
  const isOpenForThis = isOpen && authorisation.request.code === text;
  if (isStillShown(state, text, context) || isOpenForThis) {
    return finish({ ...state, presentation }, [{ do: 'report', what: 'repeat' }]);
  }
  const next = { ...state, presentation };
  // Settlement would count it as a guess.
  if (method === 'MISREAD') return refuseAtOnce(next, 'CODE_MISREAD', context);
  if (!event.barrierConnected) return refuseAtOnce(next, 'OUT_OF_ORDER', context);
  // Not yet a presentation: if it is still held when the one before is over, its turn comes.
  if (isOpen) return refuseAtOnce(state, 'BUSY', context);
  if (event.networkDown) return refuseAtOnce(next, 'NO_NETWORK', context);
  const request = { id, code: text, atMs: Math.round(now.wallMs) };
  const budgetMs = rules.timing.payBudgetMs;
  const begun = beginAuthorisation(request, { method, monoMs: now.monoMs, budgetMs });
  const effects = [...retryAnswer(state), ...begun.effects];
  return show(
    { state: { ...withoutAuthorisation(next), authorisation: begun.open }, effects },
    CHECKING_WORDS,
    context,
  );
}

/** Settlement hears nothing of it, so nothing is stored either: these words cost nobody anything. */
function refuseAtOnce(
  state: GateState,
  reason: AuthorisationReason,
  context: GateContext,
): GateStep {
  const effects: GateEffect[] = [{ do: 'report', what: 'unasked', reason }];
  return show({ state, effects }, AUTHORISATION_REASON_WORDS[reason], context);
}

function onAttemptEnded(
  state: GateState,
  event: Extract<GateEvent, { kind: 'attemptEnded' }>,
  context: GateContext,
): GateStep {
  const { authorisation } = state;
  // Too late: this authorisation has ended, and what it may have cost goes back.
  if (authorisation.kind !== 'open' || authorisation.request.id !== event.id) {
    return finish(state, []);
  }
  const { result, barrierConnected, jitter } = event;
  const { monoMs } = context.now;
  const facts = { monoMs, barrierConnected, jitter };
  return onAuthorisation(state, onAttemptResult(authorisation, result, facts), context);
}

/** What an authorisation's step means for the gate: it goes on, or it is answered and perhaps opened for. */
function onAuthorisation(
  state: GateState,
  { open: authorisation, effects, end }: AuthorisationStep,
  context: GateContext,
): GateStep {
  if (end === null) return finish({ ...state, authorisation }, effects);
  const next = {
    ...state,
    presentation: presentationAfter(state, context),
    closeAtMsBefore: state.closeAtMs,
    authorisation: NO_AUTHORISATION,
  };
  const before = { state: next, effects: [storeAnswer(end)] };
  const done =
    end.verdict === 'open'
      ? open(before, context)
      : show(before, AUTHORISATION_REASON_WORDS[end.reason], context);
  return { ...done, effects: [...done.effects, ...effects] };
}

/** The rider looks at the words now, and may hold the code a moment longer than they take. */
function presentationAfter(state: GateState, context: GateContext): GateState['presentation'] {
  const { presentation, authorisation } = state;
  const code = authorisation.kind === 'open' ? authorisation.request.code : undefined;
  if (presentation === null || presentation.text !== code) return presentation;
  return presentationOf(code, context);
}

/** What is not on disk gets nothing: not even a longer stay of an arm that is already up. */
function onStoreFailed(
  state: GateState,
  what: 'tap' | 'ask' | 'answer',
  context: GateContext,
): GateStep {
  const next = { ...state, closeAtMs: state.closeAtMsBefore };
  if (what === 'ask') next.authorisation = NO_AUTHORISATION;
  if (what === 'answer') {
    const retryAtMs = context.now.monoMs + ANSWER_RETRY_MS;
    next.authorisation = { kind: 'answerMissing', retryAtMs };
  }
  return show({ state: next, effects: [] }, REASON_WORDS.STORAGE_FAILED, context);
}

/** Noise from the scanner must not fill the disk: beyond a budget scans are counted, not stored. */
function onUnreadable(
  state: GateState,
  { tap, reason }: { tap: TapDraft; reason: Reason },
  context: GateContext,
): GateStep {
  const { monoMs } = context.now;
  const fresh = monoMs >= state.unreadable.windowEndsMs;
  const before = fresh
    ? { windowEndsMs: monoMs + UNREADABLE_WINDOW_MS, stored: 0, dropped: 0 }
    : state.unreadable;
  const effects: GateEffect[] = fresh ? noteDropped(state.unreadable.dropped) : [];
  const words = REASON_WORDS[reason];
  if (before.stored >= UNREADABLE_STORED_MAX) {
    const unreadable = { ...before, dropped: before.dropped + 1 };
    effects.push({ do: 'report', what: 'dropped' });
    return show({ state: { ...state, unreadable }, effects }, words, context);
  }
  const unreadable = { ...before, stored: before.stored + 1 };
  effects.push({ do: 'storeTap', tap, use: null });
  return show({ state: { ...state, unreadable }, effects }, words, context);
}

function onTick(state: GateState, context: GateContext): GateStep {
  const { monoMs } = context.now;
  const effects: GateEffect[] = [];
  let next = state;
  if (next.closeAtMs !== null && monoMs >= next.closeAtMs) {
    effects.push({ do: 'close' });
    next = { ...next, closeAtMs: null };
  }
  const { authorisation } = next;
  if (next.idleAtMs !== null && monoMs >= next.idleAtMs) {
    effects.push({
      do: 'show',
      words: authorisation.kind === 'open' ? CHECKING_WORDS : IDLE_WORDS,
    });
    next = { ...next, idleAtMs: null };
  }
  if (next.unreadable.dropped > 0 && monoMs >= next.unreadable.windowEndsMs) {
    effects.push(...noteDropped(next.unreadable.dropped));
    next = { ...next, unreadable: { ...next.unreadable, dropped: 0 } };
  }
  if (authorisation.kind === 'answerMissing' && monoMs >= authorisation.retryAtMs) {
    effects.push(...retryAnswer(next));
    next = withoutAuthorisation(next);
  }
  if (authorisation.kind !== 'open') return finish(next, effects);
  const done = onAuthorisation(next, onAuthorisationTick(authorisation, monoMs), context);
  return { ...done, effects: [...effects, ...done.effects] };
}

function storeAnswer(answer: AuthorisationEnd): GateEffect {
  return { do: 'storeAnswer', answer };
}

function retryAnswer({ authorisation }: GateState): GateEffect[] {
  return authorisation.kind === 'answerMissing' ? [storeAnswer(NOT_ANSWERED)] : [];
}

/** Before a missing answer or an ask is stored: if that fails, the arm stays as it is now. */
function withoutAuthorisation(state: GateState): GateState {
  return { ...state, authorisation: NO_AUTHORISATION, closeAtMsBefore: state.closeAtMs };
}

function noteDropped(dropped: number): GateEffect[] {
  if (dropped === 0) return [];
  return [{ do: 'storeNote', note: 'SCANS_DROPPED', detail: `${dropped} unreadable scans` }];
}
