/** The audit of a gate's store: sound logs pass, each kind of damage is found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { genesisHash, recordHash } from '@stile/protocol/gate-log.ts';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { auditGate, isGateDir } from './audit.ts';
import { openTapsStore, type RecordDraft } from './shell/store/taps-store.ts';
import { makeTap, makeText, makeUse, NOW_S } from './testing/phone.ts';

const AT = { wallMs: NOW_S * 1000, monoMs: 1 };
const tap = (counter: number) => makeTap(counter, { scan: makeText({ counter }) });
const ask = (digit: string): RecordDraft => ({
  kind: 'ask',
  clock: 'HOLDOVER',
  way: 'ONLINE_CODE',
  line: 'M1',
  id: digit.repeat(32),
});
const answer = (of: number): RecordDraft => ({
  kind: 'answer',
  clock: 'HOLDOVER',
  verdict: 'refuse',
  reason: 'NO_ANSWER',
  of,
  fareCents: null,
});

const PAGE_BYTES = 4_096;

function openStore(dir: string) {
  const limits = { quotaMb: 8, unconfirmedMax: 100, ringMax: 0 };
  const store = openTapsStore({
    file: join(dir, 'taps.db'),
    gate: 'g1',
    random: systemRandom,
    boot: '0000aaaa',
    ...limits,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Writes records as no gate would: the chain is whole, what they say is up to the test. */
function forge(dir: string, drafts: readonly RecordDraft[]): void {
  openStore(dir).close();
  const db = new Database(join(dir, 'taps.db'));
  const epoch = String(db.prepare("SELECT value FROM meta WHERE key = 'epoch'").pluck().get());
  const insert = db.prepare('INSERT INTO log (seq, at_ms, line, hash) VALUES (?, ?, ?, ?)');
  let hash = genesisHash({ gate: 'g1', epoch, sha256 });
  for (const [at, draft] of drafts.entries()) {
    const stamp = { v: 1, seq: at + 1, atMs: AT.wallMs, monoMs: 1, boot: '0000aaaa' };
    const line = utf8(JSON.stringify({ ...stamp, ...draft }));
    hash = recordHash({ previous: hash, bytes: line, sha256 });
    insert.run(at + 1, AT.wallMs, line, hash);
  }
  db.close();
}

const wrongIn = (dir: string) => auditGate(dir).filter(({ ok }) => !ok);
const asksIn = (dir: string) =>
  auditGate(dir).find(({ name }) => name === 'every ask has one answer')?.detail;

test('a sound log passes, with an ask in flight and after it', () => {
  const dir = scratchDir();
  expect(isGateDir(dir)).toBe(false);
  const store = openStore(dir);
  store.append(tap(1), { at: AT, use: makeUse(1) });
  store.append(ask('a'), { at: AT });
  store.append(answer(2), { at: AT });
  store.append(ask('b'), { at: AT });
  expect(isGateDir(dir)).toBe(true);
  expect(wrongIn(dir)).toEqual([]);
  expect(asksIn(dir)).toBe('1 answered, 1 in flight');
  store.append(answer(4), { at: AT });
  expect(wrongIn(dir)).toEqual([]);
  expect(asksIn(dir)).toBe('2 answered');
});

test('a log whose first records are gone passes', () => {
  const dir = scratchDir();
  const store = openStore(dir);
  store.append(ask('a'), { at: AT });
  for (let counter = 1; counter <= 5; counter += 1) {
    store.append(tap(counter), { at: AT, use: makeUse(counter) });
  }
  store.append(answer(1), { at: AT });
  store.acknowledge(5, { atS: 0 });
  store.prune(AT.wallMs + 30 * 86_400_000);
  expect(wrongIn(dir)).toEqual([]);
});

test.each<[string, RecordDraft[], string]>([
  ['an ask without an answer', [ask('a'), ask('b'), answer(2)], 'records 1'],
  ['an ask that nobody remembers', [ask('a')], 'records 1'],
  ['two answers', [ask('a'), answer(1), answer(1)], 'records 3'],
  ['an answer to a tap', [tap(1), answer(1)], 'records 2'],
])('%s is found', (_name, drafts, detail) => {
  const dir = scratchDir();
  forge(dir, drafts);
  const asks = wrongIn(dir).filter(({ name }) => name === 'every ask has one answer');
  expect(asks).toMatchObject([{ detail }]);
});

test('a tap that opened and is not remembered, and a damaged record, are found', () => {
  const dir = scratchDir();
  const store = openStore(dir);
  for (let counter = 1; counter <= 3; counter += 1) {
    store.append(tap(counter), { at: AT, use: makeUse(counter) });
  }
  store.close();
  const db = new Database(join(dir, 'taps.db'));
  db.exec('DELETE FROM used_pass');
  db.exec("UPDATE log SET line = CAST(replace(line, 'open', 'Open') AS BLOB) WHERE seq = 2");
  db.close();
  expect(wrongIn(dir).map(({ name }) => name)).toEqual([
    'the chain is whole',
    'every line is a record',
    'every opened code is remembered',
  ]);
});

test('a file that cannot be read is a finding in a sentence, whatever is damaged of it', () => {
  const whole = scratchDir();
  const store = openStore(whole);
  for (let counter = 1; counter <= 60; counter += 1) {
    store.append(tap(counter), { at: AT, use: makeUse(counter) });
  }
  store.close();
  const bytes = readFileSync(join(whole, 'taps.db'));
  let unread = 0;
  for (let page = 0; page * PAGE_BYTES < bytes.length; page += 1) {
    const dir = scratchDir();
    const spoilt = Buffer.from(bytes);
    spoilt.fill(0xff, page * PAGE_BYTES, (page + 1) * PAGE_BYTES);
    writeFileSync(join(dir, 'taps.db'), spoilt);
    const wrong = wrongIn(dir);
    expect(wrong.length, `page ${page}`).toBeGreaterThan(0);
    if (wrong.some(({ detail }) => detail.includes('evidence only'))) unread += 1;
  }
  expect(unread).toBeGreaterThan(1);
});
