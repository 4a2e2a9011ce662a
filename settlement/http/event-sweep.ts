/** Now and then those who listen here are compared with the rows: a word from another process may have been lost. */
import type { Clock } from '@stile/host/clock.ts';
import { describeError } from '@stile/protocol/fault.ts';
import type { Logger } from 'pino';
import type { Store } from '../store/port.ts';
import type { EventStreams } from './event-streams.ts';

const SWEEP_MS = 5_000;

export type EventSweepParts = {
  store: Pick<Store, 'findLatestEvents'>;
  streams: Pick<EventStreams, 'subjects' | 'wake'>;
  clock: Clock;
  log: Logger;
};

/** @returns how to end it */
export function startEventSweep({ store, streams, clock, log }: EventSweepParts) {
  let before: ReadonlyMap<string, number> = new Map();
  let isClosed = false;
  let sweeping: Promise<void> = Promise.resolve();
  let cancel: () => void = () => undefined;

  async function sweep(): Promise<void> {
    try {
      const subjects = streams.subjects();
      const latest = subjects.length === 0 ? new Map() : await store.findLatestEvents(subjects);
      streams.wake(subjects.filter((one) => latest.get(one) !== before.get(one)));
      before = latest;
    } catch (error) {
      if (!isClosed) log.error({ error: describeError(error) }, 'events could not be looked for');
    }
    if (!isClosed) setNext();
  }

  function setNext(): void {
    cancel = clock.alarm(clock.now().monoMs + SWEEP_MS, () => {
      sweeping = sweep();
    });
  }

  setNext();
  return async (): Promise<void> => {
    isClosed = true;
    cancel();
    await sweeping;
  };
}
