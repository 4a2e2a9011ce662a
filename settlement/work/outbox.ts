/**
 * The loop that empties the outbox in this process. It is woken after every commit that queued something and
 * does one piece after the other; the store lets requests through in between. A sweep now and then finds what
 * a crash left, and what failed and is due again.
 */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { Background } from './background.ts';

const SWEEP_MS = 5_000;
/** A list is published at least after so many pieces, however long the queue is. */
const PIECES_BETWEEN_LISTS = 50;

export type OutboxLoopParts = { background: Background; clock: Clock; log: Logger };

export type OutboxLoop = ReturnType<typeof createOutboxLoop>;

export function createOutboxLoop({ background, clock, log }: OutboxLoopParts) {
  let running: Promise<void> | null = null;
  let isWoken = false;
  let closed = false;
  let sweeping: Promise<void> = Promise.resolve();
  const isClosed = () => closed;
  const retention = besideOf({ work: () => background.retain(), isClosed, log });
  const inquiry = besideOf({ work: () => background.askAboutTopUps(), isClosed, log });
  let cancelSweep: (() => void) | null = null;

  async function drain(): Promise<void> {
    // A list with other keys may be what waiting taps need.
    do {
      for (let pieces = 1; !closed; pieces += 1) {
        // What fails is made smaller or put off, so that this comes to an end.
        if ((await background.workOnce()) === 'idle') break;
        if (pieces % PIECES_BETWEEN_LISTS === 0) await background.publishIfRequested();
      }
      if (!closed) await background.publishIfRequested();
    } while (!closed && (await background.workOnce()) !== 'idle');
  }

  async function run(): Promise<void> {
    while (isWoken && !closed) {
      isWoken = false;
      try {
        await drain();
      } catch (error) {
        log.error({ error: describeError(error) }, 'the job loop failed; the next sweep goes on');
      }
    }
    running = null;
  }

  function wake(): void {
    isWoken = true;
    if (!closed) running ??= run();
  }

  async function sweep(): Promise<void> {
    try {
      await background.sweep();
    } catch (error) {
      log.error({ error: describeError(error) }, 'the sweep failed; the next one goes on');
    }
    wake();
    retention.start();
    inquiry.start();
    if (!closed) setSweep();
  }

  function setSweep(): void {
    cancelSweep = clock.alarm(clock.now().monoMs + SWEEP_MS, () => {
      sweeping = sweep();
    });
  }

  return {
    wake,
    start(): void {
      setSweep();
      wake();
    },
    /** Waits until nothing is under way any more, a sweep that has begun included; the queue may hold failed jobs. */
    async settled(): Promise<void> {
      await sweeping;
      while (running !== null) await running;
    },
    async close(): Promise<void> {
      closed = true;
      cancelSweep?.();
      await sweeping;
      // An answer of the provider is not waited for: what is not written is asked about again.
      await retention.ended();
      await running;
    },
  };
}

type Beside = { work: () => Promise<void>; isClosed: () => boolean; log: Logger };

/** What goes on beside the work, which does not wait for it: one at a time, begun again at the next sweep. */
function besideOf({ work, isClosed, log }: Beside) {
  let running: Promise<void> | null = null;
  async function run(): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isClosed()) log.error({ error: describeError(error) }, 'a sweep failed beside the work');
    }
    running = null;
  }
  return {
    start(): void {
      if (!isClosed()) running ??= run();
    },
    ended: async (): Promise<void> => {
      await running;
    },
  };
}
