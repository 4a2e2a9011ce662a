/** What is written for a part of a batch: opened epochs, stored records, work behind them, and any cut of it. */
import { sha256 } from '@stile/crypto/sign.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { genesisHash, recordHash } from '@stile/protocol/gate-log.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOW_MS } from '../../testing/facts.ts';
import type { Change } from '../changes.ts';
import { type BatchPart, type CheckedRecord, wholeBatch } from './batch.ts';
import type { RecordContent } from './check-record.ts';
import { type LogFacts, placePart } from './placement.ts';
import { decidePart } from './take-part.ts';

const LOG = { gate: 'g1', epoch: '00112233445566ff' };
const GENESIS = genesisHash({ ...LOG, sha256 });
const RULES = {
  facts: {
    limits: new Map(),
    listTimesS: new Map(),
    passes: new Map(),
    deniedAtGate: new Set<number>(),
    revokedAtGate: new Set<number>(),
    claims: new Map(),
    oldUses: new Map(),
    usesBySeq: new Map(),
    gateLines: [],
    lineFares: [],
  },
  limitsNow: { codeLifetimeSMax: 60, skewS: 20 },
};

const NOTE: RecordContent = { kind: 'note', atMs: NOW_MS };

function chain(count: number, content: RecordContent = NOTE): CheckedRecord[] {
  let prev = GENESIS;
  return Array.from({ length: count }, (_, index) => {
    const bytes = utf8(`record ${index + 1}`);
    prev = recordHash({ previous: prev, bytes, sha256 });
    return { seq: index + 1, bytes, hash: prev, content };
  });
}

function batchOf(records: readonly CheckedRecord[], prev: Uint8Array = GENESIS): BatchPart {
  const sealed = {
    headerBytes: utf8('header'),
    sealBytes: utf8('seal'),
    gateKeyId: 1,
    lists: null,
  };
  return wholeBatch({ ...LOG, ...sealed, fromSeq: records[0]?.seq ?? 1, prev, records });
}

function logFacts(changes: Partial<LogFacts> = {}): LogFacts {
  const known = { row: null, stored: new Map(), oddKeys: new Set<string>(), waiting: [] };
  const reached = new Map();
  return { ...LOG, ...known, reached, nextIds: { epoch: 3, batch: 7, record: 40 }, ...changes };
}

function take(part: BatchPart, log: LogFacts = logFacts()) {
  return decidePart(placePart(part, { log, sha256 }), { ...RULES, nowMs: NOW_MS });
}

function kinds(changes: readonly Change[]): string[] {
  return [...new Set(changes.map(({ kind }) => kind))];
}

describe('a part', () => {
  test('that is new opens its epoch, stores its batch and every record, and moves the epoch on', () => {
    const records = chain(3);
    const { changes, result } = take(batchOf(records));
    expect(kinds(changes)).toEqual(['addEpoch', 'addBatch', 'addRecord', 'moveEpoch', 'noteGate']);
    expect(result).toMatchObject({ ackSeq: 3, newRecords: 3, rest: null });
    expect(changes).toContainEqual({
      kind: 'moveEpoch',
      id: 3,
      lastSeq: 3,
      head: records[2]?.hash,
      anchor: null,
    });
  });

  test('that is a repeat writes nothing, and acknowledges what is there', () => {
    const records = chain(2);
    const stored = new Map(records.map(({ seq, bytes }) => [seq, bytes]));
    const row = {
      id: 3,
      lastSeq: 2,
      gateKeyId: 1,
      anchor: null,
      head: records[1]?.hash ?? GENESIS,
    };
    const { changes, result } = take(batchOf(records), logFacts({ row, stored }));
    expect(changes).toEqual([]);
    expect(result.items.map(({ ruling }) => ruling)).toEqual(['duplicate', 'duplicate']);
    expect(result.ackSeq).toBe(2);
  });

  test.each<[string, string, (records: CheckedRecord[]) => BatchPart]>([
    ['behind a gap', 'parked GAP', (records) => batchOf(records.slice(2), records[1]?.hash)],
    ['that forks', 'parked FORK', (records) => batchOf(records, utf8('another genesis'))],
  ])('%s is kept beside the log, and moves nothing on', (_name, ruling, part) => {
    const { changes, result } = take(part(chain(3)));
    expect(kinds(changes)).toEqual(['addEpoch', 'addBatch', 'addOddRecord', 'noteGate']);
    expect(result.ackSeq).toBe(0);
    expect(result.items.map((item) => `${item.ruling} ${item.reason}`)).toContain(ruling);
  });

  test('queues settling of exactly its new records if one of them can carry money', () => {
    const ask: RecordContent = {
      kind: 'ask',
      atMs: NOW_MS,
      clock: 'TRUSTED',
      id: 'a5',
      line: 'L1',
    };
    const { changes } = take(batchOf(chain(2, ask)));
    const work = { kind: 'settle', cursor: 39, until: 41, subject: '' };
    expect(changes).toContainEqual({ kind: 'addWork', work, atMs: NOW_MS });
  });
});

test('however a log is cut into batches, the same records are stored under the same hashes', () => {
  const records = chain(12);
  const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(cuts, (sizes) => {
      const stored: string[] = [];
      let row: LogFacts['row'] = null;
      let from = 0;
      for (let index = 0; from < records.length; index += 1) {
        const part = records.slice(from, from + (sizes[index % sizes.length] ?? 1));
        const prev = records[from - 1]?.hash ?? GENESIS;
        const { changes, result } = take(batchOf(part, prev), logFacts({ row }));
        for (const change of changes) {
          if (change.kind === 'addRecord')
            stored.push(`${change.record.seq} ${change.record.hash}`);
          if (change.kind === 'moveEpoch') row = { ...change, id: 3, gateKeyId: 1 };
        }
        from += part.length;
        expect(result.ackSeq).toBe(from);
      }
      expect(stored).toEqual(records.map(({ seq, hash }) => `${seq} ${hash}`));
    }),
  );
});
