/**
 * Time as pages get it: two clocks and one alarm, in the shape that the programs have it too, so that a
 * test moves a page's time by hand.
 */
import type { Now } from '@stile/protocol/time.ts';

export type Clock = {
  now(): Now;
  /** Calls `fire` once at or after that monotonic instant; returns how to take it back. */
  alarm(atMonoMs: number, fire: () => void): () => void;
};

/** setTimeout's longest delay; beyond it a timer would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const browserClock: Clock = {
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

/** Calls `fire` once after that long; returns how to take it back. */
export function alarmIn(clock: Clock, alarm: { ms: number; fire: () => void }): () => void {
  return clock.alarm(clock.now().monoMs + alarm.ms, alarm.fire);
}

/** Calls `fire` again and again, that long after the time before; returns how to end it. */
export function repeat(clock: Clock, alarm: { everyMs: number; fire: () => void }): () => void {
  const { everyMs, fire } = alarm;
  let cancel = alarmIn(clock, { ms: everyMs, fire: ring });

  function ring(): void {
    cancel = alarmIn(clock, { ms: everyMs, fire: ring });
    fire();
  }

  return () => cancel();
}

/** Resolves after that long, or as soon as the signal aborts. */
export function pause(clock: Clock, wait: { ms: number; signal?: AbortSignal }): Promise<void> {
  const { ms, signal } = wait;
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const cancel = alarmIn(clock, {
      ms,
      fire: () => {
        signal?.removeEventListener('abort', end);
        resolve();
      },
    });
    const end = () => {
      cancel();
      resolve();
    };
    signal?.addEventListener('abort', end, { once: true });
  });
}
