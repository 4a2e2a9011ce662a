/** Time as the gate's shell gets it: two clocks and one alarm, real here, moved by hand in tests. */
import type { Now } from '../core/admit.ts';

export type Clock = {
  now(): Now;
  /** Calls `fire` once at or after that monotonic instant; returns how to take it back. */
  alarm(atMonoMs: number, fire: () => void): () => void;
};

/** setTimeout's longest delay; a later alarm fires early and is set again by the step it causes. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
  alarm(atMonoMs, fire) {
    const delayMs = Math.min(TIMEOUT_MS_MAX, Math.max(0, atMonoMs - performance.now()));
    const timer = setTimeout(fire, Math.ceil(delayMs));
    return () => clearTimeout(timer);
  },
};
