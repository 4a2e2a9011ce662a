/** A gate whose deny file goes bad, before a real settlement: it ends, and comes back with the whole list. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTransitCode } from '@stile/phone/code.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { openTown } from './testing/town.ts';

/** The page of the ids, as zeros. */
function spoil(file: string): void {
  const db = new Database(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  const root = db.prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'deny'`).pluck().get();
  const pageBytes = Number(db.pragma('page_size', { simple: true }));
  db.close();
  const bytes = readFileSync(file);
  bytes.fill(0, (Number(root) - 1) * pageBytes, Number(root) * pageBytes);
  writeFileSync(file, bytes);
}

/** The rider is denied, and the gate has heard of it. */
async function openDenied() {
  const faults: string[] = [];
  const town = await openTown({ onFatal: ({ code }) => faults.push(code) });
  const { dataDir, log, phone, show } = town;
  const reading = readSignedPass(phone.pass);
  const account = reading.ok ? reading.value.pass.account : '';
  let counter = 0;
  const tap = async () => {
    counter += 1;
    const fresh = { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
    await show(makeTransitCode(phone.pass, { fresh, sign: phone.key.sign }));
    return await log.next('tap');
  };
  const fetchLists = async ({ gate = town.gate } = {}) => {
    const fetched = log.next('lists', ({ denied }) => Number(denied) === 1);
    gate.syncNow();
    await fetched;
  };
  const denyFiles = () =>
    readdirSync(dataDir)
      .filter((name) => /^deny-.*\.db$/.test(name))
      .map((name) => join(dataDir, name));
  await town.operate('POST', 'denials', { body: { account, note: 'lost' } });
  const isPublished = async () => {
    const { deny } = await town.operate('GET', 'lists');
    return (deny as { count: number }).count === 1;
  };
  while (!(await isPublished())) await new Promise((resume) => setImmediate(resume));
  await fetchLists();
  expect(await tap()).toMatchObject({ verdict: 'refuse', reason: 'DENIED' });
  return { ...town, account, faults, tap, fetchLists, denyFiles };
}

test('nobody who is denied gets in: not by the damaged list, and not before there is another', async () => {
  const { dataDir, denyFiles, faults, fetchLists, restartGate, tap, wire } = await openDenied();
  wire.mode = 'cut';
  await restartGate(() => denyFiles().forEach(spoil));
  expect(await tap()).toMatchObject({ verdict: 'refuse' });
  expect(faults).toEqual(['STORE_CORRUPT']);
  const [folder = ''] = readdirSync(join(dataDir, 'quarantine'));
  const aside = readdirSync(join(dataDir, 'quarantine', folder));
  expect(aside).toContain('reference.db');
  expect(aside.some((name) => name.startsWith('deny-'))).toBe(true);

  // As its supervisor does.
  const again = await restartGate(() => undefined);
  expect(await tap()).toMatchObject({ verdict: 'refuse', reason: 'KEY_UNKNOWN' });
  wire.mode = 'pass';
  await fetchLists({ gate: again });
  expect(await tap()).toMatchObject({ verdict: 'refuse', reason: 'DENIED' });
  expect(faults).toEqual(['STORE_CORRUPT']);
});

test('an id that was changed on the card is found soon after the start, by reading the whole list', async () => {
  const { account, dataDir, denyFiles, faults, log, restartGate } = await openDenied();
  const id = denyId({ issuer: 1, account, serial: 0 });
  await restartGate(() => {
    for (const file of denyFiles()) {
      const db = new Database(file);
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
      const bytes = readFileSync(file);
      const at = bytes.indexOf(id);
      expect(at).toBeGreaterThan(0);
      bytes.fill(0x77, at, at + id.length);
      writeFileSync(file, bytes);
    }
  });
  await log.next('a damaged store was moved aside');
  expect(faults).toEqual(['STORE_CORRUPT']);
  expect(readdirSync(dataDir)).toContain('quarantine');
});
