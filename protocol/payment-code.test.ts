/** Payment codes against RFC 6238, and what reads as one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromHex, utf8 } from './bytes.ts';
import { addCheckDigits } from './check-digits.ts';
import {
  isMisread,
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
      expect(text).toHaveLength(20);
      expect(readServerCode(text)).toEqual({ method: 'PAYMENT_CODE', handle, otp });
    }),
  );
});

test('an online code is opaque behind its prefix', () => {
  const text = '72123456789012345605';
  expect(readServerCode(text)).toEqual({ method: 'ONLINE_CODE', text });
});

test.each([
  ['eighteen digits', '711234567812345678'],
  ['one digit more', '711234567812345678250'],
  ['another prefix', addCheckDigits('101234567812345678')],
  ['a space', '71 12345678 12345678 25'],
  ['digits of another script', '７１１２３４５６７８１２３４５６７８２５'],
  ['a line end', '71123456781234567825\n'],
  ['nothing', ''],
])('%s is no code of ours', (_what, text) => {
  expect(readServerCode(text)).toBeUndefined();
});

describe('check digits', () => {
  const code = '71123456781234567825';

  test('are those of ISO/IEC 7064, MOD 97-10', () => {
    // The example of the standard, and one that begins with a zero.
    expect(addCheckDigits('794')).toBe('79444');
    expect(addCheckDigits('710000000000000025')).toBe('71000000000000002509');
    expect(addCheckDigits('711234567812345678')).toBe(code);
  });

  test('find each wrong digit and each swap of neighbours', () => {
    for (let at = 2; at < code.length; at += 1) {
      for (let digit = 0; digit < 10; digit += 1) {
        const text = `${code.slice(0, at)}${digit}${code.slice(at + 1)}`;
        expect([text, isMisread(text)]).toEqual([text, text !== code]);
        expect(readServerCode(text) === undefined).toBe(text !== code);
      }
      const swapped = `${code.slice(0, at)}${code[at + 1] ?? ''}${code[at]}${code.slice(at + 2)}`;
      if (at + 1 < code.length && swapped !== code) expect(isMisread(swapped)).toBe(true);
    }
  });

  test('of what is made up are right about once in 97', () => {
    let right = 0;
    for (let at = 0; at < 9_700; at += 1) {
      const madeUp = `72${String(at * 7_919).padStart(18, '3')}`;
      if (!isMisread(madeUp)) right += 1;
    }
    expect(right).toBeGreaterThan(60);
    expect(right).toBeLessThan(140);
  });

  test.each(['', '71', 'TC1:ABC', '10123456781234567825', `${code} `, code])(
    '%j is not misread',
    (text) => {
      expect(isMisread(text)).toBe(false);
    },
  );
});
