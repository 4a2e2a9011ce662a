/**
 * What one key of the keyboard stands for. Pure. Two readings of it, because a scanner may be set to another layout
 * than the computer: the character as the computer has it, and the character of that key on a US keyboard. Numbers in
 * `code` are the UI Events names of physical keys.
 */

/** A key that went down, as the browser tells it. */
export type KeyDown = {
  /** What the layout makes of it; `Process` or `Dead` if an input method has it. */
  key: string;
  /** The physical key; empty of keyboards on a screen. */
  code: string;
  isShift: boolean;
  isControl: boolean;
};

export type Reading = { kind: 'held' | 'end' | 'other' } | { kind: 'char'; chars: Chars };
/** One character each: as the computer has it, and as a US keyboard does. */
export type Chars = { own: string; us: string };

/** Keys that are held with others, and that scanners send between characters. */
const HELD = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock']);
/** What scanners end a code with. */
const ENDS = new Set(['Enter', 'Tab', 'ArrowDown', '\n', '\r', '\t']);
/** Line feed, carriage return and tab as keys that are held with Control. */
const CONTROL_ENDS = new Set(['j', 'm', 'i']);
const NUMPAD_DIGIT = /^Numpad(\d)$/;
const DIGIT = /^(?:Digit|Numpad)(\d)$/;
const LETTER = /^Key([A-Z])$/;
/** The other keys that a code, or what a scanner puts before it, is typed with. */
const US_KEYS = new Map([
  ['Space', '  '],
  ['Semicolon', ';:'],
  ['BracketRight', ']}'],
  ['Backslash', '\\|'],
  ['Period', '.>'],
  ['Comma', ',<'],
  ['Minus', '-_'],
  ['Slash', '/?'],
]);
/** Stands for a character that cannot be read. */
const UNREADABLE = '\uFFFD';

export function readKey(down: KeyDown): Reading {
  const { key, code, isControl } = down;
  if (HELD.has(key)) return { kind: 'held' };
  if (isControl) return { kind: CONTROL_ENDS.has(key.toLowerCase()) ? 'end' : 'held' };
  // Without NumLock the keys of the number pad have other names, and mean digits at a till all the same.
  const padDigit = NUMPAD_DIGIT.exec(code)?.[1];
  if (padDigit !== undefined) return { kind: 'char', chars: { own: padDigit, us: padDigit } };
  if (ENDS.has(key)) return { kind: 'end' };
  const us = usCharOf(down);
  const own = ownCharOf(down);
  if (own === undefined && us === undefined) return { kind: 'other' };
  return { kind: 'char', chars: { own: own ?? us ?? UNREADABLE, us: us ?? own ?? UNREADABLE } };
}

function ownCharOf({ key, code, isShift }: KeyDown): string | undefined {
  const plain = key.normalize('NFKC');
  if (/^\d$/.test(plain)) return plain;
  // The digits of other layouts lie on the same keys, some behind Shift.
  const digit = DIGIT.exec(code)?.[1];
  if (digit !== undefined && !isShift) return digit;
  return [...plain].length === 1 ? plain.slice(0, 1) : undefined;
}

function usCharOf({ code, isShift }: KeyDown): string | undefined {
  // A scanner for a layout with digits behind Shift holds it: what else that key means is in no code of digits.
  const digit = DIGIT.exec(code)?.[1] ?? LETTER.exec(code)?.[1];
  return digit ?? US_KEYS.get(code)?.charAt(isShift ? 1 : 0);
}
