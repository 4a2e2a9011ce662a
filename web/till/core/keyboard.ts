/**
 * Keys at a till: a person types an amount, a scanner types a code and ends it with Enter. Pure. Pace does not tell them
 * apart, because some people are fast and some scanners are slow: a run of keys whose end is a code is that code, and the
 * amount is what it was before the code's first key. Where a misread run began is guessed only if it cannot be too much.
 */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { readServerCode, SERVER_CODE_DIGITS } from '@stile/protocol/payment-code.ts';
import { type Key, keyOf, pressKey } from './amount.ts';

/** So many characters are no amount any more. */
const AMOUNT_CHARS_MAX = String(AMOUNT_CENTS_MAX).length + 1;
/** A scanner's pace as a rule; people can have it for some keys, but do not pause so long before a code. */
const BURST_GAP_MS_MAX = 60;
const PAUSE_MS_MIN = 250;
const MISREAD_CHARS_MIN = 15;
/** Nobody types so many keys so fast. */
const MACHINE_GAP_MS_MAX = 25;
const MACHINE_CHARS_MIN = 6;
/** From here on the same first digits before a code are a scan of it that broke off. */
const BROKEN_CHARS_MIN = 4;
/** Some scanners send two ends of a line: the second is no person's word either. */
const ENTER_AGAIN_MS_MAX = 300;
const STROKES_MAX = 1_000;
/** Of the keys that are held with others, and that scanners send between characters. */
const HELD = new Set(['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'NumLock']);

type Stroke = { char: string; atMs: number; centsBefore: number };

export type Keyboard = {
  cents: number;
  /** Characters since the last key that was none. */
  run: readonly Stroke[];
  /** What stood there before the run. */
  startCents: number;
  /** The run has become more than an amount can be. */
  isTooLong: boolean;
  enterMs: number;
};
const NO_RUN = { run: [], startCents: 0, isTooLong: false };
export const NO_KEYS: Keyboard = { ...NO_RUN, cents: 0, enterMs: Number.NEGATIVE_INFINITY };

export type Press = {
  key: string;
  atMs: number;
  /** The key is held down. */
  isRepeat: boolean;
  /** A button of the till's own keypad has the focus. */
  isOnPad: boolean;
  /** Digits change the amount now. */
  isOpen: boolean;
};

/** `isTaken`: nothing else on the page may act on the key. */
export type KeyStep = { keyboard: Keyboard; scan: string | null; isTaken: boolean };

export function pressOnKeyboard(keyboard: Keyboard, press: Press): KeyStep {
  const { key, isOpen } = press;
  if (HELD.has(key)) return { keyboard, scan: null, isTaken: false };
  if (key === 'Enter') return pressEnter(keyboard, press);
  const isBlank = key === ' ' && keyboard.run.length === 0;
  if (key.length === 1 && !isBlank) return pressCharacter(keyboard, press);
  const meant = keyOf(key);
  const isTaken = isOpen && meant !== undefined;
  const cents = isTaken ? pressKey(keyboard.cents, meant) : keyboard.cents;
  return { keyboard: { ...keyboard, ...NO_RUN, cents }, scan: null, isTaken };
}

/** A button of the till's own keypad. */
export function pressOnPad(keyboard: Keyboard, key: Key): Keyboard {
  return { ...keyboard, ...NO_RUN, cents: pressKey(keyboard.cents, key) };
}

function pressCharacter(keyboard: Keyboard, { key, atMs, isOpen }: Press): KeyStep {
  const { cents, isTooLong } = keyboard;
  const startCents = keyboard.run.length === 0 ? cents : keyboard.startCents;
  const run = [...keyboard.run, { char: key, atMs, centsBefore: cents }].slice(-STROKES_MAX);
  const isDigit = /^\d$/.test(key);
  const next = { ...keyboard, run, startCents };
  const isTaken = isDigit || key === ' ';
  if (!isDigit || !isOpen || isTooLong) return { keyboard: next, scan: null, isTaken };
  const after = cents * 10 + Number(key);
  const isOver = after > AMOUNT_CENTS_MAX;
  const shown = { ...next, cents: isOver ? startCents : after, isTooLong: isOver };
  return { keyboard: shown, scan: null, isTaken };
}

/** Behind characters it ends their run and presses nothing; alone it is a person's, but for the keypad. */
function pressEnter(keyboard: Keyboard, { atMs, isRepeat, isOnPad }: Press): KeyStep {
  const { run, enterMs } = keyboard;
  if (run.length === 0) {
    const isTaken = isRepeat || isOnPad || atMs - enterMs <= ENTER_AGAIN_MS_MAX;
    const after = isTaken ? { ...keyboard, enterMs: atMs } : keyboard;
    return { keyboard: after, scan: null, isTaken };
  }
  const scanned = findScan(keyboard);
  const cents = scanned === null ? keyboard.cents : scanned.centsBefore;
  const after = { ...keyboard, ...NO_RUN, cents, enterMs: atMs };
  return { keyboard: after, scan: scanned?.text ?? null, isTaken: true };
}

type Scan = { text: string; centsBefore: number };

/** What a run has scanned, and the amount before it; null: an amount that a person typed. */
function findScan({ run, startCents, isTooLong }: Keyboard): Scan | null {
  const text = run.map(({ char }) => char).join('');
  const centsAt = (index: number) => run[index]?.centsBefore ?? startCents;
  const codeAt = text.length - SERVER_CODE_DIGITS;
  const code = text.slice(Math.max(0, codeAt));
  if (readServerCode(code) !== undefined) {
    return { text: code, centsBefore: centsAt(codeAt - brokenBefore(text.slice(0, codeAt), code)) };
  }
  const transitAt = text.lastIndexOf('TC1:');
  if (transitAt >= 0) return { text: text.slice(transitAt), centsBefore: centsAt(transitAt) };
  const burstAt = burstStart(run, BURST_GAP_MS_MAX);
  const burst = text.slice(burstAt);
  const pauseMs = gapBefore(run, burstAt);
  const isMisread = burst.length >= MISREAD_CHARS_MIN && /^7[12]/.test(burst);
  if (isMisread && pauseMs >= PAUSE_MS_MIN) return { text: burst, centsBefore: centsAt(burstAt) };
  const machineChars = run.length - burstStart(run, MACHINE_GAP_MS_MAX);
  const isAmount = text.length <= AMOUNT_CHARS_MAX && machineChars < MACHINE_CHARS_MIN;
  if (isAmount && !isTooLong) return null;
  return { text: /7[12]\d{13,}$/.exec(text)?.[0] ?? text, centsBefore: startCents };
}

/** How many characters before a code are first ones of the same code. */
function brokenBefore(text: string, code: string): number {
  for (let length = Math.min(text.length, code.length); length >= BROKEN_CHARS_MIN; length -= 1) {
    if (text.endsWith(code.slice(0, length))) return length;
  }
  return 0;
}

/** Where the last keys begin between which there was never more time. */
function burstStart(run: readonly Stroke[], gapMs: number): number {
  let start = Math.max(0, run.length - 1);
  while (start > 0 && gapBefore(run, start) <= gapMs) start -= 1;
  return start;
}

function gapBefore(run: readonly Stroke[], index: number): number {
  const [before, stroke] = [run[index - 1], run[index]];
  if (before === undefined || stroke === undefined) return Number.POSITIVE_INFINITY;
  return stroke.atMs - before.atMs;
}
