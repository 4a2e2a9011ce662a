/**
 * Days at a till, drawn at random: scanners at 5 to 120 ms a key, on many layouts and with many ends, codes and goods, and
 * digits by hand between. The amount is always what the person has typed, and no code is lost.
 */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { readServerCode, writeOnlineCode, writePaymentCode } from '@stile/protocol/payment-code.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ENDS, LAYOUTS, type ScannerKey, scannerKeys } from '../../testing/scanner-keys.ts';
import {
  type Keyboard,
  type KeyStep,
  NO_KEYS,
  passSilence,
  pressOnKeyboard,
  SILENCE_MS,
  silenceAtMs,
} from './keyboard.ts';
import { isGoods } from './run.ts';

const CODE = '71000123454611924629';
const EAN_13 = '4006381333931';
const EAN_8 = '96385074';
const PREFIXES = ['', ']C0', ']C1', ']Q1', ']E0', '\\000026', ']Q2\\000026'];
const MISREAD = '7100012345461192462';

/** A keyboard with its clock: what is due to be heard of silence is heard. */
class Desk {
  keyboard: Keyboard;
  atMs = 10_000;
  readonly scans: string[] = [];
  readonly taken: boolean[] = [];

  constructor(cents = 0) {
    this.keyboard = { ...NO_KEYS, cents };
  }

  wait(ms: number): void {
    const toMs = this.atMs + ms;
    const dueMs = silenceAtMs(this.keyboard);
    if (dueMs !== null && dueMs <= toMs) this.#take(passSilence(this.keyboard, { atMs: dueMs }));
    this.atMs = toMs;
  }

  press(key: ScannerKey, rest: { isOpen?: boolean; fieldText?: string } = {}): KeyStep {
    const { isOpen = true, fieldText = null } = rest;
    const { atMs } = this;
    const alone = { isRepeat: false, isOnPad: false };
    const step = pressOnKeyboard(this.keyboard, { ...key, ...alone, isOpen, fieldText, atMs });
    this.taken.push(step.isTaken);
    return this.#take(step);
  }

  #take(step: KeyStep): KeyStep {
    this.keyboard = step.keyboard;
    if (step.scan !== null) this.scans.push(step.scan);
    return step;
  }

  type(keys: readonly ScannerKey[], gapMs: (at: number) => number): void {
    for (const [at, key] of keys.entries()) {
      this.wait(gapMs(at));
      this.press(key);
    }
  }
}

const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: length, maxLength: length });
const codes = fc.oneof(
  digits(16).map(writeOnlineCode),
  fc.tuple(digits(8), digits(8)).map(([handle, otp]) => writePaymentCode({ handle, otp })),
);
const goods = fc
  .constantFrom(7, 12)
  .chain(digits)
  .map((text) => [...'0123456789'].map((check) => text + check).find(isGoods) ?? '');
const paces = fc.array(fc.integer({ min: 5, max: 120 }), { minLength: 48, maxLength: 48 });
const scanOf = (texts: fc.Arbitrary<string>, prefixes: readonly string[]) =>
  fc.record({
    text: texts,
    prefix: fc.constantFrom(...prefixes),
    layout: fc.constantFrom(...LAYOUTS),
    end: fc.constantFrom(...Object.values(ENDS)),
    gapsMs: paces,
    waitMs: fc.integer({ min: SILENCE_MS, max: 20_000 }),
  });
const acts = fc.oneof(
  scanOf(codes, PREFIXES),
  scanOf(goods, ['', ']E0', ']E4', ']C1']),
  fc.record({
    hand: fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 3 }),
    waitMs: fc.integer({ min: SILENCE_MS, max: 20_000 }),
    gapsMs: fc.array(fc.integer({ min: 40, max: 700 }), { minLength: 3, maxLength: 3 }),
  }),
  fc.constant('clear' as const),
);

test('whatever comes in whatever order, the amount is the person’s, and every code is read once', () => {
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 12 }), (day) => {
      const desk = new Desk();
      let cents = 0;
      const expected: string[] = [];
      for (const act of day) {
        if (act === 'clear') {
          desk.wait(SILENCE_MS);
          desk.press({ key: 'Escape', code: 'Escape', isShift: false, isControl: false });
          cents = 0;
        } else if ('hand' in act) {
          desk.type(scannerKeys(act.hand, 'US'), (at) =>
            at === 0 ? act.waitMs : (act.gapsMs[at] ?? 0),
          );
          for (const digit of act.hand) {
            const next = cents * 10 + Number(digit);
            if (next > AMOUNT_CENTS_MAX) return;
            cents = next;
          }
        } else {
          const keys = [...scannerKeys(act.prefix + act.text, act.layout), ...act.end];
          desk.type(keys, (at) => (at === 0 ? act.waitMs : (act.gapsMs[at] ?? 5)));
          desk.wait(SILENCE_MS);
          if (readServerCode(act.text) !== undefined) expected.push(act.text);
        }
        desk.wait(SILENCE_MS);
        expect(desk.keyboard.cents).toBe(cents);
      }
      const read = desk.scans.filter((text) => readServerCode(text) !== undefined);
      expect(read).toEqual(expected);
    }),
    { numRuns: 2_000 },
  );
});

