/**
 * Open event streams of this process, by whose they are. It keeps nothing for
 * anyone who is not listening (docs/decisions/0015); whoever reconnects reads the state again.
 */
import type { MerchantEvent } from '@stile/protocol/http/merchant-api.ts';
import type { RiderEvent } from '@stile/protocol/http/rider-api.ts';

/** Streams of one account or merchant: phones and tabs of one person, tills of one shop. */
export const STREAMS_PER_SUBJECT_MAX = 16;
export const STREAMS_MAX = 2_000;

type Event = RiderEvent | MerchantEvent;
type Stream = { send: (event: Event) => void; end: () => void };

export type EventStreams = ReturnType<typeof createEventStreams>;

export function createEventStreams() {
  const streams = new Map<string, Set<Stream>>();
  let open = 0;

  function send(subject: string, event: Event): void {
    for (const stream of streams.get(subject) ?? []) stream.send(event);
  }

  return {
    /** How to leave again, or undefined if there are too many. */
    join(subject: string, stream: Stream): (() => void) | undefined {
      const ofSubject = streams.get(subject) ?? new Set();
      if (open >= STREAMS_MAX || ofSubject.size >= STREAMS_PER_SUBJECT_MAX) return undefined;
      ofSubject.add(stream);
      streams.set(subject, ofSubject);
      open += 1;
      return () => {
        if (!ofSubject.delete(stream)) return;
        open -= 1;
        if (ofSubject.size === 0) streams.delete(subject);
      };
    },
    sendToRider: (account: string, event: RiderEvent): void => send(riderSubject(account), event),
    sendToMerchant: (merchant: string, event: MerchantEvent): void =>
      send(merchantSubject(merchant), event),
    end(subject: string): void {
      for (const stream of [...(streams.get(subject) ?? [])]) stream.end();
    },
    endAll(): void {
      for (const ofSubject of [...streams.values()]) {
        for (const stream of [...ofSubject]) stream.end();
      }
    },
  };
}

export function riderSubject(account: string): string {
  return `rider:${account}`;
}

export function merchantSubject(merchant: string): string {
  return `merchant:${merchant}`;
}
