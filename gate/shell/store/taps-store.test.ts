import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { Fault, type FaultCode } from '@stile/protocol/fault.ts';
import { readBatch, readRecord, sealHolds, writeBatch } from '@stile/protocol/gate-log.ts';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GOOD, gateKey, makeTap, makeUse, NOW_S } from '../../testing/phone.ts';
import { openGateFile } from './sqlite.ts';
import { openTapsStore, type TapsStoreOptions } from './taps-store.ts';
import { TAPS_SCHEMA } from './taps-tables.ts';

const verify = createNodeVerify();
const NOW_MS = NOW_S * 1000;
const DAY_MS = 86_400_000;
const newFile = () => join(scratchDir(), 'taps.db');

function open(file: string, changes: Partial<TapsStoreOptions> = {}) {
  const limits = { quotaMb: 64, unconfirmedMax: 10_000, ringMax: 0 };
  const store = openTapsStore({
    file,
    gate: 'g1',
    random: systemRandom,
    boot: '0000aaaa',
    ...limits,
    ...changes,
  });
  const closeStore = store.close.bind(store);
  let closed = false;
  const close = () => {
    if (!closed) closeStore();
    closed = true;
  };
  onTestFinished(close);
  return Object.assign(store, { close });
}

/** Appends taps with these counters, one millisecond apart. */
function fill(store: ReturnType<typeof open>, from: number, to: number): void {
  for (let counter = from; counter <= to; counter += 1) {
    store.append(makeTap(counter), {
      at: { wallMs: NOW_MS + counter, monoMs: counter },
      use: makeUse(counter),
    });
  }
}

/** Changes the file behind the store's back, as a failing card would. */
function tamper(file: string, statement: string): void {
  const db = new Database(file);
  expect(db.prepare(statement).run().changes).toBeGreaterThan(0);
  db.close();
}

