/** Codes of a phone's file, made offline: for the rider's commands, and for a tester's scenario. */
import { makeTransitCode } from '@stile/phone/code.ts';
import { readPhone, writePhone } from '@stile/phone/phone-file.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import {
  otpOfTimeStep,
  SEED_BYTES,
  timeStepAt,
  writePaymentCode,
} from '@stile/protocol/payment-code.ts';
import { keyOf } from '../phone.ts';

/** The counter is on disk before the text is given. */
export function makeTransitText(file: string, at: { atS: number; flags?: number }): string {
  const phone = readPhone(file);
  const next = { ...phone, counter: phone.counter + 1 };
  writePhone(file, next);
  const pass = fromHex(next.pass);
  assert(pass !== undefined, 'the phone file was checked');
  const fresh = { generatedAtS: at.atS, counter: next.counter, flags: at.flags ?? 0 };
  return makeTransitCode(pass, { fresh, sign: keyOf(next).sign });
}

export type PaymentSeed = { handle: string; secret: Uint8Array };

/** @throws Fault FILE_UNREADABLE if the phone has none. */
export function readPaymentSeed(file: string): PaymentSeed {
  const { seed } = readPhone(file);
  const secret = fromHex(seed?.seed ?? '', SEED_BYTES);
  if (seed === undefined || secret === undefined) {
    throw new Fault('FILE_UNREADABLE', `${file} has no seed: "stile rider seed" gets one`);
  }
  return { handle: seed.handle, secret };
}

export function makePaymentText({ handle, secret }: PaymentSeed, atS: number): string {
  return writePaymentCode({ handle, otp: otpOfTimeStep(secret, timeStepAt(atS)) });
}
