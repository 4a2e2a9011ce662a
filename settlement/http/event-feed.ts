/**
 * What one open stream hears: rows of the database behind the last one that was heard, in their order. Whoever wakes it
 * says nothing but that there may be more.
 */
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { OwnEvent } from '../core/events/event-changes.ts';
import type { Store } from '../store/port.ts';

const PAGE_ROWS = 50;
/** How often one that has not read what was sent may be woken before it is cut off. */
const UNREAD_WAKES_MAX = 64;

export type FeedParts = {
  subject: string;
  sse: FastifyReply['sse'];
  raw: ServerResponse;
  store: Pick<Store, 'listEvents' | 'findLatestEvents'>;
  /** As it is sent. */
  eventOf: (event: OwnEvent) => { kind: string };
};

export function feed({ subject, sse, raw, store, eventOf }: FeedParts) {
  /** The number of the last event that was sent; null: it is not open yet. */
  let last: number | null = null;
  let isReading = false;
  let wakes = 0;

  async function readOn(from: number): Promise<void> {
    let isMore = true;
    while (isMore && sse.isConnected) {
      const seen = wakes;
      const page = { after: last ?? from, limit: PAGE_ROWS };
      const events = await store.listEvents(subject, page);
      for (const { number, event } of events) {
        if (!sse.isConnected) return rest();
        const data = eventOf(event);
        // Waits for one who is slow to read: what waits with it stays in the database.
        await sse.send({ id: String(number), event: data.kind, data });
        last = number;
      }
      isMore = events.length === PAGE_ROWS || wakes !== seen;
    }
    // At once, or a wake in between would find it still reading.
    rest();
  }

  function rest(): void {
    isReading = false;
    wakes = 0;
  }

  async function run(from: number): Promise<void> {
    isReading = true;
    try {
      await readOn(from);
    } catch {
      // The client comes again, and says what it has heard.
      raw.destroy();
      rest();
    }
  }

  return {
    wake(): void {
      wakes += 1;
      if (last === null) return;
      if (isReading && wakes > UNREAD_WAKES_MAX) raw.destroy();
      else if (!isReading) void run(last);
    },
    /** The first bytes: whoever listens knows now that nothing after this is missed. */
    async open(heard: unknown): Promise<void> {
      const latest = (await store.findLatestEvents([subject])).get(subject) ?? 0;
      const from = Math.min(numberIn(heard) ?? latest, latest);
      await sse.send({ id: String(from), event: 'OPEN', data: { kind: 'OPEN' } });
      last = from;
      await run(from);
    },
  };
}

/** Null: nothing was heard yet, or nothing of ours. */
function numberIn(heard: unknown): number | null {
  return typeof heard === 'string' && /^\d{1,16}$/.test(heard) ? Number(heard) : null;
}
