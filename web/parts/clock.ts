/**
 * The clock of pages, and what they often need of one: the type and the alarms are those that the programs
 * have too, so that a test moves a page's time by hand.
 */
import { type Clock, clockOn } from '@stile/protocol/time.ts';

export type { Clock } from '@stile/protocol/time.ts';

export const browserClock: Clock = clockOn({
  now: () => ({ wallMs: Date.now(), monoMs: performance.now() }),
  startTimer(fire, delayMs) {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
});

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
