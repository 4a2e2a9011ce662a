/**
 * Keys at a till: a person types an amount, a scanner types a code and ends it with Enter, Tab, a line feed, an arrow
 * down or with nothing. Pure. A run of keys whose end is a code is that code, and the amount is what it was before the
 * code's first key. What came in one go and is no amount (./run.ts) changes none, whatever it is.
 */
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { type Key, keyOf, pressKey } from './amount.ts';
import {
  type Found,
  findCode,
  findGoods,
  findMisread,
  findTransit,
  fitsAmount,
  lastGoAt,
  type Stroke,
  textOf,
} from './run.ts';
import { type Chars, type KeyDown, readKey } from './stroke.ts';

/** No scanner waits so long between two keys as a rule; a code that is whole needs no end behind it. */
export const SILENCE_MS = 400;
/** A scan that stops for less goes on: what then comes is its rest. */
const REST_MS_MAX = 2_000;
/** Some scanners send two ends of a line, and late ones: none is a person's word. */
export const END_AGAIN_MS_MAX = 1_000;
/** The same behind digits that a person can have typed, who then presses something else. */
const AMOUNT_END_AGAIN_MS_MAX = 300;
/** Nobody types so many keys and the end behind them so fast. */
const MACHINE_GAP_MS_MAX = 25;
const MACHINE_CHARS_MIN = 4;
const STROKES_MAX = 1_000;

export type Keyboard = {
  cents: number;
  /** Characters since the last key that was none. */
  run: readonly Stroke[];
  /** The run has turned out to be no amount: this one stays, whatever comes of it. */
  heldCents: number | null;
  /** The silence behind the run was heard. */
  isHeard: boolean;
  /** Until then one more end is the scanner's. */
  endsUntilMs: number;
};
const NO_RUN = { run: [], heldCents: null, isHeard: false };
export const NO_KEYS: Keyboard = { ...NO_RUN, cents: 0, endsUntilMs: Number.NEGATIVE_INFINITY };

export type Press = KeyDown & {
  atMs: number;
  /** The key is held down. */
  isRepeat: boolean;
  /** A button of the till's own keypad has the focus. */
  isOnPad: boolean;
  /** Digits change the amount now. */
  isOpen: boolean;
  /** What stands in the field that the key goes to; null: it goes to none. */
  fieldText: string | null;
};

/**
 * `isTaken`: nothing else on the page may act on the key. `fieldText`: what stood in the field before the scan that
 * went there; null: nothing did.
 */
export type KeyStep = {
  keyboard: Keyboard;
  scan: string | null;
  isTaken: boolean;
  fieldText: string | null;
};

export function pressOnKeyboard(keyboard: Keyboard, press: Press): KeyStep {
  const reading = readKey(press);
  if (reading.kind === 'held') return leave(keyboard, false);
  if (reading.kind === 'end') return pressEnd(keyboard, press);
  if (reading.kind === 'char') {
    const isBlank = reading.chars.own === ' ' && keyboard.run.length === 0;
    if (!isBlank) return pressCharacter(keyboard, { ...press, chars: reading.chars });
  }
  const meant = press.fieldText === null ? keyOf(press.key) : undefined;
  const isTaken = press.isOpen && meant !== undefined;
  const cents = isTaken ? pressKey(keyboard.cents, meant) : keyboard.cents;
  return leave({ ...keyboard, ...NO_RUN, cents }, isTaken);
}

/** A button of the till's own keypad. */
export function pressOnPad(keyboard: Keyboard, key: Key): Keyboard {
  return { ...keyboard, ...NO_RUN, cents: pressKey(keyboard.cents, key) };
}

/** Keys go somewhere else from here on. */
export function endRun(keyboard: Keyboard): Keyboard {
  return { ...keyboard, ...NO_RUN };
}

/** When `passSilence` has something to say if no key comes; null: never. */
export function silenceAtMs({ run, isHeard }: Keyboard): number | null {
  const last = run.at(-1);
  return last === undefined || isHeard ? null : last.atMs + SILENCE_MS;
}

/** No key has come for a while: ends a code that is whole. What may be a code that goes on is said and stays. */
export function passSilence(keyboard: Keyboard, { atMs }: { atMs: number }): KeyStep {
  const { run } = keyboard;
  const dueMs = silenceAtMs(keyboard);
  if (dueMs === null || atMs < dueMs) return leave(keyboard, false);
  const whole = findCode(run) ?? findGoods(run);
  if (whole !== null) return endWith(keyboard, { found: whole, atMs });
  const burst = isOfField(run) ? null : findBurst(keyboard);
  const cents = burst?.cents ?? keyboard.cents;
  const heldCents = burst?.cents ?? keyboard.heldCents;
  const said = findTransit(run) ?? burst;
  const heard = { ...keyboard, cents, heldCents, isHeard: true };
  return { ...leave(heard, false), scan: isOfField(run) ? null : (said?.text ?? null) };
}

