/**
 * What a wallet shows and does, decided from what it knows: which warnings stand over the code, when to
 * renew, how far a minute has gone. Pure: time, storage and network are passed in as plain values.
 */
import { TIME_STEP_S } from '@stile/protocol/payment-code.ts';

/** Gates take a code this much ahead and no more (trust list `skewS`, default). */
export const CLOCK_WRONG_S = 20;
/** A code is drawn anew so often; gates take it for 60 s. */
export const REDRAW_MS = 15_000;
/** How long an online code is good (settlement's `onlineCodeS`, default); the ring is full at that. */
export const ONLINE_CODE_S = 60;
/** Renewed when this share of its life is over, and whenever it is over altogether. */
const RENEW_AFTER = 0.25;
/** A seed is replaced when no more than this is left of its life: every week or so of use. */
const SEED_LEFT_S = 21 * 86_400;
const EXPIRES_SOON_S = 2 * 86_400;
const REFRESH_EVERY_MS = 5 * 60_000;
/** A network that comes back is not always announced. */
const REFRESH_OFFLINE_MS = 20_000;

export type WalletFacts = {
  /** On the phone's clock. */
  nowS: number;
  isOnline: boolean;
  pass: { issuedAtS: number; expiresAtS: number; allowance: number };
  /** Offline rides of a pass that settlement would issue now; null: it was not asked yet. */
  offered: number | null;
  /** The operator has revoked the key that signed the pass. */
  revoked: boolean;
  /** Settlement's clock less the phone's; null if they were never compared. */
  clockOffsetS: number | null;
  denied: { reason: string | null; debtCents: number } | null;
  /** Settlement's last refusal in the background; null after a success. */
  refusal: { code: string; message: string } | null;
  keyKind: 'platform' | 'page';
  /** The pass has ended for good: blocked, or the account is on another phone. */
  isEnded: boolean;
};

export type Warning =
  | { kind: 'ended' }
  | { kind: 'passExpired'; expiresAtS: number }
  | { kind: 'keyRevoked' }
  | { kind: 'noOfflineRides' }
  | { kind: 'denied'; reason: 'DEBT' | 'OPERATOR'; note: string; debtCents: number }
  | { kind: 'clockWrong'; aheadS: number }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'passEndsSoon'; expiresAtS: number }
  | { kind: 'keyInPage' };

/** Those that mean: a gate would refuse now, or soon for good. The others are for knowing. */
export function isGrave({ kind }: Warning): boolean {
  return kind !== 'passEndsSoon' && kind !== 'keyInPage';
}

/** In the order in which they matter; the first says why a gate would refuse now. */
export function warningsOf(facts: WalletFacts): Warning[] {
  // Nothing else matters then.
  if (facts.isEnded) return [{ kind: 'ended' }];
  const warnings: Warning[] = [];
  // Gates refuse it before they look at anything else of it.
  if (facts.revoked && facts.denied === null) warnings.push({ kind: 'keyRevoked' });
  const { pass, clockOffsetS, denied, refusal } = facts;
  // Gates go by the right time; a phone that knows how wrong it is goes by it too.
  const leftS = pass.expiresAtS - (facts.nowS + (clockOffsetS ?? 0));
  const isNothingBehind = facts.offered === 0 && (leftS < 0 || pass.allowance === 0);
  if (isNothingBehind && denied === null) warnings.push({ kind: 'noOfflineRides' });
  else if (leftS < 0) warnings.push({ kind: 'passExpired', expiresAtS: pass.expiresAtS });
  if (denied !== null) {
    const isDebt = denied.reason === 'DEBT';
    warnings.push({
      kind: 'denied',
      reason: isDebt ? 'DEBT' : 'OPERATOR',
      note: isDebt ? '' : (denied.reason ?? ''),
      debtCents: denied.debtCents,
    });
  }
  // A phone that is denied by itself has no session in which it could read so.
  const isPhoneDenied = denied === null && refusal?.code === 'ACCOUNT_DENIED';
  if (isPhoneDenied) warnings.push({ kind: 'denied', reason: 'OPERATOR', note: '', debtCents: 0 });
  if (isClockWrong(clockOffsetS)) warnings.push({ kind: 'clockWrong', aheadS: -clockOffsetS });
  // A denied account may not renew: that is said already, with what to do.
  if (refusal !== null && refusal.code !== 'ACCOUNT_DENIED') {
    warnings.push({ kind: 'refused', ...refusal });
  }
  if (leftS >= 0 && leftS < EXPIRES_SOON_S && !facts.isOnline) {
    warnings.push({ kind: 'passEndsSoon', expiresAtS: pass.expiresAtS });
  }
  if (facts.keyKind === 'page') warnings.push({ kind: 'keyInPage' });
  return warnings;
}

