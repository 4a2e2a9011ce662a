/** What a scanner that is a keyboard sends: keys of one text, on many layouts, with many ends. */

export type ScannerKey = { key: string; code: string; isShift: boolean; isControl: boolean };

const PLAIN = { isShift: false, isControl: false };
/** The row of digits on a French keyboard, unshifted. */
const FRENCH_ROW = 'à&é"\'(-è_ç';
const US_PLACES: Readonly<Record<string, [code: string, isShift: boolean, french: string]>> = {
  ']': ['BracketRight', false, '$'],
  '\\': ['Backslash', false, '*'],
  ':': ['Semicolon', true, 'M'],
};

/** Scanner and computer: both US; US before a French computer; French before a US one; an input method; and more. */
export const LAYOUTS = [
  'US',
  'AZERTY',
  'FROM_AZERTY',
  'IME',
  'FULL_WIDTH',
  'PAD',
  'NAMELESS',
] as const;
export type Layout = (typeof LAYOUTS)[number];

export const ENDS: Readonly<Record<string, readonly ScannerKey[]>> = {
  'nothing but silence': [],
  Enter: [named('Enter')],
  'Enter twice': [named('Enter'), named('Enter')],
  Tab: [named('Tab')],
  'Tab and Enter': [named('Tab'), named('Enter')],
  'Ctrl+J': [{ key: 'j', code: 'KeyJ', isShift: false, isControl: true }],
  'Enter and Ctrl+J': [named('Enter'), { ...named('j'), code: 'KeyJ', isControl: true }],
  'Ctrl+M': [{ key: 'm', code: 'KeyM', isShift: false, isControl: true }],
  'arrow down': [named('ArrowDown')],
};

function named(name: string): ScannerKey {
  return { key: name, code: name, ...PLAIN };
}

export function scannerKeys(text: string, layout: Layout): ScannerKey[] {
  return [...text].map((char) => keyOf(char, layout));
}

function keyOf(char: string, layout: Layout): ScannerKey {
  const isDigit = /^\d$/.test(char);
  const [place, isShift, french] = US_PLACES[char] ?? [
    isDigit ? `Digit${char}` : `Key${char.toUpperCase()}`,
    /[A-Z]/.test(char),
    isDigit ? (FRENCH_ROW[Number(char)] ?? '') : char,
  ];
  const us = { key: char, code: place, isShift, isControl: false };
  if (layout === 'AZERTY') return { ...us, key: french };
  if (layout === 'IME') return { ...us, key: 'Process' };
  if (layout === 'NAMELESS') return { ...us, code: '' };
  if (!isDigit) return us;
  if (layout === 'FROM_AZERTY')
    return { ...us, key: ')!@#$%^&*('[Number(char)] ?? '', isShift: true };
  if (layout === 'PAD') return { ...us, key: 'Home', code: `Numpad${char}` };
  if (layout === 'FULL_WIDTH')
    return { ...us, key: String.fromCodePoint(0xff10 + Number(char)), code: '' };
  return us;
}