function pressCharacter(
  keyboard: Keyboard,
  { chars, atMs, isOpen, fieldText }: Press & { chars: Chars },
): KeyStep {
  const { cents } = keyboard;
  const last = keyboard.run.at(-1);
  const gapMs = last === undefined ? Number.POSITIVE_INFINITY : atMs - last.atMs;
  const stroke = { chars, atMs, centsBefore: cents, isFirst: gapMs >= SILENCE_MS, fieldText };
  const run = [...keyboard.run, stroke].slice(-STROKES_MAX);
  const held = gapMs >= REST_MS_MAX ? null : keyboard.heldCents;
  const next = { ...keyboard, run, heldCents: held, isHeard: false };
  if (fieldText !== null) return leave(next, false);
  if (!fitsAmount(textOf(run.slice(lastGoAt(run))))) {
    // What was held already was before this scan's first key.
    const heldCents = stroke.isFirst ? (held ?? cents) : centsAt(run, lastGoAt(run));
    return leave({ ...next, cents: heldCents, heldCents }, true);
  }
  if (!isOpen || held !== null || !/\d/.test(chars.own)) return leave(next, true);
  const after = cents * 10 + Number(chars.own);
  if (after <= AMOUNT_CENTS_MAX) return leave({ ...next, cents: after }, true);
  const heldCents = centsAt(run, 0);
  return leave({ ...next, cents: heldCents, heldCents }, true);
}

/** Behind a scan it presses nothing; alone it is a person's, but right behind a scan and on the keypad. */
function pressEnd(keyboard: Keyboard, press: Press): KeyStep {
  const { key, atMs, isRepeat, isOnPad, isControl, fieldText } = press;
  const isEnter = key === 'Enter';
  if (keyboard.run.length === 0) {
    const isAgain = atMs <= keyboard.endsUntilMs;
    return leave(keyboard, isAgain || (isEnter && (isRepeat || isOnPad)));
  }
  const found = findWhole(keyboard) ?? findEnded(keyboard, press);
  if (found !== null) return endWith(keyboard, { found, atMs });
  const after = { ...keyboard, ...NO_RUN };
  if (fieldText !== null) return leave(after, false);
  // Digits of a person. Enter says that they are all; Tab and the arrow go where the person wants to.
  return leave({ ...after, endsUntilMs: atMs + AMOUNT_END_AGAIN_MS_MAX }, isEnter || isControl);
}

/** What is certain by itself, in a field too. */
function findWhole({ run }: Keyboard): Found | null {
  return findCode(run) ?? findTransit(run) ?? findGoods(run);
}

/** What a person cannot have meant as an amount, now that its end has come. */
function findEnded(keyboard: Keyboard, { atMs, isOpen }: Press): Ended['found'] | null {
  const { run } = keyboard;
  if (isOfField(run)) return null;
  const burst = findBurst(keyboard);
  if (burst !== null) return burst;
  const at = lastGoAt(run);
  const isNoAmount = !isOpen || hasMachinePace(run.slice(at), atMs);
  return isNoAmount ? { text: textOf(run.slice(at)), at } : null;
}

/** Too long for an amount, or with other characters in it; the amount before it is the one that is held. */
function findBurst({ run, heldCents }: Keyboard): Held | null {
  if (heldCents === null) return null;
  const misread = findMisread(run);
  if (misread !== null) return { ...misread, cents: centsAt(run, misread.at) };
  const at = fitsAmount(textOf(run.slice(lastGoAt(run)))) ? 0 : lastGoAt(run);
  return { text: textOf(run.slice(at)), at, cents: heldCents };
}
type Held = Found & { cents: number };

function endWith(keyboard: Keyboard, { found, atMs }: Ended): KeyStep {
  const { run } = keyboard;
  const cents = found.cents ?? centsAt(run, found.at);
  return {
    keyboard: { ...keyboard, ...NO_RUN, cents, endsUntilMs: atMs + END_AGAIN_MS_MAX },
    scan: found.text,
    isTaken: true,
    fieldText: run[found.at]?.fieldText ?? null,
  };
}
type Ended = { found: Found & { cents?: number }; atMs: number };

function leave(keyboard: Keyboard, isTaken: boolean): KeyStep {
  return { keyboard, scan: null, isTaken, fieldText: null };
}

function isOfField(run: readonly Stroke[]): boolean {
  return run.at(-1)?.fieldText != null;
}

function centsAt(run: readonly Stroke[], at: number): number {
  return run[at]?.centsBefore ?? 0;
}

function hasMachinePace(strokes: readonly Stroke[], endMs: number): boolean {
  const times = [...strokes.map(({ atMs }) => atMs), endMs].slice(-MACHINE_CHARS_MIN - 1);
  if (times.length <= MACHINE_CHARS_MIN) return false;
  return times.every((atMs, at) => at === 0 || atMs - (times[at - 1] ?? 0) <= MACHINE_GAP_MS_MAX);
}