describe.each([5, 20, 60, 80, 120])('at %i ms a key', (gapMs) => {
  const scan = (desk: Desk, keys: readonly ScannerKey[]) => {
    desk.wait(1_000);
    desk.type(keys, () => gapMs);
    desk.wait(SILENCE_MS);
  };

  describe.each(Object.entries(ENDS))('and an end of %s', (_name, end) => {
    test.each(LAYOUTS)('a code is read, layout %s, and 12.50 stay', (layout) => {
      for (const prefix of PREFIXES) {
        const desk = new Desk(1_250);
        scan(desk, [...scannerKeys(prefix + CODE, layout), ...end]);
        expect([desk.scans, desk.keyboard.cents]).toEqual([[CODE], 1_250]);
      }
    });

    test.each([EAN_8, EAN_13])('%s of a shelf changes no amount, and is said', (label) => {
      for (const cents of [0, 1, 1_250]) {
        const desk = new Desk(cents);
        scan(desk, [...scannerKeys(label, 'US'), ...end]);
        expect([desk.scans, desk.keyboard.cents]).toEqual([[label], cents]);
      }
    });

    test('no end reaches the page, behind whatever was scanned', () => {
      for (const text of [CODE, EAN_8, EAN_13, MISREAD, 'TC1:2127']) {
        for (const isOpen of [true, false]) {
          const desk = new Desk(1_250);
          for (const key of [...scannerKeys(text, 'US'), ...end]) {
            desk.wait(gapMs);
            desk.press(key, { isOpen });
          }
          expect(desk.taken.slice(text.length)).toEqual(end.map(() => true));
        }
      }
    });
  });

  test('a short one behind an outcome is said too, and its Enter presses nothing', () => {
    const desk = new Desk(1_250);
    for (const key of [...scannerKeys('401', 'US'), ...(ENDS.Enter ?? [])]) {
      desk.wait(gapMs);
      desk.press(key, { isOpen: false });
    }
    expect([desk.scans, desk.taken.at(-1), desk.keyboard.cents]).toEqual([['401'], true, 1_250]);
  });

  test('a misread code that stops for a second changes no amount with its rest', () => {
    for (let at = 1; at < MISREAD.length; at += 1) {
      const desk = new Desk(1_250);
      const keys = [...scannerKeys(MISREAD, 'US'), ...(ENDS.Enter ?? [])];
      desk.type(keys, (index) => (index === at ? 1_000 : gapMs));
      expect([desk.keyboard.cents, desk.scans.length > 0]).toEqual([1_250, true]);
    }
  });

  test.each([CODE, EAN_13, `]C0${CODE}`])(
    '%s in a field leaves the text that stood there',
    (text) => {
      for (const end of Object.values(ENDS)) {
        const desk = new Desk(1_250);
        let fieldText = '2 rolls';
        let restored: string | null = null;
        for (const key of [...scannerKeys(text, 'US'), ...end]) {
          desk.wait(gapMs);
          const step = desk.press(key, { fieldText });
          restored ??= step.fieldText;
          if (!step.isTaken) fieldText += key.key;
        }
        const due = passSilence(desk.keyboard, { atMs: desk.atMs + SILENCE_MS });
        expect([restored ?? due.fieldText, due.keyboard.cents]).toEqual(['2 rolls', 1_250]);
        expect(desk.taken.slice(text.length)).toEqual(end.map(() => true));
      }
    },
  );
});

test('what a person types into a field is the field’s, and so is the Enter behind it', () => {
  const desk = new Desk(1_250);
  let restored: string | null = null;
  for (const key of [...scannerKeys('12 kg', 'NAMELESS'), ...(ENDS.Enter ?? [])]) {
    desk.wait(100);
    restored ??= desk.press(key, { fieldText: 'x' }).fieldText;
  }
  desk.wait(5_000);
  expect([restored, desk.scans, desk.taken.some(Boolean)]).toEqual([null, [], false]);
  expect(desk.keyboard.cents).toBe(1_250);
});

test.each([
  ['96385074', true],
  ['96385075', false],
  ['036000291452', true],
  ['4006381333931', true],
  ['400638133393', false],
  ['10012345678902', true],
])('%s is a number of goods: %s', (text, is) => {
  expect(isGoods(text)).toBe(is);
});
