/** Where records belong: by table, and by a property over any way of cutting and repeating a log. */
import { sha256 } from '@stile/crypto/sign.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { genesisHash, recordHash } from '@stile/protocol/gate-log.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { joinWaiting, type KnownLog, placeRecords, type ReceivedRecord } from './log-position.ts';

const GENESIS = genesisHash({ gate: 'g1', epoch: 'e', sha256 });

function chain(texts: readonly string[], from = GENESIS): ReceivedRecord[] {
  let hash = from;
  return texts.map((text, index) => {
    const bytes = utf8(text);
    hash = recordHash({ previous: hash, bytes, sha256 });
    return { seq: index + 1, bytes, hash };
  });
}

const LOG = chain(['a', 'b', 'c', 'd', 'e']);
const hashAt = (log: readonly ReceivedRecord[], seq: number) => log[seq - 1]?.hash ?? GENESIS;

function knownTo(lastSeq: number): KnownLog {
  const stored = new Map(LOG.slice(0, lastSeq).map(({ seq, bytes }) => [seq, bytes]));
  return { lastSeq, head: hashAt(LOG, lastSeq), stored };
}

function place(
  log: readonly ReceivedRecord[],
  { from, to, lastSeq }: { from: number; to: number; lastSeq: number },
) {
  return placeRecords(log.slice(from - 1, to), {
    prev: hashAt(log, from - 1),
    known: knownTo(lastSeq),
  }).join(' ');
}

describe('placing a batch', () => {
  test.each([
    ['the first records', 1, 3, 0, 'append append append'],
    ['the next records', 4, 5, 3, 'append append'],
    ['the same records again', 1, 3, 3, 'duplicate duplicate duplicate'],
    ['old and new records', 2, 5, 3, 'duplicate duplicate append append'],
    ['records behind a gap', 4, 5, 2, 'gap gap'],
    ['old records only, of many', 2, 3, 5, 'duplicate duplicate'],
  ])('%s', (_name, from, to, lastSeq, positions) => {
    expect(place(LOG, { from, to, lastSeq })).toBe(positions);
  });

  test('other bytes under a known id are a conflict, and what follows them is a fork', () => {
    const other = chain(['a', 'B', 'c', 'd', 'e']);
    expect(place(other, { from: 1, to: 5, lastSeq: 3 })).toBe(
      'duplicate conflict duplicate fork fork',
    );
  });

  test('records that do not continue the chain are a fork', () => {
    const other = chain(['x', 'b', 'c', 'd', 'e']);
    expect(place(other, { from: 4, to: 5, lastSeq: 3 })).toBe('fork fork');
    expect(place(other, { from: 1, to: 1, lastSeq: 0 })).toBe('append');
  });
});

describe('joining what waited', () => {
  const waiting = (log: readonly ReceivedRecord[], ...seqs: number[]) =>
    seqs.map((seq, index) => {
      const record = log[seq - 1];
      if (record === undefined) throw new Error('no such record');
      return { id: index, seq, prev: hashAt(log, seq - 1), hash: record.hash };
    });
  const join = (rows: ReturnType<typeof waiting>, lastSeq: number) =>
    joinWaiting(rows, {
      hashes: new Map(LOG.slice(0, lastSeq).map(({ seq, hash }) => [seq, hash])),
      lastSeq,
      head: hashAt(LOG, lastSeq),
    }).map(({ record, now }) => `${record.seq} ${now}`);

  test('records join one after the other until one is missing', () => {
    expect(join(waiting(LOG, 3, 4), 2)).toEqual(['3 append', '4 append']);
    expect(join(waiting(LOG, 4, 5), 2)).toEqual([]);
  });

  test('records that came another way are duplicates, or conflicts if their bytes differ', () => {
    const other = chain(['a', 'b', 'C', 'd', 'e']);
    expect(join([...waiting(LOG, 3), ...waiting(other, 3)], 3)).toEqual([
      '3 duplicate',
      '3 conflict',
    ]);
  });

  test('of two records for one seq the one that fits the chain joins', () => {
    const other = chain(['a', 'x', 'c', 'd', 'e']);
    expect(join([...waiting(other, 3), ...waiting(LOG, 3)], 2)).toEqual(['3 fork', '3 append']);
  });
});

test('any pieces of one log, in any order and any number, are only ever appended once', () => {
  const piece = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      let lastSeq = 0;
      for (const [from, to] of pieces) {
        const positions = place(LOG, { from, to, lastSeq }).split(' ');
        const count = (wanted: string) => positions.filter((one) => one === wanted).length;
        const isGap = from > lastSeq + 1;
        expect(count('append')).toBe(isGap ? 0 : Math.max(0, to - lastSeq));
        expect(count('gap')).toBe(isGap ? positions.length : 0);
        expect(count('append') + count('gap') + count('duplicate')).toBe(positions.length);
        if (!isGap) lastSeq = Math.max(lastSeq, to);
      }
    }),
  );
});
