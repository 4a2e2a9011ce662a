/**
 * Where received records belong in a gate's log, by sequence number and hash chain alone. Nothing is
 * ever dropped: a record continues the log, is there already, contradicts what is there, or waits beside
 * the log for a missing part (gap) or for a person (fork).
 */
import { equalBytes, toHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';

export type LogPosition = 'append' | 'duplicate' | 'conflict' | 'gap' | 'fork';

export type ReceivedRecord = { seq: number; bytes: Uint8Array; hash: Uint8Array };

/** What is stored of an epoch, as far as the batch needs it. */
export type KnownLog = {
  lastSeq: number;
  /** Chain hash after `lastSeq`, or the genesis hash. */
  head: Uint8Array;
  /** The stored bytes of every seq of the batch up to `lastSeq`. */
  stored: ReadonlyMap<number, Uint8Array>;
};

/** One position for each record, in their order. `prev`: the chain hash before the first of them. */
export function placeRecords(
  records: readonly ReceivedRecord[],
  { prev, known }: { prev: Uint8Array; known: KnownLog },
): readonly LogPosition[] {
  let before = prev;
  let continues = false;
  return records.map((record) => {
    const previousHash = before;
    before = record.hash;
    if (record.seq <= known.lastSeq) {
      const stored = known.stored.get(record.seq);
      assert(stored !== undefined, `the stored bytes of ${record.seq} were looked up`);
      return equalBytes(stored, record.bytes) ? 'duplicate' : 'conflict';
    }
    if (record.seq === known.lastSeq + 1) continues = equalBytes(previousHash, known.head);
    else if (records[0] !== undefined && records[0].seq > known.lastSeq + 1) return 'gap';
    return continues ? 'append' : 'fork';
  });
}

/** A record that waits, as a link of the hash chain. */
export type WaitingLink = { id: number; seq: number; prev: Uint8Array; hash: Uint8Array };

/** What becomes of a waiting record now that the log has grown. */
export type Joining<Waiting extends WaitingLink> = {
  record: Waiting;
  now: 'append' | 'duplicate' | 'conflict' | 'fork';
};

/** A log that has just grown: the hashes of what was appended, and where it ends now. */
export type GrownLog = {
  hashes: ReadonlyMap<number, Uint8Array>;
  lastSeq: number;
  head: Uint8Array;
};

/**
 * Looks at records that waited behind a gap, in order of seq. Those that still wait are left out. What continues a
 * record that contradicts the log never joins it.
 */
export function joinWaiting<Waiting extends WaitingLink>(
  waiting: readonly Waiting[],
  grown: GrownLog,
): readonly Joining<Waiting>[] {
  const joined: Joining<Waiting>[] = [];
  const hashes = new Map(grown.hashes);
  const contrary = new Set<string>();
  let { lastSeq, head } = grown;
  for (const record of waiting) {
    if (record.seq <= lastSeq) {
      const here = hashes.get(record.seq);
      const isSame = here !== undefined && equalBytes(here, record.hash);
      joined.push({ record, now: isSame ? 'duplicate' : 'conflict' });
      if (!isSame) contrary.add(toHex(record.hash));
    } else if (contrary.has(toHex(record.prev))) {
      joined.push({ record, now: 'fork' });
      contrary.add(toHex(record.hash));
    } else if (record.seq === lastSeq + 1) {
      const fits = equalBytes(record.prev, head);
      joined.push({ record, now: fits ? 'append' : 'fork' });
      if (!fits) {
        contrary.add(toHex(record.hash));
        continue;
      }
      hashes.set(record.seq, record.hash);
      lastSeq = record.seq;
      head = record.hash;
    }
  }
  return joined;
}
