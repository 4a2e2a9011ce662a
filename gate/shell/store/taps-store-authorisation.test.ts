/** Which authorisation waits for its answer, as the store of taps knows it. */
import { join } from 'node:path';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { makeTap, NOW_S } from '../../testing/phone.ts';
import { openTapsStore, type RecordDraft } from './taps-store.ts';

const AT = { wallMs: NOW_S * 1000, monoMs: 1 };
const ID = 'ab'.repeat(16);

function ask(id = ID): RecordDraft {
  return { kind: 'ask', clock: 'HOLDOVER', id, way: 'ONLINE_CODE', line: 'M1' };
}

function answer(of: number): RecordDraft {
  const clock = 'HOLDOVER';
  return { kind: 'answer', clock, of, verdict: 'refuse', reason: 'NO_ANSWER', fareCents: null };
}

function open(file: string, limits: { unconfirmedMax?: number; ringMax?: number } = {}) {
  const { unconfirmedMax = 100, ringMax = 0 } = limits;
  const boot = '0000aaaa';
  const store = openTapsStore({
    file,
    gate: 'g1',
    random: systemRandom,
    boot,
    quotaMb: 8,
    unconfirmedMax,
    ringMax,
  });
  onTestFinished(() => store.close());
  return store;
}

const newFile = () => join(scratchDir(), 'taps.db');

test('which ask has no answer is known at once and after a restart', () => {
  const file = newFile();
  const store = open(file);
  expect(store.openAskSeq).toBeNull();
  store.append(makeTap(1), { at: AT });
  expect(store.append(ask(), { at: AT })).toBe(2);
  store.append(makeTap(2), { at: AT });
  expect(store.openAskSeq).toBe(2);
  store.close();
  const again = open(file);
  expect(again.openAskSeq).toBe(2);
  again.append(answer(2), { at: AT });
  expect(again.openAskSeq).toBeNull();
  again.close();
  expect(open(file).openAskSeq).toBeNull();
});

test('it is known even where settlement has confirmed the ask and its record is gone', () => {
  const file = newFile();
  const store = open(file);
  store.append(ask(), { at: AT });
  for (let counter = 1; counter <= 5; counter += 1) store.append(makeTap(counter), { at: AT });
  store.acknowledge(6, { atS: 0 });
  expect(store.prune(AT.wallMs + 30 * 86_400_000)).toBeGreaterThan(0);
  store.close();
  const again = open(file);
  expect(again.openAskSeq).toBe(1);
  expect(again.append(answer(1), { at: AT })).toBe(7);
});

test('a second ask, or an answer to another, is a bug of ours and changes nothing', () => {
  const store = open(newFile());
  expect(() => store.append(answer(1), { at: AT })).toThrow('Bug');
  store.append(ask(), { at: AT });
  expect(() => store.append(ask('cd'.repeat(16)), { at: AT })).toThrow('Bug');
  expect(() => store.append(answer(2), { at: AT })).toThrow('Bug');
  expect([store.lastSeq, store.openAskSeq]).toEqual([1, 1]);
});

test('a full log takes no new ask, but answers and voids', () => {
  const store = open(newFile(), { unconfirmedMax: 1 });
  store.append(ask(), { at: AT });
  store.append(answer(1), { at: AT });
  expect(() => store.append(ask(), { at: AT })).toThrow(
    expect.objectContaining({ code: 'STORE_FULL' }),
  );
  expect(store.openAskSeq).toBeNull();
  store.append({ kind: 'void', clock: 'HOLDOVER', of: 2, reason: 'BARRIER_FAILED' }, { at: AT });
  expect(store.lastSeq).toBe(3);
});

test('an ask whose write fails is not open', () => {
  const file = newFile();
  const store = open(file);
  const db = new Database(file);
  onTestFinished(() => void db.close());
  db.exec(`CREATE TRIGGER no BEFORE INSERT ON meta BEGIN SELECT raise(ABORT, 'no'); END`);
  expect(() => store.append(ask(), { at: AT })).toThrow(
    expect.objectContaining({ code: 'STORE_FAILED' }),
  );
  expect([store.lastSeq, store.openAskSeq]).toEqual([0, null]);
  db.exec('DROP TRIGGER no');
  expect(store.append(ask(), { at: AT })).toBe(1);
});
