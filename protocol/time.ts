/**
 * Time as everybody gets it: a wall clock for what is valid when, a monotonic one for how long, and an alarm.
 * Whoever decides gets two readings as a value; nobody below a shell has a clock, and nobody at all has one
 * that was not passed in.
 */

/** `wallMs`: unix milliseconds, may jump. `monoMs`: milliseconds since some start, only grows. */
export type Now = { wallMs: number; monoMs: number };

export type Clock = {
  now(): Now;
  /** Calls `fire` once at or after that monotonic instant; returns how to take it back. */
  alarm(atMonoMs: number, fire: () => void): () => void;
};

/** What a platform has. Its timers may ring early, and take no delay of more than DELAY_MS_MAX. */
export type Platform = {
  now(): Now;
  /** Returns how to stop the timer. */
  startTimer(fire: () => void, delayMs: number): () => void;
};

/** The longest delay of setTimeout, 24.8 days; beyond it a timer would ring at once. */
export const DELAY_MS_MAX = 2 ** 31 - 1;

/** A clock on a platform's timers: an alarm may be as far away as it likes, and never rings early. */
export function clockOn({ now, startTimer }: Platform): Clock {
  return {
    now,
    alarm(atMonoMs, fire) {
      let stop = start();

      function start(): () => void {
        const leftMs = Math.ceil(atMonoMs - now().monoMs);
        return startTimer(ring, Math.min(DELAY_MS_MAX, Math.max(0, leftMs)));
      }

      function ring(): void {
        if (now().monoMs < atMonoMs) stop = start();
        else fire();
      }

      return () => stop();
    },
  };
}
