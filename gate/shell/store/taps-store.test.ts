/** The store of taps: a log that is chained, sealed and durable. */
import { toHex } from '@stile/protocol/bytes.ts';
import Database from 'better-sqlite3';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GOOD, makeTap, makeUse } from '../../testing/phone.ts';
import { fill, NOW_MS, newFile, openTaps, readBack } from '../../testing/taps.ts';
import { openGateFile } from './sqlite.ts';
import type { TapsStore } from './taps-store.ts';
import { TAPS_SCHEMA } from './taps-tables.ts';

describe('the log', () => {
  test('records come back in order, chained and sealed, as the reader of batches wants them', () => {
    const store = openTaps(newFile());
    fill(store, { from: 1, to: 3 });
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
    const store = openTaps(newFile());
    expect(store.readSpan(0, 10)).toBeNull();
    fill(store, { from: 1, to: 10 });
    expect(readBack(store, { from: 0, max: 4 }).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(readBack(store, { from: 4, max: 4 }).map(({ seq }) => seq)).toEqual([5, 6, 7, 8]);
    expect(readBack(store, { from: 8, max: 4 }).map(({ seq }) => seq)).toEqual([9, 10]);
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
    const store = openTaps(file);
    const reader = new Database(file, { readonly: true });
    onTestFinished(() => void reader.close());
    const count = reader.prepare('SELECT count(*) FROM log').pluck();
    for (let counter = 1; counter <= 3; counter += 1) {
      fill(store, { from: counter, to: counter });
      expect(count.get()).toBe(counter);
    }
  });
});

describe('memory', () => {
  test('the highest counter of a pass and the last ride of an account are remembered', () => {
    const store = openTaps(newFile());
    const { issuer, account, serial } = GOOD;
    expect(store.findUsed({ issuer, account, serial }).counterMax).toBeUndefined();
    expect(store.findLastOpen({ issuer, account })).toBeUndefined();
    fill(store, { from: 5, to: 7 });
    expect(store.findUsed({ issuer, account, serial }).counterMax).toBe(7);
    expect(store.findLastOpen({ issuer, account })).toEqual({ wallMs: NOW_MS + 7, monoMs: 7 });
    expect(store.findUsed({ issuer, account, serial: serial + 1 }).counterMax).toBeUndefined();
    expect(store.findUsed({ issuer: issuer + 1, account, serial }).counterMax).toBeUndefined();
    expect(store.findLastOpen({ issuer, account: 'ffffffffffffffff' })).toBeUndefined();
  });

  test('openings of an account are remembered, and when settlement had them', () => {
    const file = newFile();
    const store = openTaps(file);
    const { issuer, account } = GOOD;
    const times = (of: TapsStore, serial = GOOD.serial) =>
      of.findUsed({ issuer, account, serial }).openings.map((one) => one.acknowledgedAtS);
    fill(store, { from: 1, to: 3 });
    expect(times(store)).toEqual([null, null, null]);
    store.acknowledge(2, { atS: 500 });
    store.acknowledge(2, { atS: 900 });
    expect(times(store)).toEqual([null, 500, 500]);
    expect(times(store, GOOD.serial + 1)).toEqual([null, 500, 500]);
    expect(store.findUsed({ issuer, account: 'ffffffffffffffff', serial: 1 }).openings).toEqual([]);
    // Settlement was restored from a backup.
    store.acknowledge(1, { atS: 1_000 });
    expect(times(store)).toEqual([null, null, 500]);
    // A new epoch: what settlement has not got has another seq there.
    store.beginEpoch();
    expect(times(store)).toEqual([null, null, 500]);
    store.acknowledge(1, { atS: 2_000 });
    expect(times(store)).toEqual([null, 2_000, 500]);
    store.close();
    const again = openTaps(file);
    fill(again, { from: 4, to: 300 });
    expect(times(again)).toHaveLength(255);
    again.close();
  });

  test('openings go when every pass has ended that settlement gave before it had them', () => {
    const store = openTaps(newFile());
    fill(store, { from: 1, to: 2 });
    store.acknowledge(1, { atS: 1_000 });
    const { issuer, account, serial } = GOOD;
    const count = () => store.findUsed({ issuer, account, serial }).openings.length;
    const endS = 1_000 + 65_535 * 60;
    store.raiseSignedTime(endS);
    store.prune(endS * 1000);
    expect(count()).toBe(2);
    store.raiseSignedTime(endS + 1);
    store.prune((endS + 1) * 1000);
    expect(count()).toBe(1);
  });

  test('a refused tap is logged and remembered nowhere', () => {
    const store = openTaps(newFile());
    const tap = makeTap(1, { scan: 'a code', reason: 'DENIED' });
    store.append(tap, { at: { wallMs: NOW_MS, monoMs: 1 } });
    expect(store.lastSeq).toBe(1);
    expect(
      store.findUsed({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial })
        .counterMax,
    ).toBeUndefined();
    expect(store.findLastOpen({ issuer: GOOD.issuer, account: GOOD.account })).toBeUndefined();
    expect(store.signedTimeS).toBe(0);
  });

  test('signed time only rises, and outlives a restart', () => {
    const file = newFile();
    const store = openTaps(file);
    store.raiseSignedTime(1_000);
    store.raiseSignedTime(999);
    expect(store.signedTimeS).toBe(1_000);
    const stamp = { wallMs: NOW_MS, monoMs: 1 };
    store.append(makeTap(1), { at: stamp, use: makeUse(1, { issuedAtS: 2_000 }) });
    store.append(makeTap(2), { at: stamp, use: makeUse(2, { issuedAtS: 1_500 }) });
    expect(store.signedTimeS).toBe(2_000);
    store.close();
    expect(openTaps(file).signedTimeS).toBe(2_000);
  });

  test('a reopened file goes on where it was; elapsed time does not count across boots', () => {
    const file = newFile();
    const before = openTaps(file);
    fill(before, { from: 1, to: 4 });
    before.acknowledge(2, { atS: 0 });
    const { headHash, epoch } = before;
    before.close();
    const after = openTaps(file, { boot: '0000bbbb' });
    expect(after).toMatchObject({ headHash, epoch, lastSeq: 4, ackSeq: 2, unconfirmed: 2 });
    expect(
      after.findUsed({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial })
        .counterMax,
    ).toBe(4);
    expect(after.findLastOpen({ issuer: GOOD.issuer, account: GOOD.account })).toEqual({
      wallMs: NOW_MS + 4,
      monoMs: undefined,
    });
    fill(after, { from: 5, to: 5 });
    expect(readBack(after).map(({ boot }) => boot)).toEqual([
      ...Array.from({ length: 4 }, () => '0000aaaa'),
      '0000bbbb',
    ]);
  });
});
