/** What is entered before a sale: the amount, and what is scanned or typed for it, with what to say if it is no sale. */
import { computed, signal } from '@preact/signals';
import type { Clock } from '../../parts/clock.ts';
import type { Key } from '../core/amount.ts';
import {
  endRun,
  type Keyboard,
  type KeyStep,
  NO_KEYS,
  type Press,
  passSilence,
  pressOnKeyboard,
  pressOnPad,
  silenceAtMs,
} from '../core/keyboard.ts';
import { readScanned } from '../core/scanned.ts';
import { type Failure, failureOf, NOT_STORED } from './merchant-client.ts';
import type { Price, Sale } from './sale.ts';

export type Hint =
  | { kind: 'misread' | 'transit' | 'notCode' | 'amountFirst' | 'nextFirst' | 'openFirst' }
  /** Scanned where nothing is sold. */
  | { kind: 'sellFirst' }
  /** The same code once more, which has just paid so much. */
  | { kind: 'alreadyPaid'; amountCents: number }
  | { kind: 'failed'; failure: Failure };

export type AmountEntryParts = {
  sale: Sale;
  clock: Clock;
  /** What is shown: the page for sales, another one of the shop's, or nothing of a shop. */
  place: () => 'sell' | 'beside' | 'out';
};

/** A key, and how a field gets back the text that stood there before a scan went into it. */
export type TillPress = Omit<Press, 'isOpen'> & { restoreField?: (text: string) => void };

export class AmountEntry {
  readonly hint = signal<Hint | null>(null);
  /** What the payment is for, as the shop writes it. */
  readonly note = signal('');
  readonly #keyboard = signal(NO_KEYS);
  readonly cents = computed(() => this.#keyboard.value.cents);
  readonly #parts: AmountEntryParts;
  #restoreField: TillPress['restoreField'];
  #cancelSilence = (): void => undefined;

  constructor(parts: AmountEntryParts) {
    this.#parts = parts;
  }

  /** Says whether nothing else on the page may act on the key. */
  press({ restoreField, ...press }: TillPress): boolean {
    const isOpen = this.#parts.place() === 'sell' && this.#parts.sale.state.value.kind === 'none';
    this.#restoreField = restoreField;
    return this.#take(pressOnKeyboard(this.#keyboard.value, { ...press, isOpen }));
  }

  #take({ keyboard, scan, fieldText, isTaken }: KeyStep): boolean {
    const before = this.cents.value;
    this.#setKeyboard(keyboard);
    if (fieldText !== null) this.#restoreField?.(fieldText);
    if (scan !== null) this.read(scan);
    else if (this.cents.value !== before) this.hint.value = null;
    return isTaken;
  }

  /** A code whose scanner sends no end is whole once no key has come for a while. */
  #setKeyboard(keyboard: Keyboard): void {
    this.#keyboard.value = keyboard;
    this.#cancelSilence();
    const atMs = silenceAtMs(keyboard);
    if (atMs === null) return;
    const fire = () => this.#take(passSilence(this.#keyboard.value, { atMs }));
    this.#cancelSilence = this.#parts.clock.alarm(atMs, fire);
  }

  pressPad(key: Key): void {
    this.hint.value = null;
    this.#setKeyboard(pressOnPad(this.#keyboard.value, key));
  }

  /** Keys go somewhere else from here on. */
  endRun(): void {
    this.#setKeyboard(endRun(this.#keyboard.value));
  }

  clear(): void {
    this.hint.value = null;
    this.note.value = '';
    this.#setKeyboard({ ...endRun(this.#keyboard.value), cents: 0 });
  }

  /** What was scanned, or typed as a code. */
  read(text: string): void {
    const { place, sale } = this.#parts;
    const read = readScanned(text);
    const code = read.kind === 'code' ? read.code : null;
    const { value } = sale.state;
    if (place() === 'out') return;
    if (place() === 'beside') this.hint.value = { kind: 'sellFirst' };
    else if (value.kind !== 'none') this.#readBehind(code);
    else if (read.kind !== 'code') this.hint.value = { kind: hintOf(read.kind) };
    else if (this.cents.value > 0) this.#sell(read.code);
    else this.hint.value = this.#alreadyPaid(code) ?? { kind: 'amountFirst' };
  }

  /** A second look of the scanner at what is shown is the same presentation: it changes nothing. */
  #readBehind(code: string | null): void {
    const { value } = this.#parts.sale.state;
    if (value.kind === 'decided' || value.kind === 'reversed') {
      const isShown = value.kind === 'decided' && code !== null && value.code === code;
      const isPaid = isShown && value.payment.outcome === 'PAID';
      if (isPaid) this.hint.value = this.#alreadyPaid(code);
      else this.hint.value = isShown ? null : { kind: 'nextFirst' };
    } else if (value.kind !== 'none') {
      const isShown = value.kind !== 'order' && value.pending.code === code;
      if (!isShown) this.hint.value = { kind: 'openFirst' };
    }
  }

  #alreadyPaid(code: string | null): Hint | null {
    const paid = this.#parts.sale.lastPaid;
    const isAgain = code !== null && code === paid?.code;
    return isAgain ? { kind: 'alreadyPaid', amountCents: paid.amountCents } : null;
  }

  #sell(code: string): void {
    this.hint.value = null;
    this.#parts.sale.take(code, this.#price()).catch(() => {
      this.hint.value = { kind: 'failed', failure: NOT_STORED };
    });
  }

  #price(): Price {
    const note = this.note.value.trim();
    return { amountCents: this.cents.value, ...(note !== '' && { note }) };
  }

  async showOrder(): Promise<void> {
    this.hint.value = this.cents.value === 0 ? { kind: 'amountFirst' } : null;
    if (this.cents.value === 0) return;
    try {
      await this.#parts.sale.makeOrder(this.#price());
    } catch (error) {
      this.hint.value = { kind: 'failed', failure: failureOf(error) };
    }
  }
}

function hintOf(kind: 'transit' | 'misread' | 'unknown') {
  return kind === 'unknown' ? 'notCode' : kind;
}
