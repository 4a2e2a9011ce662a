/** What is entered before a sale: the amount, and what is scanned or typed for it, with what to say if it is no sale. */
import { computed, signal } from '@preact/signals';
import type { Key } from '../core/amount.ts';
import { NO_KEYS, type Press, pressOnKeyboard, pressOnPad } from '../core/keyboard.ts';
import { readScanned } from '../core/scanned.ts';
import { type Failure, failureOf } from './merchant-client.ts';
import type { Sale } from './sale.ts';

export type Hint =
  | { kind: 'misread' | 'transit' | 'notCode' | 'amountFirst' | 'nextFirst' }
  /** The same code once more, which has just paid so much. */
  | { kind: 'alreadyPaid'; amountCents: number }
  | { kind: 'failed'; failure: Failure };

export class AmountEntry {
  readonly hint = signal<Hint | null>(null);
  readonly #keyboard = signal(NO_KEYS);
  readonly cents = computed(() => this.#keyboard.value.cents);
  readonly #sale: Sale;

  constructor(sale: Sale) {
    this.#sale = sale;
  }

  /** `isSelling`: the page for it is shown. Says whether nothing else on the page may act on the key. */
  press(press: Omit<Press, 'isOpen'>, { isSelling }: { isSelling: boolean }): boolean {
    const isOpen = isSelling && this.#sale.state.value.kind === 'none';
    const before = this.cents.value;
    const { keyboard, scan, isTaken } = pressOnKeyboard(this.#keyboard.value, { ...press, isOpen });
    this.#keyboard.value = keyboard;
    if (scan !== null && isSelling) this.read(scan);
    else if (this.cents.value !== before) this.hint.value = null;
    return isTaken;
  }

  pressPad(key: Key): void {
    this.hint.value = null;
    this.#keyboard.value = pressOnPad(this.#keyboard.value, key);
  }

  /** Keys go somewhere else from here on. */
  endRun(): void {
    this.#keyboard.value = { ...NO_KEYS, cents: this.cents.value };
  }

  clear(): void {
    this.hint.value = null;
    this.#keyboard.value = NO_KEYS;
  }

  /** What was scanned, or typed as a code. */
  read(text: string): void {
    const read = readScanned(text);
    const code = read.kind === 'code' ? read.code : null;
    const { value } = this.#sale.state;
    const paid = this.#sale.lastPaid;
    const isAgain = code !== null && code === paid?.code;
    if (value.kind === 'decided' || value.kind === 'reversed') {
      const isShown = value.kind === 'decided' && value.code === code;
      this.hint.value =
        isAgain && isShown ? { ...paid, kind: 'alreadyPaid' } : { kind: 'nextFirst' };
    } else if (value.kind === 'none') {
      if (read.kind !== 'code') this.hint.value = { kind: hintOf(read.kind) };
      else if (this.cents.value > 0) this.#take(read.code);
      else this.hint.value = isAgain ? { ...paid, kind: 'alreadyPaid' } : { kind: 'amountFirst' };
    }
  }

  #take(code: string): void {
    this.hint.value = null;
    void this.#sale.take(code, this.cents.value);
  }

  async showOrder(): Promise<void> {
    this.hint.value = this.cents.value === 0 ? { kind: 'amountFirst' } : null;
    if (this.cents.value === 0) return;
    try {
      await this.#sale.makeOrder(this.cents.value);
    } catch (error) {
      this.hint.value = { kind: 'failed', failure: failureOf(error) };
    }
  }
}

function hintOf(kind: 'transit' | 'misread' | 'unknown') {
  return kind === 'unknown' ? 'notCode' : kind;
}
