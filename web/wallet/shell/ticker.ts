/** The page's one ticking clock, as a signal: what counts down reads it. Stands still in a hidden page. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { type Clock, repeat } from '../../parts/clock.ts';
import type { PageState } from '../../parts/page-state.ts';

const TICK_MS = 250;

export type Ticker = { nowMs: ReadonlySignal<number>; start(): void };

export function createTicker(clock: Clock, page: PageState): Ticker {
  const nowMs = signal(clock.now().wallMs);
  const tick = () => {
    nowMs.value = clock.now().wallMs;
  };
  return {
    nowMs,
    start() {
      page.onChange('visibility', tick);
      const fire = () => {
        if (page.isVisible()) tick();
      };
      repeat(clock, { everyMs: TICK_MS, fire });
    },
  };
}
