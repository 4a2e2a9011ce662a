/** What is taken off around a code, and what never is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frameWords, takeOffFrame } from './scan-frame.ts';

const CODES = ['TC1: AB $', '71123456788765432194', '72123456788765432194'];

describe.each(CODES)('around %s', (code) => {
  test.each<[string, string, string]>([
    ['nothing', '', ''],
    ['an AIM identifier of a QR code', ']Q1', ''],
    ['another one', ']Q3', ''],
    ['one of a Code 128', ']C0', ''],
    ['an ECI escape', '\\000026', ''],
    ['both', ']Q2\\000026', ''],
    ['a byte order mark', '\u00ef\u00bb\u00bf', ''],
    ['NUL', '\0', '\0'],
    ['a form feed', '\f', '\f'],
    ['STX and ETX', '\x02', '\x03'],
    ['tabulators', '\t', '\t'],
    ['GS and EOT', '', '\x1d\x04'],
    ['several', '\x02]Q1', '\t\x03'],
  ])('%s', (_name, before, behind) => {
    expect(takeOffFrame(before + code + behind)).toEqual({ text: code, before, behind });
  });

  test.each([' ', ']', ']Q', '\\00026', 'x', '\u00ef'])('%j is no frame', (wrong) => {
    for (const scan of [wrong + code, `\t${wrong}${code}`]) {
      expect(takeOffFrame(scan)).toEqual({ text: scan, before: '', behind: '' });
    }
  });
});

test('a space behind a transit code is a part of it', () => {
  expect(takeOffFrame('TC1:AB \t').text).toBe('TC1:AB ');
  expect(takeOffFrame('TC1:A\tB').text).toBe('TC1:A\tB');
});

test.each(['', '\t', ']Q1', ']Q1hello', '\t1234', 'TC2:X\t', '\u00ef\u00bb\u00bf{"a":1}'])(
  '%j holds no code and stays as it is',
  (scan) => {
    expect(takeOffFrame(scan)).toEqual({ text: scan, before: '', behind: '' });
  },
);

test('whatever was scanned is the parts put together, and taking off twice is taking off once', () => {
  const part = fc.constantFrom('\0', '\t', ']Q1', '\\000026', '\u00ef\u00bb\u00bf', ' ', ...CODES);
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const scan = parts.join('');
      const { text, before, behind } = takeOffFrame(scan);
      expect(before + text + behind).toBe(scan);
      expect(takeOffFrame(text).text).toBe(text);
    }),
  );
});

test('a frame is said in names that people know', () => {
  expect(frameWords('\u00ef\u00bb\u00bf\x02]Q1\x1b')).toBe('<BOM><STX>]Q1<1b>');
});