export function isClockWrong(offsetS: number | null): offsetS is number {
  return offsetS !== null && Math.abs(offsetS) > CLOCK_WRONG_S;
}

/** Settlement's clock less the phone's, from one request that left and came back at these instants. */
export function clockOffset(
  serverS: number,
  { sentAtMs, receivedAtMs }: { sentAtMs: number; receivedAtMs: number },
): number {
  // The server's second is cut off, so on average half of one is missing.
  return Math.round(serverS + 0.5 - (sentAtMs + receivedAtMs) / 2_000);
}

/** What time settlement has, as far as this phone knows; its own clock if they were never compared. */
export function serverNowMs(wallMs: number, view: { clockOffsetS: number | null } | null): number {
  return wallMs + (view?.clockOffsetS ?? 0) * 1000;
}

/**
 * `offered`, `revoked`: as in the facts. A pass that allows more is fetched at once, and so is one in the place of a
 * pass whose key was revoked; one that allows nothing never.
 */
export function isRenewalDue(
  pass: WalletFacts['pass'],
  { nowS, offered, revoked }: Pick<WalletFacts, 'nowS' | 'offered' | 'revoked'>,
): boolean {
  if (offered === 0) return false;
  if (revoked) return true;
  if (offered !== null && offered > pass.allowance) return true;
  const lifeS = pass.expiresAtS - pass.issuedAtS;
  return nowS > pass.issuedAtS + lifeS * RENEW_AFTER || nowS < pass.issuedAtS;
}

/** `isEnded`: settlement takes no code of it any more. */
export function isSeedDue(
  seed: { expiresAtS: number } | null,
  { nowS, isEnded }: { nowS: number; isEnded: boolean },
): boolean {
  return seed === null || isEnded || nowS > seed.expiresAtS - SEED_LEFT_S;
}

/** Whether a seed still makes codes that pay. */
export function isSeedGood(seed: { expiresAtS: number } | null, nowS: number): boolean {
  return seed !== null && nowS <= seed.expiresAtS;
}

/** How long the wallet waits before it asks settlement again, unless something calls it before. */
export function refreshWaitMs(isOnline: boolean): number {
  return isOnline ? REFRESH_EVERY_MS : REFRESH_OFFLINE_MS;
}

/** `endMs` is where the span ends that is `spanMs` long. */
export type TimeSpan = { nowMs: number; endMs: number; spanMs: number };

/** What is left of a span: 1 at its start, 0 at its end and after; and the seconds, rounded up. */
export function timeLeft({ nowMs, endMs, spanMs }: TimeSpan) {
  const leftMs = Math.min(spanMs, Math.max(0, endMs - nowMs));
  return { share: leftMs / spanMs, seconds: Math.ceil(leftMs / 1000) };
}

/** The instant at which the payment code of this instant ends. */
export function timeStepEndMs(nowMs: number): number {
  const stepMs = TIME_STEP_S * 1000;
  return (Math.floor(nowMs / stepMs) + 1) * stepMs;
}

/** Digits in groups that a person can read out: 7112 3456 7812 3456 7825. */
export function groupDigits(digits: string): string[] {
  return digits.match(/.{1,4}/g) ?? [];
}

/** Which page an address means. */
export type Route =
  | { page: 'ride' | 'pay' | 'money' | 'more' }
  | { page: 'order'; order: string }
  /** `row`: its id in the statement. */
  | { page: 'receipt'; row: string };

export function routeOf(hash: string): Route {
  const order = /^#\/order\/([A-Za-z0-9_-]{22})$/.exec(hash)?.[1];
  if (order !== undefined) return { page: 'order', order };
  const row = /^#\/receipt\/([\w:./-]{1,200})$/.exec(hash)?.[1];
  if (row !== undefined) return { page: 'receipt', row };
  const page = /^#\/(ride|pay|money|more)$/.exec(hash)?.[1] as 'ride' | undefined;
  return { page: page ?? 'ride' };
}
