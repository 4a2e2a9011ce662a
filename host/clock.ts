/**
 * The clock of Node programs, and what one often needs of a clock. The type and the alarms are protocol's;
 * testing/moved-clock.ts has the clock that tests move by hand.
 */
import { type Clock, clockOn } from '@stile/protocol/time.ts';

export type { Clock } from '@stile/protocol/time.ts';

export const systemClock: Clock = clockOn({
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
  startTimer(fire, delayMs) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
});

/** The wall clock in whole unix seconds. */
export function wallS(clock: Clock): number {
  return Math.floor(clock.now().wallMs / 1000);
}

/** Resolves after so long by that clock. */
export function sleep(clock: Clock, forMs: number): Promise<void> {
  return new Promise((done) => clock.alarm(clock.now().monoMs + forMs, done));
}
