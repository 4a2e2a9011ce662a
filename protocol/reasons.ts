/**
 * Why a gate refuses, in order of precedence: when several apply, the first is the verdict.
 * These names are public and stable (protocol/README.md §6); logs, displays and rulings all use them.
 */
export const REASONS = [
  'MALFORMED',
  'UNSUPPORTED_VERSION',
  'KEY_UNKNOWN',
  'KEY_EXPIRED',
  'CLOCK_UNKNOWN',
  'PASS_NOT_YET_VALID',
  'PASS_EXPIRED',
  'CODE_EXPIRED',
  'CODE_FROM_FUTURE',
  'LISTS_EXPIRED',
  'LISTS_STALE',
  'WRONG_SCOPE',
  'UNSUPPORTED_PRODUCT',
  'DENIED',
  'REPLAY',
  'ALLOWANCE_USED',
  'PASSBACK',
  'OVER_CEILING',
  'BAD_ISSUER_SIGNATURE',
  'BAD_DEVICE_SIGNATURE',
  'OUT_OF_ORDER',
  'STORAGE_FAILED',
] as const;

export type Reason = (typeof REASONS)[number];

/** A gate's decision about one presentation. */
export type Verdict = { verdict: 'open' } | { verdict: 'refuse'; reason: Reason };

/** What a rider reads: what happened, and what to do (two lines of a 2 × 20 pole display). */
export const REASON_WORDS: Readonly<Record<Reason, readonly [string, string]>> = {
  MALFORMED: ['CODE NOT READABLE', 'Hold still and retry'],
  UNSUPPORTED_VERSION: ['UNKNOWN CODE TYPE', 'Update your app'],
  KEY_UNKNOWN: ['PASS NOT KNOWN HERE', 'Ask the staff'],
  KEY_EXPIRED: ['PASS TOO OLD', 'Go online, renew it'],
  CLOCK_UNKNOWN: ['GATE CLOCK NOT SET', 'Use another gate'],
  PASS_NOT_YET_VALID: ['PASS NOT VALID YET', 'Check phone clock'],
  PASS_EXPIRED: ['PASS EXPIRED', 'Go online, renew it'],
  CODE_EXPIRED: ['CODE TOO OLD', 'Refresh the code'],
  CODE_FROM_FUTURE: ['PHONE CLOCK WRONG', 'Set it to automatic'],
  LISTS_EXPIRED: ['GATE OUT OF DATE', 'Use another gate'],
  LISTS_STALE: ['PASS TOO OLD HERE', 'Go online, renew it'],
  WRONG_SCOPE: ['NOT VALID HERE', 'Other network'],
  UNSUPPORTED_PRODUCT: ['PASS NOT TAKEN HERE', 'Ask the staff'],
  DENIED: ['PASS BLOCKED', 'See your app'],
  REPLAY: ['CODE ALREADY USED', 'Refresh the code'],
  ALLOWANCE_USED: ['NO OFFLINE RIDE LEFT', 'Go online, renew it'],
  PASSBACK: ['JUST USED HERE', 'Wait a little'],
  OVER_CEILING: ['FARE OVER YOUR LIMIT', 'Ask the staff'],
  BAD_ISSUER_SIGNATURE: ['CODE NOT GENUINE', 'Ask the staff'],
  BAD_DEVICE_SIGNATURE: ['CODE NOT GENUINE', 'Ask the staff'],
  OUT_OF_ORDER: ['GATE OUT OF ORDER', 'Use another gate'],
  STORAGE_FAILED: ['GATE OUT OF ORDER', 'Use another gate'],
};

/**
 * Why a gate does not open for a code that only settlement can judge (protocol/README.md §14): what
 * settlement says, or why it could not be asked or believed in time.
 */
export const AUTHORISATION_REASONS = [
  /** Its check digits do not fit: misread, or made up. Nothing was sent. */
  'CODE_MISREAD',
  /** The uplink is known to be down: nothing was sent. */
  'NO_NETWORK',
  /** Asked, and no answer within the budget. If it was paid all the same, the money goes back. */
  'NO_ANSWER',
  /** Another rider's code is being asked about. */
  'BUSY',
  'CODE_REFUSED',
  'CODE_USED',
  'CLOCK_OFF',
  'CODE_EXPIRED',
  'TOO_MANY_TRIES',
  'DENIED',
  'FARE_UNKNOWN',
  'OVER_CAP',
  'WALLET_SHORT',
  'OUT_OF_ORDER',
  'STORAGE_FAILED',
] as const;

export type AuthorisationReason = (typeof AUTHORISATION_REASONS)[number];

/** As REASON_WORDS: what happened, and what to do. */
export const AUTHORISATION_REASON_WORDS: Readonly<
  Record<AuthorisationReason, readonly [string, string]>
> = {
  CODE_MISREAD: ['CODE NOT READ RIGHT', 'Hold still and retry'],
  NO_NETWORK: ['NO NETWORK AT GATE', 'Show transit code'],
  NO_ANSWER: ['NO ANSWER', 'Not charged. Retry'],
  BUSY: ['ONE MOMENT', 'Please hold on'],
  CODE_REFUSED: ['CODE NOT ACCEPTED', 'Refresh the code'],
  CODE_USED: ['CODE ALREADY USED', 'Refresh the code'],
  CLOCK_OFF: ['PHONE CLOCK WRONG', 'Set it to automatic'],
  CODE_EXPIRED: ['CODE TOO OLD', 'Refresh the code'],
  TOO_MANY_TRIES: ['TOO MANY TRIES', 'Show transit code'],
  DENIED: ['PASS BLOCKED', 'See your app'],
  FARE_UNKNOWN: ['FARE NOT KNOWN', 'Ask the staff'],
  OVER_CAP: ['OVER YOUR LIMIT', 'Show transit code'],
  WALLET_SHORT: ['NOT ENOUGH MONEY', 'Top up in your app'],
  OUT_OF_ORDER: ['GATE OUT OF ORDER', 'Use another gate'],
  STORAGE_FAILED: ['GATE OUT OF ORDER', 'Use another gate'],
};