function faultOf(work: () => unknown): { code: FaultCode; message: string } {
  try {
    work();
  } catch (error) {
    if (error instanceof Fault) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('a fault is thrown');
}

/** All records after `from`, through the reader that settlement uses, seal and all. */
function readBack(store: ReturnType<typeof open>, from = 0, lines = 500) {
  const span = store.readSpan(from, lines);
  if (span === null) return [];
  const bytes = writeBatch(span.header, span.records, span.head, sha256, gateKey.sign);
  const reading = readBatch(bytes, sha256);
  if (!reading.ok) throw new Error(reading.detail);
  expect(sealHolds(reading.batch, gateKey.publicKey, verify)).toBe(true);
  return reading.batch.lines.map((line) => {
    const record = readRecord(line);
    if (!record.ok) throw new Error(record.detail);
    return record.record;
  });
}

describe('the log', () => {
  test('records come back in order, chained and sealed, as the reader of batches wants them', () => {
    const store = open(newFile());
    fill(store, 1, 3);
    const note = { kind: 'note', note: 'STARTED', detail: 'x', clock: 'UNKNOWN' } as const;
    expect(store.append(note, { at: { wallMs: NOW_MS, monoMs: 9 } })).toBe(4);
    const voided = { kind: 'void', of: 3, reason: 'BARRIER_FAILED', clock: 'TRUSTED' } as const;
    expect(store.append(voided, { at: { wallMs: NOW_MS, monoMs: 10 } })).toBe(5);
    const records = readBack(store);
    expect(records.map(({ seq, kind }) => [seq, kind])).toEqual([
      ...[1, 2, 3].map((seq) => [seq, 'tap']),
      [4, 'note'],
      [5, 'void'],
    ]);
    const stamp = { v: 1, seq: 2, atMs: NOW_MS + 2, monoMs: 2, boot: '0000aaaa' };
    expect(records[1]).toEqual({ ...stamp, ...makeTap(2) });
    expect(store.readSpan(0, 9)?.head).toEqual(Buffer.from(store.headHash, 'hex'));
  });

  test('spans are as long as asked for, begin where asked for, and fit to one another', () => {
    const store = open(newFile());
    expect(store.readSpan(0, 10)).toBeNull();
    fill(store, 1, 10);
    expect(readBack(store, 0, 4).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(readBack(store, 4, 4).map(({ seq }) => seq)).toEqual([5, 6, 7, 8]);
    expect(readBack(store, 8, 4).map(({ seq }) => seq)).toEqual([9, 10]);
    const first = store.readSpan(0, 4);
    expect(store.readSpan(4, 4)?.header.prev).toBe(first && toHex(first.head));
    expect(store.readSpan(10, 4)).toBeNull();
  });

  test('the commit is a promise: synchronous is FULL, WAL is on, after the first write', () => {
    const file = newFile();
    const db = openGateFile(file, TAPS_SCHEMA);
    db.exec("INSERT INTO meta VALUES ('a', 'b')");
    expect(db.pragma('synchronous', { simple: true })).toBe(2);
    expect(db.pragma('journal_mode', { simple: true })).toBe('wal');
    db.close();
  });

  test('what was written is seen by another connection as soon as append returns', () => {
    const file = newFile();
    const store = open(file);
    const reader = new Database(file, { readonly: true });
    onTestFinished(() => void reader.close());
    const count = reader.prepare('SELECT count(*) FROM log').pluck();
    for (let counter = 1; counter <= 3; counter += 1) {
      fill(store, counter, counter);
      expect(count.get()).toBe(counter);
    }
  });
});

describe('memory', () => {
  test('the highest counter of a pass and the last ride of an account are remembered', () => {
    const store = open(newFile());
    const { issuer, account, serial } = GOOD;
    expect(store.findCounterMax({ issuer, account, serial })).toBeUndefined();
    expect(store.findLastOpen({ issuer, account })).toBeUndefined();
    fill(store, 5, 7);
    expect(store.findCounterMax({ issuer, account, serial })).toBe(7);
    expect(store.findLastOpen({ issuer, account })).toEqual({ wallMs: NOW_MS + 7, monoMs: 7 });
    expect(store.findCounterMax({ issuer, account, serial: serial + 1 })).toBeUndefined();
    expect(store.findCounterMax({ issuer: issuer + 1, account, serial })).toBeUndefined();
    expect(store.findLastOpen({ issuer, account: 'ffffffffffffffff' })).toBeUndefined();
  });

  test('a refused tap is logged and remembered nowhere', () => {
    const store = open(newFile());
    const tap = makeTap(1, 'a code', 'DENIED');
    store.append(tap, { at: { wallMs: NOW_MS, monoMs: 1 } });
    expect(store.lastSeq).toBe(1);
    expect(
      store.findCounterMax({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial }),
    ).toBeUndefined();
    expect(store.findLastOpen({ issuer: GOOD.issuer, account: GOOD.account })).toBeUndefined();
    expect(store.signedTimeS).toBe(0);
  });

  test('signed time only rises, and outlives a restart', () => {
    const file = newFile();
    const store = open(file);
    store.raiseSignedTime(1_000);
    store.raiseSignedTime(999);
    expect(store.signedTimeS).toBe(1_000);
    const stamp = { wallMs: NOW_MS, monoMs: 1 };
    store.append(makeTap(1), { at: stamp, use: makeUse(1, { issuedAtS: 2_000 }) });
    store.append(makeTap(2), { at: stamp, use: makeUse(2, { issuedAtS: 1_500 }) });
    expect(store.signedTimeS).toBe(2_000);
    store.close();
    expect(open(file).signedTimeS).toBe(2_000);
  });

  test('a reopened file goes on where it was; elapsed time does not count across boots', () => {
    const file = newFile();
    const before = open(file);
    fill(before, 1, 4);
    before.acknowledge(2);
    const { headHash, epoch } = before;
    before.close();
    const after = open(file, { boot: '0000bbbb' });
    expect(after).toMatchObject({ headHash, epoch, lastSeq: 4, ackSeq: 2, unconfirmed: 2 });
    expect(
      after.findCounterMax({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial }),
    ).toBe(4);
    expect(after.findLastOpen({ issuer: GOOD.issuer, account: GOOD.account })).toEqual({
      wallMs: NOW_MS + 4,
      monoMs: undefined,
    });
    fill(after, 5, 5);
    expect(readBack(after).map(({ boot }) => boot)).toEqual([
      ...Array.from({ length: 4 }, () => '0000aaaa'),
      '0000bbbb',
    ]);
  });
});

describe('damage', () => {
  test.each([
    ['a byte of a line', 3, "UPDATE log SET line = CAST(replace(line, 'M1', 'M2') AS BLOB)"],
    ['a hash', 4, 'UPDATE log SET hash = zeroblob(32)'],
  ])('%s is found at the next start, and the record named', (_name, seq, statement) => {
    const file = newFile();
    const store = open(file);
    fill(store, 1, 6);
    store.acknowledge(1);
    store.close();
    tamper(file, `${statement} WHERE seq = ${seq}`);
    const { code, message } = faultOf(() => open(file));
    expect(code).toBe('STORE_CORRUPT');
    expect(message).toContain(`record ${seq} is damaged`);
  });

  test('a missing record is found, in the middle and after what was confirmed', () => {
    for (const lost of [2, 3, 5]) {
      const file = newFile();
      const store = open(file);
      fill(store, 1, 6);
      store.acknowledge(2);
      store.close();
      tamper(file, `DELETE FROM log WHERE seq = ${lost}`);
      expect(faultOf(() => open(file)).code, `${lost} lost`).toBe('STORE_CORRUPT');
    }
  });

  test('the last record is checked even where everything is confirmed', () => {
    const file = newFile();
    const store = open(file);
    fill(store, 1, 6);
    store.acknowledge(6);
    store.close();
    tamper(file, 'UPDATE log SET hash = zeroblob(32) WHERE seq = 6');
    expect(faultOf(() => open(file))).toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('record 6'),
    });
  });

  test('a line that is damaged while the gate runs is not sent', () => {
    const file = newFile();
    const store = open(file);
    fill(store, 1, 6);
    tamper(file, "UPDATE log SET line = x'7b7d' WHERE seq = 5");
    expect(readBack(store, 0, 4)).toHaveLength(4);
    expect(faultOf(() => store.readSpan(0, 500)).message).toContain('record 5 is damaged');
  });

  test.each([
    ['garbage', Buffer.alloc(8_192, 0x5a)],
    ['text', Buffer.from('no database at all, but long enough to look like one\n'.repeat(20))],
  ])('a file of %s is STORE_CORRUPT and stays as it is', (_name, bytes) => {
    const file = newFile();
    writeFileSync(file, bytes);
    expect(faultOf(() => open(file)).code).toBe('STORE_CORRUPT');
    expect(readFileSync(file)).toEqual(bytes);
  });

  test("another program's database and another gate's log are refused", () => {
    const file = newFile();
    const foreign = new Database(file);
    foreign.exec('CREATE TABLE precious (a)');
    foreign.close();
    expect(faultOf(() => open(file))).toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('another program'),
    });
    const mine = newFile();
    open(mine).close();
    const { code, message } = faultOf(() => open(mine, { gate: 'g2' }));
    expect([code, message]).toEqual(['STORE_CORRUPT', expect.stringContaining('gate g1')]);
  });

  test('a file of a newer version is refused', () => {
    const file = newFile();
    open(file).close();
    const db = new Database(file);
    db.pragma('user_version = 99');
    db.close();
    expect(faultOf(() => open(file)).message).toContain('newer version');
  });

  test('a file cut short anywhere is STORE_CORRUPT, or has every record all the same', () => {
    const file = newFile();
    const store = open(file);
    fill(store, 1, 60);
    store.close();
    const whole = readFileSync(file);
    let refused = 0;
    for (let pages = 1; pages * 4_096 < whole.length; pages += 1) {
      for (const bytes of [pages * 4_096, pages * 4_096 - 1_000]) {
        writeFileSync(file, whole);
        truncateSync(file, bytes);
        try {
          const cut = open(file);
          expect(cut.lastSeq).toBe(60);
          cut.close();
        } catch (error) {
          expect(error).toMatchObject({ code: 'STORE_CORRUPT' });
          refused += 1;
        }
      }
    }
    expect(refused).toBeGreaterThan(10);
  });
});

