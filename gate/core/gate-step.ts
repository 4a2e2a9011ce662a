/**
 * What the steps of the gate's state machine end with: words on the display, an arm that opens, the next
 * alarm; and how a presentation is told from the one before.
 */
import { authorisationWakeAtMs } from './authorisation.ts';
import {
  type GateContext,
  type GateEffect,
  type GateState,
  type GateStep,
  OPEN_WORDS,
  type Words,
} from './gate-state.ts';

export function isStillShown(
  { presentation }: GateState,
  text: string,
  { now }: GateContext,
): boolean {
  return presentation?.text === text && now.monoMs < presentation.untilMs;
}

export function presentationOf(text: string, { now, rules }: GateContext) {
  return { text, untilMs: now.monoMs + rules.timing.presentationMs };
}

/** A state with the effects that come before. */
type Done = { state: GateState; effects: readonly GateEffect[] };

export function open({ state, effects }: Done, context: GateContext): GateStep {
  const { now, rules } = context;
  const opened = { ...state, closeAtMs: now.monoMs + rules.timing.openMs };
  return show({ state: opened, effects: [...effects, { do: 'open' }] }, OPEN_WORDS, context);
}

export function show(
  { state, effects }: Done,
  words: Words,
  { now, rules }: GateContext,
): GateStep {
  const next = { ...state, idleAtMs: now.monoMs + rules.timing.messageMs };
  return finish(next, [...effects, { do: 'show', words }]);
}

export function finish(state: GateState, effects: readonly GateEffect[]): GateStep {
  const noteAtMs = state.unreadable.dropped > 0 ? state.unreadable.windowEndsMs : null;
  const { closeAtMs, idleAtMs, authorisation } = state;
  const alarms = [closeAtMs, idleAtMs, noteAtMs, authorisationAtMs(authorisation)];
  const set = alarms.filter((at) => at !== null);
  return { state, effects, wakeAtMs: set.length === 0 ? null : Math.min(...set) };
}

function authorisationAtMs(authorisation: GateState['authorisation']): number | null {
  switch (authorisation.kind) {
    case 'none':
      return null;
    case 'open':
      return authorisationWakeAtMs(authorisation);
    case 'answerMissing':
      return authorisation.retryAtMs;
  }
}
