/**
 * The loop that empties the outbox in this process. It is woken after every commit that queued
 * something and does one bounded piece at a time; the store lets requests through in between. A sweep now and
 * then finds what a crash left, removes what has expired and renews the published lists.
 */

import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { EventStreams } from '../http/event-streams.ts';
import type { Store } from '../store/port.ts';
import type { Publisher } from './publisher.ts';

const SWEEP_MS = 5_000;
/** A list is published at least after so many pieces, however long the queue is. */
const TURNS_BETWEEN_LISTS = 50;
/** A failing piece is tried again by the next sweep, not in a hot loop. */

export type OutboxLoopParts = {
  store: Store;
  publisher: Publisher;
  /** Hears whose money moved, behind the commit. */
  streams: Pick<EventStreams, 'sendToRider'>;
  issuer: number;
  clock: Clock;
  log: Logger;
};

export type OutboxLoop = ReturnType<typeof createOutboxLoop>;

export function createOutboxLoop({
  store,
  publisher,
  streams,
  issuer,
  clock,
  log,
}: OutboxLoopParts) {
  let running: Promise<void> | null = null;
  let isWoken = false;
  let closed = false;
  let cancelSweep: (() => void) | null = null;

  async function publishIfAsked(): Promise<void> {
    const generation = await store.findPublishRequest();
    if (generation === undefined) return;
    await publisher.publish();
    await store.closePublishRequest(generation);
    const { version, deny } = publisher.current().list;
    log.info({ trust: version, deny: deny.version, denied: deny.count }, 'lists published');
  }

  async function drain(): Promise<void> {
    for (let turns = 1; !closed; turns += 1) {
      const turn = await store.workOnce(issuer, clock.now().wallMs);
      if (turn.kind === 'failed') {
        log.error({ work: turn.work, error: describeError(turn.error) }, 'a job failed');
        break;
      }
      if (turn.kind === 'idle') break;
      for (const account of turn.accounts) streams.sendToRider(account, { kind: 'ACCOUNT' });
      if (turns % TURNS_BETWEEN_LISTS === 0) await publishIfAsked();
    }
    if (!closed) await publishIfAsked();
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
      await store.sweepExpired(clock.now().wallMs);
      if (publisher.isRefreshDue()) await store.requestPublish(clock.now().wallMs);
    } catch (error) {
      log.error({ error: describeError(error) }, 'the sweep failed; the next one goes on');
    }
    wake();
    if (!closed) setSweep();
  }

  function setSweep(): void {
    cancelSweep = clock.alarm(clock.now().monoMs + SWEEP_MS, () => void sweep());
  }

  return {
    wake,
    start(): void {
      setSweep();
      wake();
    },
    /** Waits until nothing is under way any more; the queue may hold failed jobs. */
    async settled(): Promise<void> {
      while (running !== null) await running;
    },
    async close(): Promise<void> {
      closed = true;
      cancelSweep?.();
      await running;
    },
  };
}
