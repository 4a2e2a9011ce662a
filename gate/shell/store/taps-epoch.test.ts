/** A new epoch: what is not confirmed is written again, whole and in order; what was confirmed stays behind. */
import { expect, test } from 'vitest';
import { makeTap, makeUse } from '../../testing/phone.ts';
import { fill, NOW_MS, newFile, openTaps, readBack } from '../../testing/taps.ts';

const at = { wallMs: NOW_MS, monoMs: 9 };
const clock = 'TRUSTED';

test('what is not confirmed goes on under new numbers, after a restart too', () => {
  const file = newFile();
  const store = openTaps(file);
  fill(store, { from: 1, to: 5 });
  store.acknowledge(3, { atS: 0 });
  const before = store.epoch;
  store.beginEpoch();
  expect(store.epoch).not.toBe(before);
  expect([store.ackSeq, store.lastSeq, store.unconfirmed]).toEqual([0, 2, 2]);
  const stamp = { v: 1, seq: 1, atMs: NOW_MS + 4, monoMs: 4, boot: '0000aaaa' };
  expect(readBack(store)[0]).toEqual({ ...stamp, ...makeTap(4) });
  store.close();
  const again = openTaps(file, { boot: '0000bbbb' });
  expect(again.epoch).toBe(store.epoch);
  expect(again.append(makeTap(6), { at, use: makeUse(6) })).toBe(3);
  expect(readBack(again).map(({ seq, atMs }) => [seq, atMs - NOW_MS])).toEqual([
    [1, 4],
    [2, 5],
    [3, 0],
  ]);
  expect(again.findUsed(makeUse(3)).counterMax).toBe(6);
});

test('a void takes its tap along, and one of an answer also the ask', () => {
  const store = openTaps(newFile());
  fill(store, { from: 1, to: 2 });
  const ask = store.append(
    { kind: 'ask', clock, id: 'ab'.repeat(16), way: 'ONLINE_CODE', line: 'M1' },
    { at },
  );
  const answer = { kind: 'answer', clock, of: ask, verdict: 'open', reason: null } as const;
  const open = store.append({ ...answer, fareCents: 250 }, { at });
  fill(store, { from: 3, to: 3 });
  store.acknowledge(5, { atS: 0 });
  store.append({ kind: 'void', clock, of: 1, reason: 'BARRIER_FAILED' }, { at });
  store.append({ kind: 'void', clock, of: open, reason: 'BARRIER_FAILED' }, { at });
  store.beginEpoch();
  const read = readBack(store).map((record) => [record.kind, 'of' in record ? record.of : null]);
  expect(read).toEqual([
    ['tap', null],
    ['ask', null],
    ['answer', 2],
    ['void', 1],
    ['void', 3],
  ]);
});

test('with nothing to send it begins empty, and a log that goes on is chained anew', () => {
  const store = openTaps(newFile());
  fill(store, { from: 1, to: 3 });
  store.acknowledge(3, { atS: 0 });
  store.beginEpoch();
  expect(readBack(store)).toEqual([]);
  fill(store, { from: 4, to: 4 });
  expect(readBack(store)).toMatchObject([{ seq: 1, atMs: NOW_MS + 4 }]);
});

test('records by the thousand keep their order', () => {
  const store = openTaps(newFile());
  fill(store, { from: 1, to: 1_200 });
  store.beginEpoch();
  const seqs = [0, 500, 1_000].flatMap((from) => readBack(store, { from }));
  expect(seqs.map(({ seq, atMs }) => seq === atMs - NOW_MS)).toEqual(Array(1_200).fill(true));
});
