/** The store of taps: damage that is found, limits that hold. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { GOOD, makeTap, makeUse, NOW_S } from '../../testing/phone.ts';
import {
  DAY_MS,
  faultOf,
  fill,
  NOW_MS,
  newFile,
  openTaps,
  readBack,
  tamper,
} from '../../testing/taps.ts';

describe('damage', () => {
  test.each([
    ['a byte of a line', 3, "UPDATE log SET line = CAST(replace(line, 'M1', 'M2') AS BLOB)"],
    ['a hash', 4, 'UPDATE log SET hash = zeroblob(32)'],
  ])('%s is found at the next start, and the record named', (_name, seq, statement) => {
    const file = newFile();
    const store = openTaps(file);
    fill(store, { from: 1, to: 6 });
    store.acknowledge(1, { atS: NOW_MS / 1000 });
    store.close();
    tamper(file, `${statement} WHERE seq = ${seq}`);
    const { code, message } = faultOf(() => openTaps(file));
    expect(code).toBe('STORE_CORRUPT');
    expect(message).toContain(`record ${seq} is damaged`);
  });

  test('a missing record is found, in the middle and after what was confirmed', () => {
    for (const lost of [2, 3, 5]) {
      const file = newFile();
      const store = openTaps(file);
      fill(store, { from: 1, to: 6 });
      store.acknowledge(2, { atS: NOW_MS / 1000 });
      store.close();
      tamper(file, `DELETE FROM log WHERE seq = ${lost}`);
      expect(faultOf(() => openTaps(file)).code, `${lost} lost`).toBe('STORE_CORRUPT');
    }
  });

  test('the last record is checked even where everything is confirmed', () => {
    const file = newFile();
    const store = openTaps(file);
    fill(store, { from: 1, to: 6 });
    store.acknowledge(6, { atS: NOW_MS / 1000 });
    store.close();
    tamper(file, 'UPDATE log SET hash = zeroblob(32) WHERE seq = 6');
    expect(faultOf(() => openTaps(file))).toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('record 6'),
    });
  });

  test('a line that is damaged while the gate runs is not sent', () => {
    const file = newFile();
    const store = openTaps(file);
    fill(store, { from: 1, to: 6 });
    tamper(file, "UPDATE log SET line = x'7b7d' WHERE seq = 5");
    expect(readBack(store, { from: 0, max: 4 })).toHaveLength(4);
    expect(faultOf(() => store.readSpan(0, 500)).message).toContain('record 5 is damaged');
  });

  test.each([
    ['garbage', Buffer.alloc(8_192, 0x5a)],
    ['text', Buffer.from('no database at all, but long enough to look like one\n'.repeat(20))],
  ])('a file of %s is STORE_CORRUPT and stays as it is', (_name, bytes) => {
    const file = newFile();
    writeFileSync(file, bytes);
    expect(faultOf(() => openTaps(file)).code).toBe('STORE_CORRUPT');
    expect(readFileSync(file)).toEqual(bytes);
  });

  test("another program's database and another gate's log are refused", () => {
    const file = newFile();
    const foreign = new Database(file);
    foreign.exec('CREATE TABLE precious (a)');
    foreign.close();
    expect(faultOf(() => openTaps(file))).toMatchObject({
      code: 'STORE_CORRUPT',
      message: expect.stringContaining('another program'),
    });
    const mine = newFile();
    openTaps(mine).close();
    const { code, message } = faultOf(() => openTaps(mine, { gate: 'g2' }));
    expect([code, message]).toEqual(['CONFLICT', expect.stringContaining('add-gate --gate g1')]);
  });

  test('a file of a newer version is refused', () => {
    const file = newFile();
    openTaps(file).close();
    const db = new Database(file);
    db.pragma('user_version = 99');
    db.close();
    expect(faultOf(() => openTaps(file)).message).toContain('newer version');
  });

  test('a file cut short anywhere is STORE_CORRUPT, or has every record all the same', () => {
    const file = newFile();
    const store = openTaps(file);
    fill(store, { from: 1, to: 60 });
    store.close();
    const whole = readFileSync(file);
    let refused = 0;
    for (let pages = 1; pages * 4_096 < whole.length; pages += 1) {
      for (const bytes of [pages * 4_096, pages * 4_096 - 1_000]) {
        writeFileSync(file, whole);
        truncateSync(file, bytes);
        try {
          const cut = openTaps(file);
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
    const store = openTaps(file, { quotaMb: 0.125 });
    const untilFull = () => {
      for (let counter = store.lastSeq + 1; counter < 2_000; counter += 1) {
        try {
          fill(store, { from: counter, to: counter });
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
      store.findUsed({ issuer: GOOD.issuer, account: GOOD.account, serial: GOOD.serial })
        .counterMax,
    ).toBe(full);
    expect(readBack(store)).toHaveLength(full);
    store.acknowledge(full, { atS: NOW_MS / 1000 });
    expect(store.prune(NOW_MS + 8 * DAY_MS)).toBe(full - 1);
    fill(store, { from: full + 1, to: full + 5 });
    expect(readBack(store, { from: full }).map(({ seq }) => seq)).toEqual(
      [1, 2, 3, 4, 5].map((more) => full + more),
    );
    store.close();
    expect(openTaps(file).lastSeq).toBe(full + 5);
  });

  test('beyond the unconfirmed limit it refuses taps rather than forgets', () => {
    const store = openTaps(newFile(), { unconfirmedMax: 10 });
    fill(store, { from: 1, to: 10 });
    expect(faultOf(() => fill(store, { from: 11, to: 11 })).code).toBe('STORE_FULL');
    expect(store.lastSeq).toBe(10);
    store.acknowledge(4, { atS: NOW_MS / 1000 });
    fill(store, { from: 11, to: 14 });
    expect(faultOf(() => fill(store, { from: 15, to: 15 })).code).toBe('STORE_FULL');
    // Taking a tap back must always be possible, or a rider pays for a barrier that stayed shut.
    const back = { kind: 'void', clock: 'TRUSTED', of: 14, reason: 'BARRIER_FAILED' } as const;
    expect(store.append(back, { at: { wallMs: 15, monoMs: 15 } })).toBe(15);
    expect(readBack(store)).toHaveLength(15);
  });

  test('an acknowledgement may go back, within the ring to the record, beyond it to the oldest', () => {
    const store = openTaps(newFile(), { ringMax: 5 });
    fill(store, { from: 1, to: 20 });
    store.acknowledge(20, { atS: NOW_MS / 1000 });
    store.acknowledge(17, { atS: NOW_MS / 1000 });
    expect(store.unconfirmed).toBe(3);
    expect(readBack(store, { from: store.ackSeq }).map(({ seq }) => seq)).toEqual([18, 19, 20]);
    store.acknowledge(20, { atS: NOW_MS / 1000 });
    store.prune(NOW_MS + 8 * DAY_MS);
    store.acknowledge(0, { atS: NOW_MS / 1000 });
    expect(store.ackSeq).toBe(15);
    expect(readBack(store, { from: store.ackSeq }).map(({ seq }) => seq)).toEqual([
      16, 17, 18, 19, 20,
    ]);
  });

  test('an acknowledgement beyond the last record trips over our own check', () => {
    const store = openTaps(newFile());
    fill(store, { from: 1, to: 2 });
    expect(() => store.acknowledge(3, { atS: NOW_MS / 1000 })).toThrow(
      'Bug: settlement confirms only what was sent',
    );
    expect(store.ackSeq).toBe(0);
  });

  test('pruning removes what is confirmed and beyond the ring in number and in age', () => {
    const file = newFile();
    const store = openTaps(file, { ringMax: 5 });
    fill(store, { from: 1, to: 20 });
    const later = NOW_MS + 8 * DAY_MS;
    expect(store.prune(later)).toBe(0);
    store.acknowledge(12, { atS: NOW_MS / 1000 });
    expect(store.prune(NOW_MS + 6 * DAY_MS)).toBe(0);
    expect(store.prune(later)).toBe(6);
    expect(store.prune(later)).toBe(0);
    expect(readBack(store, { from: store.ackSeq }).map(({ seq }) => seq)[0]).toBe(13);
    store.close();
    const reopened = openTaps(file, { ringMax: 0 });
    expect(reopened.prune(later)).toBe(5);
    expect(readBack(reopened, { from: reopened.ackSeq }).map(({ seq }) => seq)[0]).toBe(13);
    reopened.acknowledge(20, { atS: NOW_MS / 1000 });
    reopened.prune(later);
    reopened.close();
    const last = openTaps(file);
    expect(last.lastSeq).toBe(20);
    fill(last, { from: 21, to: 21 });
    expect(readBack(last, { from: 20 }).map(({ seq }) => seq)).toEqual([21]);
  });

  test('a pass is forgotten only when signed time, not the wall clock, says that it is over', () => {
    const store = openTaps(newFile());
    const stamp = { wallMs: NOW_MS, monoMs: 1 };
    const { issuer, account, serial } = GOOD;
    store.append(makeTap(1), { at: stamp, use: makeUse(1, { expiresAtS: NOW_S + 100 }) });
    store.prune(NOW_MS + 400 * DAY_MS);
    expect(store.findUsed({ issuer, account, serial }).counterMax).toBe(1);
    store.raiseSignedTime(NOW_S + 100 + 8 * 86_400);
    store.prune(NOW_MS);
    expect(store.findUsed({ issuer, account, serial }).counterMax).toBe(1);
    expect(store.prune(NOW_MS + 400 * DAY_MS)).toBe(2);
    expect(store.findUsed({ issuer, account, serial }).counterMax).toBeUndefined();
    expect(store.findLastOpen({ issuer, account })).toBeUndefined();
  });
});