describe('limits', () => {
  test('a full file refuses, keeps what it has, and works again once settlement has confirmed', () => {
    const file = newFile();
    const store = open(file, { quotaMb: 0.125 });
    const untilFull = () => {
      for (let counter = store.lastSeq + 1; counter < 2_000; counter += 1) {
        try {
          fill(store, counter, counter);
        } catch (error) {
          return error;
        }
      }
      return undefined;
    };
    expect(untilFull()).toMatchObject({ code: 'STORE_FULL' });
    const full = store.lastSeq;
    expect(full).toBeGreaterThan(20);
    // The refused tap has left nothing behind, neither in the log nor in the memory of what was used.
    expect(
      store.findCounterMax({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial }),
    ).toBe(full);
    expect(readBack(store)).toHaveLength(full);
    store.acknowledge(full);
    expect(store.prune(NOW_MS + 8 * DAY_MS)).toBe(full - 1);
    fill(store, full + 1, full + 5);
    expect(readBack(store, full).map(({ seq }) => seq)).toEqual(
      [1, 2, 3, 4, 5].map((more) => full + more),
    );
    store.close();
    expect(open(file).lastSeq).toBe(full + 5);
  });

  test('beyond the unconfirmed limit it refuses taps rather than forgets', () => {
    const store = open(newFile(), { unconfirmedMax: 10 });
    fill(store, 1, 10);
    expect(faultOf(() => fill(store, 11, 11)).code).toBe('STORE_FULL');
    expect(store.lastSeq).toBe(10);
    store.acknowledge(4);
    fill(store, 11, 14);
    expect(faultOf(() => fill(store, 15, 15)).code).toBe('STORE_FULL');
    // Taking a tap back must always be possible, or a rider pays for a barrier that stayed shut.
    const back = { kind: 'void', clock: 'TRUSTED', of: 14, reason: 'BARRIER_FAILED' } as const;
    expect(store.append(back, { at: { wallMs: 15, monoMs: 15 } })).toBe(15);
    expect(readBack(store)).toHaveLength(15);
  });

  test('an acknowledgement may go back, within the ring to the record, beyond it to the oldest', () => {
    const store = open(newFile(), { ringMax: 5 });
    fill(store, 1, 20);
    store.acknowledge(20);
    store.acknowledge(17);
    expect(store.unconfirmed).toBe(3);
    expect(readBack(store, store.ackSeq).map(({ seq }) => seq)).toEqual([18, 19, 20]);
    store.acknowledge(20);
    store.prune(NOW_MS + 8 * DAY_MS);
    store.acknowledge(0);
    expect(store.ackSeq).toBe(15);
    expect(readBack(store, store.ackSeq).map(({ seq }) => seq)).toEqual([16, 17, 18, 19, 20]);
  });

  test('an acknowledgement beyond the last record trips over our own check', () => {
    const store = open(newFile());
    fill(store, 1, 2);
    expect(() => store.acknowledge(3)).toThrow('Bug: settlement confirms only what was sent');
    expect(store.ackSeq).toBe(0);
  });

  test('pruning removes what is confirmed and beyond the ring in number and in age', () => {
    const file = newFile();
    const store = open(file, { ringMax: 5 });
    fill(store, 1, 20);
    const later = NOW_MS + 8 * DAY_MS;
    expect(store.prune(later)).toBe(0);
    store.acknowledge(12);
    expect(store.prune(NOW_MS + 6 * DAY_MS)).toBe(0);
    expect(store.prune(later)).toBe(6);
    expect(store.prune(later)).toBe(0);
    expect(readBack(store, store.ackSeq).map(({ seq }) => seq)[0]).toBe(13);
    store.close();
    const reopened = open(file, { ringMax: 0 });
    expect(reopened.prune(later)).toBe(5);
    expect(readBack(reopened, reopened.ackSeq).map(({ seq }) => seq)[0]).toBe(13);
    reopened.acknowledge(20);
    reopened.prune(later);
    reopened.close();
    const last = open(file);
    expect(last.lastSeq).toBe(20);
    fill(last, 21, 21);
    expect(readBack(last, 20).map(({ seq }) => seq)).toEqual([21]);
  });

  test('a pass is forgotten only when signed time, not the wall clock, says that it is over', () => {
    const store = open(newFile());
    const stamp = { wallMs: NOW_MS, monoMs: 1 };
    const { issuer, account, serial } = GOOD;
    store.append(makeTap(1), { at: stamp, use: makeUse(1, { expiresAtS: NOW_S + 100 }) });
    store.prune(NOW_MS + 400 * DAY_MS);
    expect(store.findCounterMax({ issuer, account, serial })).toBe(1);
    store.raiseSignedTime(NOW_S + 100 + 8 * 86_400);
    store.prune(NOW_MS);
    expect(store.findCounterMax({ issuer, account, serial })).toBe(1);
    expect(store.prune(NOW_MS + 400 * DAY_MS)).toBe(2);
    expect(store.findCounterMax({ issuer, account, serial })).toBeUndefined();
    expect(store.findLastOpen({ issuer, account })).toBeUndefined();
  });
});
