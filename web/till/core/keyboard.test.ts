/** Persons and scanners on one keyboard, at many paces: the amount is never what a scanner has typed. */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { writeOnlineCode, writePaymentCode } from '@stile/protocol/payment-code.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  END_AGAIN_MS_MAX,
  type Keyboard,
  NO_KEYS,
  pressOnKeyboard,
  pressOnPad,
} from './keyboard.ts';

const CODE = '71000123454611924629';
/** From a scanner's over a hurried person's to somebody who looks for each key. */
const PACES_MS = [0, 3, 15, 30, 50, 60, 61, 80, 110, 150, 300, 1_000];
/** A person's, never as fast as a machine's. */
const HAND_MS = [30, 50, 80, 150, 400];

type Timed = { key: string; gapMs: number };
type End = { keyboard: Keyboard; cents: number; scans: string[]; taken: boolean[] };

const AT_REST = {
  code: '',
  isShift: false,
  isControl: false,
  isRepeat: false,
  isOnPad: false,
  isOpen: true,
  fieldText: null,
};

function press(keys: readonly Timed[], { from = NO_KEYS, ...rest }: Partial<Rest> = {}): End {
  let keyboard = from;
  let atMs = 10_000;
  const scans: string[] = [];
  const taken: boolean[] = [];
  for (const { key, gapMs } of keys) {
    atMs += gapMs;
    const step = pressOnKeyboard(keyboard, { ...AT_REST, ...rest, key, atMs });
    ({ keyboard } = step);
    if (step.scan !== null) scans.push(step.scan);
    taken.push(step.isTaken);
  }
  return { keyboard, cents: keyboard.cents, scans, taken };
}
type Rest = typeof AT_REST & { from: Keyboard };

const ENTER: Timed = { key: 'Enter', gapMs: 20 };

function typed(text: string, gapMs: number): Timed[] {
  return [...text].map((key) => ({ key, gapMs }));
}

function onPad(...keys: ('0' | '2' | '5' | '6')[]): Keyboard {
  return keys.reduce(pressOnPad, NO_KEYS);
}

describe.each(PACES_MS)('a scanner at %i ms a key', (gapMs) => {
  const scan = [...typed(CODE, gapMs), { key: 'Enter', gapMs }];

  test('scans its code, and the amount of the keypad stays', () => {
    expect(press(scan, { from: onPad('6', '0', '0') })).toMatchObject({
      cents: 600,
      scans: [CODE],
    });
  });

  test.each(HAND_MS)('scans its code, and the amount typed at %i ms a key stays', (handMs) => {
    const keys = [...typed('250', handMs), ...scan];
    expect(press(keys)).toMatchObject({ cents: 250, scans: [CODE] });
  });

  test('presses nothing with its Enter, whatever has the focus and whatever is shown', () => {
    for (const isOpen of [true, false]) {
      for (const isOnPad of [true, false]) {
        expect(press(scan, { isOpen, isOnPad }).taken.at(-1)).toBe(true);
      }
    }
  });

  test('scans a second time while the first is shown, and changes nothing', () => {
    const from = press(scan, { from: onPad('5', '0', '0') }).keyboard;
    const again = press(scan, { from, isOpen: false });
    expect(again).toMatchObject({ cents: 500, scans: [CODE] });
  });

  test('with the last of the scan lost, or a digit of it, leaves the amount of the keypad', () => {
    for (const text of [CODE.slice(1), CODE.slice(0, -1), `${CODE.slice(0, 7)}${CODE.slice(8)}`]) {
      const keys = [...typed(text, gapMs), ENTER];
      const { cents, scans } = press(keys, { from: onPad('6', '0', '0') });
      expect([cents, scans.length]).toEqual([600, 1]);
    }
  });

  test('with a digit lost, behind an amount that was typed, leaves that or nothing', () => {
    for (let lost = 0; lost < CODE.length; lost += 1) {
      const text = CODE.slice(0, lost) + CODE.slice(lost + 1);
      const pause = { key: text[0] ?? '', gapMs: 700 };
      const keys = [...typed('250', 150), pause, ...typed(text.slice(1), gapMs), ENTER];
      expect([0, 250]).toContain(press(keys).cents);
    }
  });

  test('that stops once on its way, wherever and however long, scans its code', () => {
    for (let at = 1; at < CODE.length; at += 1) {
      for (const stopMs of [61, 110, 400, 3_000]) {
        const keys = scan.map((key, index) => (index === at ? { ...key, gapMs: stopMs } : key));
        const end = press(keys, { from: onPad('6', '0', '0') });
        expect(end).toMatchObject({ cents: 600, scans: [CODE] });
      }
    }
  });

  test('that breaks off and starts again scans its code, without the digits of the first start', () => {
    for (let length = 4; length <= CODE.length; length += 1) {
      const keys = [...typed(CODE.slice(0, length), gapMs), ...scan];
      const end = press(keys, { from: onPad('6', '0', '0') });
      expect(end).toMatchObject({ cents: 600, scans: [CODE] });
    }
  });

  test('that sends no Enter leaves the amount of the keypad', () => {
    expect(press(typed(CODE, gapMs), { from: onPad('6', '0', '0') }).cents).toBe(600);
  });
});

