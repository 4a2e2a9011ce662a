/** Notes and names are what a person sees of them: nothing hides in them, and no two names look alike by a blank. */
import { expect, test } from 'vitest';
import { nameText, plainText } from './payment.ts';

const note = plainText(40);
const name = nameText(40);

test.each([
  ['plain words', 'Kiosk at the harbour'],
  ['other scripts', 'Кафе, 喫茶店, مقهى'],
  ['an emoji with its selector', 'coffee ☕\uFE0F'],
  ['a keycap', 'desk 1\uFE0F\u20E3'],
  ['nothing', ''],
  ['blanks in a note', '  two  of them '],
])('a note takes %s', (_what, text) => {
  expect(note.safeParse(text).success).toBe(true);
});

test.each([
  ['a selector alone', '\uFE0F'],
  ['a selector behind a letter', 'Vera Lind\uFE0F'],
  ['a selector behind a digit', 'Kiosk 1\uFE0F'],
  ['a selector of another plane', 'Vera\u{E0100}'],
  ['a Braille blank', '\u2800'],
  ['a Hangul filler', 'a\u3164'],
  ['a half-width filler', 'a\uFFA0'],
  ['a Hangul vowel filler', 'a\u1160'],
  ['a zero-width joiner', 'a\u200Db'],
  ['a soft hyphen', 'a\u00ADb'],
  ['a direction mark', 'a\u202Eb'],
  ['a tag', 'a\u{E0041}'],
  ['a musical blank', 'a\u{1D159}'],
  ['a control character', 'a\tb'],
  ['a line separator', 'a\u2028b'],
  ['half of a pair', 'a\uD800'],
])('neither note nor name takes %s', (_what, text) => {
  expect(note.safeParse(text).success).toBe(false);
  expect(name.safeParse(text).success).toBe(false);
});

test.each([
  ['a blank that does not break', 'Vera\u00A0Lind'],
  ['a wide blank', 'Vera\u3000Lind'],
  ['two blanks', 'Vera  Lind'],
  ['nothing', ''],
  ['blanks only', '   '],
])('a name does not take %s', (_what, text) => {
  expect(name.safeParse(text).success).toBe(false);
});

test('blanks around a name are taken off', () => {
  expect(name.parse(' \u00A0Vera Lind ')).toBe('Vera Lind');
});
