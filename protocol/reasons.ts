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
  'WRONG_SCOPE',
  'UNSUPPORTED_PRODUCT',
  'DENIED',
  'REPLAY',
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
  WRONG_SCOPE: ['NOT VALID HERE', 'Other network'],
  UNSUPPORTED_PRODUCT: ['PASS NOT TAKEN HERE', 'Ask the staff'],
  DENIED: ['PASS BLOCKED', 'See your app'],
  REPLAY: ['CODE ALREADY USED', 'Refresh the code'],
  PASSBACK: ['JUST USED HERE', 'Wait a little'],
  OVER_CEILING: ['FARE OVER YOUR LIMIT', 'Ask the staff'],
  BAD_ISSUER_SIGNATURE: ['CODE NOT GENUINE', 'Ask the staff'],
  BAD_DEVICE_SIGNATURE: ['CODE NOT GENUINE', 'Ask the staff'],
  OUT_OF_ORDER: ['GATE OUT OF ORDER', 'Use another gate'],
  STORAGE_FAILED: ['GATE OUT OF ORDER', 'Use another gate'],
};
