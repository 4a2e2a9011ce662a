/** Time as settlement's shell gets it: two clocks and one alarm, real here, moved by hand in tests. */

export type Now = { wallMs: number; monoMs: number };

export type Clock = {
  now(): Now;
  /** Calls `fire` once at or after that monotonic instant; returns how to take it back. */
  alarm(atMonoMs: number, fire: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
  alarm(atMonoMs, fire) {
    const timer = setTimeout(fire, Math.max(0, Math.ceil(atMonoMs - performance.now())));
    return () => clearTimeout(timer);
  },
};

export function wallS(clock: Clock): number {
  return Math.floor(clock.now().wallMs / 1000);
}
