/**
 * The payment code: 20 digits that a phone without network shows to a merchant with network — prefix,
 * blind handle, TOTP of a seed that the phone received while it was online, two check digits (protocol/README.md §11).
 * The online code has the same outer form with random digits behind its own prefix (§12). This file
 * makes and reads the digits; whether a code is good is settlement's to say.
 */
import { crypto } from '@otplib/plugin-crypto-noble';
import { generateSync } from '@otplib/totp';
import { addCheckDigits, checkDigitsHold } from './check-digits.ts';
import { assert } from './fault.ts';

/** Behind the ranges of WeChat (10–15), Alipay (25–30) and UnionPay (62), so that tills can route. */
export const PAYMENT_PREFIX = '71';
export const ONLINE_PREFIX = '72';
/** How long a time step is: a code changes with each. */
export const TIME_STEP_S = 60;
export const SEED_BYTES = 32;
export const HANDLE_DIGITS = 8;
export const OTP_DIGITS = 8;
export const SERVER_CODE_DIGITS = 20;
export const CHECK_DIGITS = 2;
export const ONLINE_RANDOM_DIGITS = SERVER_CODE_DIGITS - ONLINE_PREFIX.length - CHECK_DIGITS;
const FORM = /^7[12]\d{18}$/;
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

/** The 20 digits of one time step. `handle` has eight digits, `otp` too. */
export function writePaymentCode({ handle, otp }: { handle: string; otp: string }): string {
  assert(
    /^\d{8}$/.test(handle) && /^\d{8}$/.test(otp),
    'handle and one-time password: 8 digits each',
  );
  return addCheckDigits(`${PAYMENT_PREFIX}${handle}${otp}`);
}

/** `random`: the digits between the prefix and the check digits. */
export function writeOnlineCode(random: string): string {
  assert(random.length === ONLINE_RANDOM_DIGITS, `${ONLINE_RANDOM_DIGITS} random digits`);
  return addCheckDigits(ONLINE_PREFIX + random);
}

/** Whether a text has the form of a code of ours whose check digits do not fit: misread, mistyped, or made up. */
export function isMisread(text: string): boolean {
  return FORM.test(text) && !checkDigitsHold(text);
}

/** Reads the digits of a payment or online code; undefined if the text is neither. */
export function readServerCode(text: string): ServerCode | undefined {
  if (!FORM.test(text) || !checkDigitsHold(text)) return undefined;
  if (text.startsWith(ONLINE_PREFIX)) return { method: 'ONLINE_CODE', text };
  const otpAt = PAYMENT_PREFIX.length + HANDLE_DIGITS;
  const handle = text.slice(PAYMENT_PREFIX.length, otpAt);
  return { method: 'PAYMENT_CODE', handle, otp: text.slice(otpAt, otpAt + OTP_DIGITS) };
}
