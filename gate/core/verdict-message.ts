/**
 * What a gate says on its verdict port of what has just happened (hardware/README.md §5): derived from the
 * event and the effects that were performed for it, so no decision has to remember to say anything.
 */
import type { Sha256 } from '@stile/protocol/bytes.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { AUTHORISATION_REASON_WORDS, REASON_WORDS } from '@stile/protocol/reasons.ts';
import type { AuthorisationEnd } from './authorisation.ts';
import {
  CHECKING_WORDS,
  type GateEffect,
  type GateEvent,
  type GateState,
  OPEN_WORDS,
  type Words,
} from './gate-state.ts';
import type { TapDraft } from './tap.ts';

/** Enough to tell scans apart, too little to be one. */
const DIGEST_BYTES = 8;

export type VerdictMessage = {
  scan: string | null;
  verdict: 'open' | 'refuse' | 'asking' | 'repeat';
  reason: string | null;
  words: Words;
  openMs: number;
};

export type Happened = {
  /** The state before the step. */
  state: GateState;
  event: GateEvent;
  effects: readonly GateEffect[];
};

/** Undefined if nobody has been given an answer by it. */
export function verdictMessageOf(
  { state, event, effects }: Happened,
  { openMs, sha256 }: { openMs: number; sha256: Sha256 },
): VerdictMessage | undefined {
  const said = answerOf({ state, event, effects });
  if (said === undefined) return undefined;
  const text = textOf(state, event);
  const scan = text === null ? null : digestOf(text, sha256);
  return { scan, ...said, openMs: said.verdict === 'open' ? openMs : 0 };
}

type Said = Pick<VerdictMessage, 'verdict' | 'reason' | 'words'>;

function answerOf({ state, event, effects }: Happened): Said | undefined {
  // These come instead of what was about to be said.
  if (event.kind === 'storeFailed') return refused('STORAGE_FAILED', REASON_WORDS.STORAGE_FAILED);
  if (event.kind === 'barrierFailed') return refused('OUT_OF_ORDER', REASON_WORDS.OUT_OF_ORDER);
  for (const effect of effects) {
    const said = sayOf(effect, event);
    if (said !== undefined) return said;
    // An answer is of the authorisation that was open; another one is made up for after a crash.
    const isOfOpen = state.authorisation.kind === 'open';
    if (effect.do === 'storeAnswer' && isOfOpen) return sayEnd(effect.answer);
  }
  return undefined;
}

function sayOf(effect: GateEffect, event: GateEvent): Said | undefined {
  if (effect.do === 'storeTap') return sayTap(effect.tap);
  if (effect.do === 'authorise' && event.kind === 'serverCode') {
    return { verdict: 'asking', reason: null, words: CHECKING_WORDS };
  }
  if (effect.do !== 'report') return undefined;
  if (effect.what === 'repeat') return { verdict: 'repeat', reason: null, words: ['', ''] };
  if (effect.what === 'unasked') {
    return refused(effect.reason, AUTHORISATION_REASON_WORDS[effect.reason]);
  }
  if (event.kind !== 'scan' || event.reading.ok) return undefined;
  return refused(event.reading.reason, REASON_WORDS[event.reading.reason]);
}

function sayTap({ verdict, reason }: TapDraft): Said {
  return verdict === 'open' || reason === null ? OPENED : refused(reason, REASON_WORDS[reason]);
}

function sayEnd(answer: AuthorisationEnd): Said {
  if (answer.verdict === 'open') return OPENED;
  return refused(answer.reason, AUTHORISATION_REASON_WORDS[answer.reason]);
}

const OPENED: Said = { verdict: 'open', reason: null, words: OPEN_WORDS };

function refused(reason: string, words: Words): Said {
  return { verdict: 'refuse', reason, words };
}

function textOf({ authorisation, presentation }: GateState, event: GateEvent): string | null {
  if (event.kind === 'scan' || event.kind === 'serverCode') return event.text;
  if (event.kind !== 'storeFailed' && authorisation.kind === 'open') {
    if (event.kind !== 'barrierFailed') return authorisation.request.code;
  }
  return presentation?.text ?? null;
}

function digestOf(text: string, sha256: Sha256): string {
  const bytes = Uint8Array.from(text, (char) => char.charCodeAt(0));
  return toHex(sha256(bytes).subarray(0, DIGEST_BYTES));
}
