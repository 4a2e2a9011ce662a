/** A till is heard: once for each outcome, and not at all once it is switched off. */
import { signal } from '@preact/signals';
import { expect, test } from 'vitest';
import type { Tone } from '../../parts/sound.ts';
import { createMemoryStorage } from '../../testing/memory-storage.ts';
import { OutcomeSound } from './outcome-sound.ts';
import type { SaleState } from './sale.ts';

const decided = (outcome: string) =>
  ({ kind: 'decided', payment: { outcome }, code: null }) as SaleState;
const UNKNOWN = { kind: 'unknown' } as SaleState;

test('paid sounds good, all else bad; off is silent, and stays so at the next visit', () => {
  const storage = createMemoryStorage({});
  const heard: Tone[] = [];
  const sound = { play: (tone: Tone) => void heard.push(tone) };
  const state = signal<SaleState>({ kind: 'none' });
  const outcomes = new OutcomeSound({ sound, storage, sale: { state } });
  for (const next of [decided('PAID'), { kind: 'none' } as const, decided('REFUSED'), UNKNOWN]) {
    state.value = next;
  }
  expect(heard).toEqual(['good', 'bad', 'bad']);
  outcomes.switch();
  expect(heard).toHaveLength(3);
  state.value = decided('PAID');
  expect(heard).toHaveLength(3);
  expect(new OutcomeSound({ sound, storage, sale: { state } }).isOn.value).toBe(false);
  outcomes.switch();
  expect(new OutcomeSound({ sound, storage, sale: { state } }).isOn.value).toBe(true);
});
