/**
 * The payment code: 18 digits that a phone without network shows to a merchant with network — prefix,
 * blind handle, TOTP of a seed that the phone received while it was online (protocol/README.md §11).
 * The online code has the same outer form with random digits behind its own prefix (§12). This file
 * makes and reads the digits; whether a code is good is settlement's to say.
 */
import { crypto } from '@otplib/plugin-crypto-noble';
import { generateSync } from '@otplib/totp';
import { assert } from './fault.ts';

/** Behind the ranges of WeChat (10–15), Alipay (25–30) and UnionPay (62), so that tills can route. */
export const PAYMENT_PREFIX = '71';
export const ONLINE_PREFIX = '72';
/** How long a time step is: a code changes with each. */
export const TIME_STEP_S = 60;
export const SEED_BYTES = 32;
export const HANDLE_DIGITS = 8;
export const OTP_DIGITS = 8;
export const SERVER_CODE_DIGITS = 18;
/** Time steps around its own that settlement looks at, for phones whose clocks are a little wrong. */
export const TIME_STEPS_TRIED = [0, -1, 1] as const;

/** A code that only settlement can judge. */
export type ServerCode =
  | { method: 'PAYMENT_CODE'; handle: string; otp: string }
  | { method: 'ONLINE_CODE'; text: string };

/** The time step that an instant lies in; counts from 1970-01-01 (RFC 6238, T0 = 0). */
export function timeStepAt(atS: number): number {
  return Math.floor(atS / TIME_STEP_S);
}

/** RFC 6238 with HMAC-SHA-256 and eight digits. `seed` has `SEED_BYTES` bytes. */
export function otpOfTimeStep(seed: Uint8Array, timeStep: number): string {
  assert(Number.isSafeInteger(timeStep) && timeStep >= 0, `${timeStep} is no time step`);
  return generateSync({
    secret: seed,
    epoch: timeStep * TIME_STEP_S,
    period: TIME_STEP_S,
    digits: OTP_DIGITS,
    algorithm: 'sha256',
    crypto,
  });
}

/** The 18 digits of one time step. `handle` has eight digits, `otp` too. */
export function writePaymentCode({ handle, otp }: { handle: string; otp: string }): string {
  assert(
    /^\d{8}$/.test(handle) && /^\d{8}$/.test(otp),
    'handle and one-time password: 8 digits each',
  );
  return `${PAYMENT_PREFIX}${handle}${otp}`;
}

/** Reads the digits of a payment or online code; undefined if the text is neither. */
export function readServerCode(text: string): ServerCode | undefined {
  if (!/^\d{18}$/.test(text)) return undefined;
  if (text.startsWith(ONLINE_PREFIX)) return { method: 'ONLINE_CODE', text };
  if (!text.startsWith(PAYMENT_PREFIX)) return undefined;
  const otpAt = PAYMENT_PREFIX.length + HANDLE_DIGITS;
  const handle = text.slice(PAYMENT_PREFIX.length, otpAt);
  return { method: 'PAYMENT_CODE', handle, otp: text.slice(otpAt) };
}
