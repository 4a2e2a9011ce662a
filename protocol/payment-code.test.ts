/** Payment codes against RFC 6238, and what reads as one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, utf8 } from './bytes.ts';
import {
  otpOfTimeStep,
  readServerCode,
  TIME_STEP_S,
  timeStepAt,
  writePaymentCode,
} from './payment-code.ts';

const RFC_SEED = utf8('12345678901234567890123456789012');

describe('one-time passwords are those of RFC 6238, appendix B, SHA-256', () => {
  // The table has 30-second steps; what is hashed is the counter, so a counter here is a counter there.
  test.each([
    [0x1, '46119246'],
    [0x23523ec, '68084774'],
    [0x23523ed, '67062674'],
    [0x273ef07, '91819424'],
    [0x3f940aa, '90698825'],
    [0x27bc86aa, '77737706'],
  ])('counter %i', (counter, otp) => {
    expect(otpOfTimeStep(RFC_SEED, counter)).toBe(otp);
  });
});

test('the seed of the example in hex gives the same', () => {
  const seed = fromHex('3132333435363738393031323334353637383930313233343536373839303132');
  expect(seed).toEqual(RFC_SEED);
});

test('a step is sixty seconds, its first included and its last too', () => {
  expect(timeStepAt(60)).toBe(1);
  expect(timeStepAt(119.999)).toBe(1);
  expect(timeStepAt(120)).toBe(2);
  expect(TIME_STEP_S).toBe(60);
});

test('what is written is read back, leading zeros too', () => {
  const digits = fc.stringMatching(/^\d{8}$/);
  fc.assert(
    fc.property(digits, digits, (handle, otp) => {
      const text = writePaymentCode({ handle, otp });
      expect(text).toHaveLength(18);
      expect(readServerCode(text)).toEqual({ method: 'PAYMENT_CODE', handle, otp });
    }),
  );
});

test('an online code is opaque behind its prefix', () => {
  const text = '721234567890123456';
  expect(readServerCode(text)).toEqual({ method: 'ONLINE_CODE', text });
});

test.each([
  ['seventeen digits', '71123456781234567'],
  ['nineteen digits', '7112345678123456789'],
  ['another prefix', '101234567812345678'],
  ['a space', '71 12345678 12345678'],
  ['digits of another script', '７１１２３４５６７８１２３４５６７８'],
  ['a line end', '711234567812345678\n'],
  ['nothing', ''],
])('%s is no code of ours', (_what, text) => {
  expect(readServerCode(text)).toBeUndefined();
});
