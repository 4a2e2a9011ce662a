/**
 * What the gate's state machine is made of: its state, what happens to it, what it has done, and the words
 * on its display. Data only; gate.ts has the steps.
 */
import type { Sha256 } from '@stile/protocol/bytes.ts';
import type { AuthorisationReason } from '@stile/protocol/reasons.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Now } from '@stile/protocol/time.ts';
import type { Reading, TransitCode } from '@stile/protocol/transit-code.ts';
import type { ClockState, Facts, Rules } from './admit.ts';
import type {
  AttemptResult,
  AuthorisationEffect,
  AuthorisationEnd,
  AuthorisationMethod,
  OpenAuthorisation,
} from './authorisation.ts';
import type { TapDraft, Use } from './tap.ts';

export type Words = readonly [string, string];
export const IDLE_WORDS: Words = ['STILE', 'Hold your code here'];
export const OPEN_WORDS: Words = ['WELCOME', 'Please pass'];
export const CHECKING_WORDS: Words = ['ONE MOMENT', 'Checking your code'];

export type Timing = {
  openMs: number;
  presentationMs: number;
  messageMs: number;
  /** How long one payment or online code may take to be authorised. */
  payBudgetMs: number;
};

/** One at a time; the next begins when the one before has its answer in the log. */
export type AuthorisationState =
  | { kind: 'none' }
  | OpenAuthorisation
  /** It has ended, but its answer could not be stored: that is tried again. */
  | { kind: 'answerMissing'; retryAtMs: number };

export type GateState = {
  closeAtMs: number | null;
  /** What `closeAtMs` was before the last record, in case that cannot be stored. */
  closeAtMsBefore: number | null;
  idleAtMs: number | null;
  presentation: { text: string; untilMs: number } | null;
  unreadable: { windowEndsMs: number; stored: number; dropped: number };
  authorisation: AuthorisationState;
};

export const NO_AUTHORISATION: AuthorisationState = { kind: 'none' };

export const GATE_START: GateState = {
  closeAtMs: null,
  closeAtMsBefore: null,
  idleAtMs: null,
  presentation: null,
  unreadable: { windowEndsMs: 0, stored: 0, dropped: 0 },
  authorisation: NO_AUTHORISATION,
};

export type GateEvent =
  /** `answerMissing`: the log of an earlier life ends with an ask that has no answer. */
  | { kind: 'started'; answerMissing: boolean }
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
      /** `MISREAD`: its check digits do not fit. */
      method: AuthorisationMethod | 'MISREAD';
      /** 16 random bytes as hex. */
      id: string;
      networkDown: boolean;
      barrierConnected: boolean;
    }
  | {
      kind: 'attemptEnded';
      id: string;
      result: AttemptResult;
      barrierConnected: boolean;
      /** Uniform in [0, 1). */
      jitter: number;
    }
  | { kind: 'storeFailed'; what: 'tap' | 'ask' | 'answer' }
  | { kind: 'barrierFailed'; ofSeq: number }
  | { kind: 'tick' }
  | { kind: 'stopping' };

export type GateEffect =
  | { do: 'storeTap'; tap: TapDraft; use: Use | null }
  | AuthorisationEffect
  /** Of the one ask that has none yet. */
  | { do: 'storeAnswer'; answer: AuthorisationEnd }
  | { do: 'storeVoid'; ofSeq: number }
  | { do: 'storeNote'; note: 'SCANS_DROPPED'; detail: string }
  | { do: 'open' }
  | { do: 'close' }
  | { do: 'show'; words: Words }
  | { do: 'report'; what: 'repeat' | 'dropped' }
  /** Refused without an authorisation, so there is no record of it. */
  | { do: 'report'; what: 'unasked'; reason: AuthorisationReason };

export type GateStep = {
  state: GateState;
  effects: readonly GateEffect[];
  wakeAtMs: number | null;
};

export type GateRules = Rules & { timing: Timing };

/** What every step is given besides the event. */
export type GateContext = { now: Now; rules: GateRules; verify: Verify; sha256: Sha256 };
