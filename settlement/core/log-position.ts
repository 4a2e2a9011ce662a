/**
 * Where received lines belong in a gate's log, by sequence number and hash chain alone. Nothing is
 * ever dropped: a line continues the log, is there already, contradicts what is there, or waits beside
 * the log for a missing part (gap) or for a person (fork).
 */
import { equalBytes } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';

export type Place = 'append' | 'duplicate' | 'conflict' | 'gap' | 'fork';

export type PlacedLine = { seq: number; bytes: Uint8Array; hash: Uint8Array };

/** What is stored of an epoch, as far as the batch needs it. */
export type KnownLog = {
  lastSeq: number;
  /** Chain hash after `lastSeq`, or the genesis hash. */
  head: Uint8Array;
  /** The stored bytes of every seq of the batch up to `lastSeq`. */
  stored: ReadonlyMap<number, Uint8Array>;
};

/** One place for each line, in their order. */
export function placeLines(
  prev: Uint8Array,
  lines: readonly PlacedLine[],
  known: KnownLog,
): readonly Place[] {
  let before = prev;
  let continues = false;
  return lines.map((line) => {
    const previousHash = before;
    before = line.hash;
    if (line.seq <= known.lastSeq) {
      const stored = known.stored.get(line.seq);
      assert(stored !== undefined, `the stored bytes of ${line.seq} were looked up`);
      return equalBytes(stored, line.bytes) ? 'duplicate' : 'conflict';
    }
    if (line.seq === known.lastSeq + 1) continues = equalBytes(previousHash, known.head);
    else if (lines[0] !== undefined && lines[0].seq > known.lastSeq + 1) return 'gap';
    return continues ? 'append' : 'fork';
  });
}

export type WaitingLine = { id: number; seq: number; prev: Uint8Array; hash: Uint8Array };

/** What becomes of a waiting line now that the log has grown. */
export type Waited = { line: WaitingLine; now: 'append' | 'duplicate' | 'conflict' | 'fork' };

/**
 * Looks at lines that waited behind a gap, in order of seq. `grown` holds the hashes of what was just
 * appended. Lines that still wait are not in the answer.
 */
export function joinWaiting(
  waiting: readonly WaitingLine[],
  grown: ReadonlyMap<number, Uint8Array>,
  lastSeq: number,
  head: Uint8Array,
): readonly Waited[] {
  const answers: Waited[] = [];
  const hashes = new Map(grown);
  let [last, lastHash] = [lastSeq, head];
  for (const line of waiting) {
    if (line.seq <= last) {
      const here = hashes.get(line.seq);
      const isSame = here !== undefined && equalBytes(here, line.hash);
      answers.push({ line, now: isSame ? 'duplicate' : 'conflict' });
    } else if (line.seq === last + 1) {
      const fits = equalBytes(line.prev, lastHash);
      answers.push({ line, now: fits ? 'append' : 'fork' });
      if (!fits) continue;
      hashes.set(line.seq, line.hash);
      [last, lastHash] = [line.seq, line.hash];
    }
  }
  return answers;
}
