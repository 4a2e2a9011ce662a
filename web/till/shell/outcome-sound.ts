/** A sound at each outcome, unless somebody has switched it off. The choice is kept for the next visit, if it can be. */
import { effect, signal } from '@preact/signals';
import type { Sound } from '../../parts/sound.ts';
import type { TextStorage } from '../../parts/storage.ts';
import type { Sale } from './sale.ts';

const STORED_AS = 'stile-till-sound';
const OFF = 'off';

export type OutcomeSoundParts = { sound: Sound; storage: TextStorage; sale: Pick<Sale, 'state'> };

export class OutcomeSound {
  readonly isOn = signal(true);
  readonly #storage: TextStorage;

  constructor({ sound, storage, sale }: OutcomeSoundParts) {
    this.#storage = storage;
    this.isOn.value = this.#read();
    effect(() => {
      const { value } = sale.state;
      const isDecided = value.kind === 'decided' || value.kind === 'unknown';
      if (!isDecided || !this.isOn.peek()) return;
      const isPaid = value.kind === 'decided' && value.payment.outcome === 'PAID';
      sound.play(isPaid ? 'good' : 'bad');
    });
  }

  switch(): void {
    this.isOn.value = !this.isOn.value;
    try {
      this.#storage.setItem(STORED_AS, this.isOn.value ? 'on' : OFF);
    } catch {
      // A browser that stores nothing for pages: the choice lasts as long as the page.
    }
  }

  #read(): boolean {
    try {
      return this.#storage.getItem(STORED_AS) !== OFF;
    } catch {
      return true;
    }
  }
}
