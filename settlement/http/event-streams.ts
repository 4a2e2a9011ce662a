/**
 * Open event streams of this process, by whose they are. What is to be heard lies in the database, whoever wrote it
 * there: a stream is only woken to read on.
 * Riders and merchants each have a share that the other cannot take, an address has its own; where a share is
 * full, one who has no stream yet takes the place of one who has several.
 */

/** Streams of one account or merchant: phones and tabs of one person, tills of one shop. */
export const STREAMS_PER_SUBJECT_MAX = 16;
export const STREAMS_MAX = 2_000;
/** What riders, and what merchants, can have of them: the rest is there for the others. */
export const STREAMS_OF_RIDERS_MAX = 1_500;
export const STREAMS_OF_MERCHANTS_MAX = 1_000;
const STREAMS_PER_ADDRESS_MAX = 200;

type Listener = { wake: () => void; end: () => void };
type Stream = Listener & { subject: string; kind: string; address: string };

export type EventStreams = ReturnType<typeof createEventStreams>;

/** Who listens; `address` as `addressGroup` says it. */
export type StreamOwner = { subject: string; address: string };

export function createEventStreams({ perAddressMax = STREAMS_PER_ADDRESS_MAX } = {}) {
  const streams = new Map<string, Set<Stream>>();
  /** How many, by kind of subject and by address. */
  const counts = new Map<string, number>();
  let open = 0;

  function leave(stream: Stream): void {
    const ofSubject = streams.get(stream.subject);
    if (!ofSubject?.delete(stream)) return;
    open -= 1;
    count(stream, -1);
    if (ofSubject.size === 0) streams.delete(stream.subject);
  }

  function count({ kind, address }: Stream, by: 1 | -1): void {
    for (const name of [kind, address]) {
      const now = (counts.get(name) ?? 0) + by;
      if (now === 0) counts.delete(name);
      else counts.set(name, now);
    }
  }

  /** Makes room among those that `isOne` says; false if each of their owners has a single stream. */
  function displace(isOne: (stream: Stream) => boolean): boolean {
    let most: Stream[] = [];
    for (const ofSubject of streams.values()) {
      const some = ofSubject.size > 1 ? [...ofSubject].filter(isOne) : [];
      if (some.length > 0 && ofSubject.size > most.length) most = some;
    }
    const oldest = most[0];
    if (oldest === undefined) return false;
    leave(oldest);
    oldest.end();
    return true;
  }

  function hasRoom(stream: Stream): boolean {
    const { kind, address, subject } = stream;
    const mayDisplace = !streams.has(subject);
    const ofKindMax = KIND_MAX[kind] ?? STREAMS_MAX;
    if ((counts.get(address) ?? 0) >= perAddressMax) {
      return mayDisplace && displace((one) => one.address === address);
    }
    if ((counts.get(kind) ?? 0) >= ofKindMax || open >= STREAMS_MAX) {
      return mayDisplace && displace((one) => one.kind === kind);
    }
    return true;
  }

  return {
    /** How to leave again, or undefined if there are too many. */
    join({ subject, address }: StreamOwner, listener: Listener): (() => void) | undefined {
      const kind = subject.slice(0, subject.indexOf(':') + 1);
      const stream: Stream = { ...listener, subject, kind, address: `from ${address}` };
      if ((streams.get(subject)?.size ?? 0) >= STREAMS_PER_SUBJECT_MAX) return undefined;
      if (!hasRoom(stream)) return undefined;
      const ofSubject = streams.get(subject) ?? new Set();
      ofSubject.add(stream);
      streams.set(subject, ofSubject);
      open += 1;
      count(stream, 1);
      return () => leave(stream);
    },
    /** How many are open here of riders, and of merchants. */
    openStreams: () => ({
      rider: counts.get('rider:') ?? 0,
      merchant: counts.get('merchant:') ?? 0,
    }),
    /** They have something to hear. */
    wake(subjects: readonly string[]): void {
      for (const subject of subjects) {
        for (const stream of streams.get(subject) ?? []) stream.wake();
      }
    },
    /** Who listens here. */
    subjects: (): string[] => [...streams.keys()],
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

const KIND_MAX: Readonly<Record<string, number>> = {
  'rider:': STREAMS_OF_RIDERS_MAX,
  'merchant:': STREAMS_OF_MERCHANTS_MAX,
};
