/**
 * How often somebody has asked, counted by all processes of a settlement: each counts for itself and tells Redis at
 * most every so many milliseconds what has come in since, which says what all have counted. So nobody waits for Redis, and
 * what is asked of several processes in one moment may go beyond a limit by what one of them takes in such a moment.
 * Without Redis each process knows of its own only.
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { SharedWork } from './shared-work.ts';

/** Between two words to Redis. */
const TELL_MS = 50;
/** Of each name; whoever asked first is forgotten here first, and known to Redis. */
const SUBJECTS_MAX = 50_000;
/** What a word to Redis holds at most. */
const TOLD_MAX = 1_000;

export type Counted = {
  /** In this window, by all as far as is known here. */
  count: number;
  /** Until the window ends. */
  leftMs: number;
};

export type CountOf = { name: string; subject: string; windowMs: number };

export type SharedCounts = {
  /** Counts one more. */
  count(of: CountOf): Counted;
  close(): void;
};

/** `told`: what Redis has said of all; `telling`: on its way there; `own`: not told yet. */
type Count = { told: number; telling: number; own: number };
type Window = { number: number; windowMs: number; counts: Map<string, Count>; untold: Set<string> };

export type SharedCountsParts = {
  shared: Pick<SharedWork, 'redis' | 'prefix' | 'isReachable'>;
  /** Windows begin and end by its wall time: the same for all. */
  clock: Clock;
  log: Logger;
};

export function createSharedCounts({ shared, clock, log }: SharedCountsParts): SharedCounts {
  const windows = new Map<string, Window>();
  let isAwaited = false;
  let isClosed = false;
  let cancel: () => void = () => undefined;

  function windowOf({ name, windowMs }: Pick<CountOf, 'name' | 'windowMs'>): Window {
    const number = Math.floor(clock.now().wallMs / windowMs);
    const known = windows.get(name);
    if (known?.number === number && known.windowMs === windowMs) return known;
    const window = { number, windowMs, counts: new Map(), untold: new Set<string>() };
    windows.set(name, window);
    return window;
  }

  function schedule(): void {
    if (isAwaited || isClosed) return;
    isAwaited = true;
    cancel = clock.alarm(clock.now().monoMs + TELL_MS, () => {
      void tell()
        .catch((error: unknown) => log.debug({ why: describeError(error) }, 'counts were not told'))
        .finally(() => {
          isAwaited = false;
          if ([...windows.values()].some(({ untold }) => untold.size > 0)) schedule();
        });
    });
  }

  async function tell(): Promise<void> {
    if (!shared.isReachable()) return;
    for (const [name, window] of windows) await tellOf(name, window);
  }

  async function tellOf(name: string, window: Window): Promise<void> {
    const subjects = [...window.untold].slice(0, TOLD_MAX);
    if (subjects.length === 0) return;
    const key = `${shared.prefix}:counts:${name}:${window.number}`;
    const words = shared.redis.pipeline();
    const told = subjects.map((subject) => {
      window.untold.delete(subject);
      const count = window.counts.get(subject) ?? { told: 0, telling: 0, own: 0 };
      count.telling = count.own;
      count.own = 0;
      words.hincrby(key, subject, count.telling);
      return count;
    });
    words.pexpire(key, 2 * window.windowMs);
    const answers = (await words.exec()) ?? [];
    for (const [index, count] of told.entries()) {
      const [error, sum] = answers[index] ?? [null, count.told + count.telling];
      count.told = error === null ? Number(sum) : count.told + count.telling;
      count.telling = 0;
    }
  }

  return {
    count: ({ name, subject, windowMs }) => {
      const window = windowOf({ name, windowMs });
      const { counts, untold } = window;
      const count = counts.get(subject) ?? { told: 0, telling: 0, own: 0 };
      count.own += 1;
      counts.set(subject, count);
      untold.add(subject);
      if (counts.size > SUBJECTS_MAX) forgetFirst(window);
      schedule();
      return {
        count: count.told + count.telling + count.own,
        leftMs: (window.number + 1) * windowMs - clock.now().wallMs,
      };
    },
    close: () => {
      isClosed = true;
      cancel();
    },
  };
}

function forgetFirst({ counts, untold }: Window): void {
  const [first] = counts.keys();
  if (first === undefined) return;
  counts.delete(first);
  untold.delete(first);
}
