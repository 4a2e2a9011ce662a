/**
 * Time as every shell gets it: two clocks and one alarm. The system's here; testing/moved-clock.ts has the
 * one that tests move by hand.
 */
import type { Now } from '@stile/protocol/time.ts';

export type Clock = {
  now(): Now;
  /** Calls `fire` once at or after that monotonic instant; returns how to take it back. */
  alarm(atMonoMs: number, fire: () => void): () => void;
};

/** setTimeout's longest delay; beyond it a timer would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
  alarm(atMonoMs, fire) {
    let timer = setTimeout(ring, delayMs());

    function delayMs(): number {
      const leftMs = Math.ceil(atMonoMs - performance.now());
      return Math.min(TIMEOUT_MS_MAX, Math.max(0, leftMs));
    }

    /** An alarm of more than 24 days takes several timers; one may also ring a little early. */
    function ring(): void {
      if (performance.now() < atMonoMs) timer = setTimeout(ring, delayMs());
      else fire();
    }

    return () => clearTimeout(timer);
  },
};

/** The wall clock in whole unix seconds. */
export function wallS(clock: Clock): number {
  return Math.floor(clock.now().wallMs / 1000);
}

/** Resolves after so long by that clock. */
export function sleep(clock: Clock, forMs: number): Promise<void> {
  return new Promise((done) => clock.alarm(clock.now().monoMs + forMs, done));
}
