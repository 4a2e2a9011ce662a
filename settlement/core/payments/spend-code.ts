/**
 * What a presented payment or online code turns out to be, and what its presentation uses up: a good code is
 * spent whatever then comes of it, or whoever overheard it would try a smaller amount; a wrong password
 * counts against its handle and, in the end, locks it.
 */
import type { PaymentReason } from '@stile/protocol/payment.ts';
import type { CodeChange, SealedSeed } from './payment-changes.ts';
import { isPausing, type PayeeFailures, type PaymentLimits } from './payment-rules.ts';

/** What was presented, as far as it can be judged without the database. */
export type Presented =
  /**
   * `timeStep`: whose one-time password matched; null: none did, or the handle is unknown. `strayStep`:
   * one matched that is too far away to be good: the phone's clock is off, or the code is old.
   */
  | { way: 'PAYMENT_CODE'; handle: string; timeStep: number | null; strayStep?: number | null }
  | { way: 'ONLINE_CODE'; codeHash: string };

export type SeedFacts = SealedSeed & {
  expiresAtMs: number;
  confirmedAtMs: number | null;
  endedAtMs: number | null;
  failures: number;
  paidCents: number;
};

export type OnlineCodeFacts = {
  account: string;
  serial: number;
  expiresAtMs: number;
  state: 'live' | 'used' | 'ended';
  /** Most that the rider has made it for; null: nothing was said. */
  boundCents: number | null;
};

/** What is known of the presented code; null: nothing is. */
export type CodeFacts =
  | {
      way: 'PAYMENT_CODE';
      seed: SeedFacts | null;
      /** The presented time step, or the stray one, was spent before. */
      isSpent: boolean;
      /** Handles of the same phone that have not ended, this one included. */
      phoneHandles: readonly string[];
    }
  | { way: 'ONLINE_CODE'; code: OnlineCodeFacts | null };

/** Whose code it was, once it is good. */
export type Payer = {
  account: string;
  serial: number;
  handle: string | null;
  /** Paid with this handle so far; 0 for other methods. */
  handleCents: number;
  /** Most that the rider has made the code for; null: nothing was said. */
  boundCents: number | null;
};

/** What the presented code turned out to be. `locked`: its handle was ended for wrong passwords. */
export type CodeState = 'good' | 'unknown' | 'locked' | 'clockOff' | 'expired' | 'used';

export type CodeJudgement = {
  /** Why it pays nothing; null if it is good. */
  reason: PaymentReason | null;
  payer: Payer | null;
  changes: readonly CodeChange[];
};

/**
 * Judges a presented code and spends it. A payee that has to pause after wrong codes is refused before its
 * code is looked at, so that its code stays good elsewhere and a moment later.
 */
export function spendCode(
  presented: Presented,
  facts: { code: CodeFacts; payee: string; payeeFailures: PayeeFailures },
  { limits, nowMs }: { limits: PaymentLimits; nowMs: number },
): CodeJudgement {
  if (isPausing(facts.payeeFailures, { limits, nowMs })) {
    return { reason: 'TOO_MANY_TRIES', payer: null, changes: [] };
  }
  const { state, payer, changes } = judge(presented, facts.code, { limits, nowMs });
  const reason = REASON_OF[state];
  if (reason !== 'CODE_REFUSED') return { reason, payer, changes };
  const { way } = presented;
  const failure = { kind: 'addCodeFailure', payee: facts.payee, way, atMs: nowMs } as const;
  return { reason, payer, changes: [...changes, failure] };
}

const REASON_OF: Readonly<Record<CodeState, PaymentReason | null>> = {
  good: null,
  locked: 'TOO_MANY_TRIES',
  unknown: 'CODE_REFUSED',
  clockOff: 'CLOCK_OFF',
  expired: 'CODE_EXPIRED',
  used: 'CODE_USED',
};

type Judged = { state: CodeState; payer: Payer | null; changes: readonly CodeChange[] };

function judge(
  presented: Presented,
  facts: CodeFacts,
  at: { limits: PaymentLimits; nowMs: number },
): Judged {
  if (facts.way === 'PAYMENT_CODE' && presented.way === 'PAYMENT_CODE') {
    return judgePaymentCode(presented, facts, at);
  }
  if (facts.way === 'ONLINE_CODE' && presented.way === 'ONLINE_CODE') {
    return judgeOnlineCode(presented.codeHash, facts.code, at);
  }
  return refused('unknown');
}

function judgePaymentCode(
  { timeStep, strayStep = null }: Extract<Presented, { way: 'PAYMENT_CODE' }>,
  { seed, isSpent, phoneHandles }: Extract<CodeFacts, { way: 'PAYMENT_CODE' }>,
  { limits, nowMs }: { limits: PaymentLimits; nowMs: number },
): Judged {
  if (seed === null) return refused('unknown');
  if (seed.failures >= limits.handleFailuresMax) return refused('locked');
  if (seed.endedAtMs !== null || seed.expiresAtMs < nowMs) return refused('unknown');
  const { handle, account, serial, paidCents } = seed;
  if (timeStep === null) {
    if (strayStep === null) return refused('unknown', countFailure(seed, { limits, nowMs }));
    if (isSpent) return refused('used');
    // No guess, so it counts against nobody; spent, because it may be a step that is still to come.
    return refused('clockOff', [{ kind: 'spendTimeStep', handle, timeStep: strayStep }]);
  }
  if (isSpent) return refused('used');
  return {
    state: 'good',
    payer: { account, serial, handle, handleCents: paidCents, boundCents: null },
    changes: [
      { kind: 'spendTimeStep', handle, timeStep },
      ...confirmSeed(seed, { phoneHandles, nowMs }),
    ],
  };
}

/** A wrong password counts; the last one that is allowed ends the handle. */
function countFailure(
  { handle, failures }: SeedFacts,
  { limits, nowMs }: { limits: PaymentLimits; nowMs: number },
): CodeChange[] {
  const counted: CodeChange = { kind: 'setHandleFailures', handle, failures: failures + 1 };
  if (failures + 1 < limits.handleFailuresMax) return [counted];
  return [counted, { kind: 'endSeed', handle, atMs: nowMs }];
}

/** The phone has this seed: its others end. Nothing if that is known already. */
export function confirmSeed(
  { handle, confirmedAtMs }: Pick<SeedFacts, 'handle' | 'confirmedAtMs'>,
  { phoneHandles, nowMs }: { phoneHandles: readonly string[]; nowMs: number },
): CodeChange[] {
  if (confirmedAtMs !== null) return [];
  const others = phoneHandles.filter((other) => other !== handle);
  return [
    { kind: 'confirmSeed', handle, atMs: nowMs },
    ...others.map((other) => ({ kind: 'endSeed', handle: other, atMs: nowMs }) as const),
  ];
}

function judgeOnlineCode(
  codeHash: string,
  code: OnlineCodeFacts | null,
  { nowMs }: { nowMs: number },
): Judged {
  if (code === null) return refused('unknown');
  if (code.state === 'used') return refused('used');
  if (code.state === 'ended' || code.expiresAtMs < nowMs) return refused('expired');
  const { account, serial, boundCents } = code;
  return {
    state: 'good',
    payer: { account, serial, handle: null, handleCents: 0, boundCents },
    changes: [{ kind: 'setOnlineCodeState', codeHash, state: 'used' }],
  };
}

function refused(state: CodeState, changes: readonly CodeChange[] = []): Judged {
  return { state, payer: null, changes };
}