describe.each(HAND_MS)('a person at %i ms a key', (gapMs) => {
  test('enters the amount, each digit at once', () => {
    expect(press(typed('1250', gapMs))).toMatchObject({ cents: 1_250, scans: [] });
    expect(press(typed('125', gapMs)).cents).toBe(125);
  });

  test('may end it with Enter, which changes and presses nothing', () => {
    const end = press([...typed('1250', gapMs), ENTER], { isOnPad: true });
    expect(end).toMatchObject({ cents: 1_250, scans: [] });
    expect(end.taken.at(-1)).toBe(true);
  });

  test('corrects it, clears it, and sees nothing that is too much', () => {
    expect(press([...typed('125', gapMs), { key: 'Backspace', gapMs }]).cents).toBe(12);
    expect(press([...typed('125', gapMs), { key: 'Escape', gapMs }]).cents).toBe(0);
    expect(press(typed('99999999', gapMs)).cents).toBe(0);
    expect(press(typed(String(AMOUNT_CENTS_MAX), gapMs)).cents).toBe(AMOUNT_CENTS_MAX);
  });

  test('types a whole code without a field', () => {
    const keys = [...typed('300', gapMs), ...typed(CODE, gapMs), ENTER];
    expect(press(keys)).toMatchObject({ cents: 300, scans: [CODE] });
  });
});

test('whatever the pace and the code, the amount is that of before, and the code is whole', () => {
  const digits = (length: number) =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
  const codes = fc.oneof(
    digits(16).map(writeOnlineCode),
    fc.tuple(digits(8), digits(8)).map(([handle, otp]) => writePaymentCode({ handle, otp })),
  );
  const gaps = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 23, maxLength: 23 });
  const amounts = fc.integer({ min: 1, max: 999 });
  fc.assert(
    fc.property(codes, amounts, gaps, (code, amount, gapsMs) => {
      const keys = [...`${amount}${code}`, 'Enter'];
      const end = press(keys.map((key, index) => ({ key, gapMs: gapsMs[index] ?? 0 })));
      expect(end).toMatchObject({ cents: amount, scans: [code] });
    }),
  );
});

test.each([
  ['a transit code', 'TC1:2127.AB', 'TC1:2127.AB'],
  ['a long number of goods', '4012345678901', '4012345678901'],
  ['a short one, faster than a person', '40123455', '40123455'],
])('%s is no amount', (_name, text, scanned) => {
  const end = press([...typed(text, 3), ENTER], { from: onPad('6', '0', '0') });
  expect(end).toMatchObject({ cents: 600, scans: [scanned] });
});

test('a short number that would be an amount is none at a machine’s pace', () => {
  const end = press([...typed('401234', 3), ENTER], { from: onPad('6') });
  expect(end).toMatchObject({ cents: 6, scans: ['401234'] });
});

describe('Enter alone', () => {
  const enter = (rest: Partial<Rest>) => press([ENTER], rest).taken[0];

  test('is a person’s, but for a button of the keypad or a key that is held', () => {
    expect(enter({})).toBe(false);
    expect(enter({ isOnPad: true })).toBe(true);
    expect(enter({ isRepeat: true })).toBe(true);
  });

  test('soon behind a scan is its second end of a line, later a person’s', () => {
    const again = (gapMs: number) =>
      press([...typed(CODE, 3), ENTER, { key: 'Enter', gapMs }]).taken.at(-1);
    expect(again(END_AGAIN_MS_MAX)).toBe(true);
    expect(again(END_AGAIN_MS_MAX + 1)).toBe(false);
  });

  test('a while behind Tab is a person’s, and so is a blank that presses a button', () => {
    const later = { key: 'Enter', gapMs: 350 };
    const tabbed = press([...typed('125', 150), { key: 'Tab', gapMs: 150 }, later]);
    expect(tabbed).toMatchObject({ cents: 125, scans: [] });
    expect(tabbed.taken.slice(-2)).toEqual([false, false]);
    expect(press([{ key: ' ', gapMs: 0 }, ENTER]).taken).toEqual([false, false]);
    expect(press([...typed('TC', 3), { key: ' ', gapMs: 3 }]).taken.at(-1)).toBe(true);
  });
});

test('the Shift of a scanner’s capital letters breaks no scan', () => {
  const shift = { key: 'Shift', gapMs: 1 };
  const keys = [...'TC1:2127'].flatMap((key) => [shift, { key, gapMs: 1 }]);
  expect(press([...keys, ENTER]).scans).toEqual(['TC1:2127']);
});
