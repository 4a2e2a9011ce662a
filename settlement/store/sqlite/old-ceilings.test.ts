/**
 * Rides that a version of settlement took in which did not store what their pass stands for: however high a fare is
 * set later, from when on, they cost no more than it.
 */
import { join } from 'node:path';
import { openDurableInSteps } from '@stile/host/durable-sqlite.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, test } from 'vitest';
import {
  accountOf,
  CEILING_CENTS,
  drain,
  ISSUER,
  ISSUER_KEY,
  LIMITS,
  NOW_MS,
  readBooks,
  ScriptedLog,
} from '../../testing/log.ts';
import { APPLICATION_ID } from './connection.ts';
import { MIGRATIONS } from './migrations/all.ts';
import { openSqliteStore } from './store.ts';

/** Schemas before the one that stores ceilings. */
const VERSIONS = [1, 2, 3, 4];
const LINE = 'M1';

/** Rows of the first schema: one ride that was taken in, charged and owed. */
const FILL = [
  `INSERT INTO account VALUES (@account, 1)`,
  `INSERT INTO issuer_key VALUES (@issuer, @keyId, @publicKey, @notBeforeS, @notAfterS, 'active',
     @ceilingExponent)`,
  `INSERT INTO gate VALUES ('old', 1, 1, 1, 1, 1, 1, 1)`,
  `INSERT INTO gate_line (gate, line, from_ms) VALUES ('old', @line, 0)`,
  `INSERT INTO gate_epoch VALUES (1, 'old', 'e', 1, @hash)`,
  `INSERT INTO batch VALUES (1, 1, x'00', x'00', 1, 1)`,
  `INSERT INTO record VALUES (1, 1, 1, 1, @bytes, @hash, 'tap', 'open', NULL, @nowMs, 'TRUSTED', @line,
     NULL, @use, 'accepted', NULL, @nowMs, 'CHARGED')`,
  `INSERT INTO tariff_line (line, fare_cents, from_s, set_at_ms) VALUES (@line, 250, 0, @nowMs)`,
  `INSERT INTO ledger_account VALUES ('receivable:' || @account, 'receivable', 250, 0)`,
  `INSERT INTO ledger_account VALUES ('revenue:' || @line, 'revenue', 0, 250)`,
  `INSERT INTO transfer VALUES (1, 'charge:' || @use || ':1:debt', 'receivable:' || @account,
     'revenue:' || @line, 250, 'DEBT', 1, 1)`,
  `INSERT INTO charge VALUES (@use, @account, 1, 1, @line, 250, 250, 'DEBT', NULL, @nowMs, 1)`,
];

function makeFile(version: number): string {
  const file = join(scratchDir(), 'settlement.db');
  const firstWrite = `INSERT OR REPLACE INTO meta (key, value) VALUES ('opened', 'yes')`;
  const options = { applicationId: APPLICATION_ID, firstWrite };
  const account = accountOf('a');
  const log = new ScriptedLog('old', LINE);
  log.ride({ account, counter: 1, atMs: NOW_MS });
  const [record] = log.batch().records;
  if (record === undefined) throw new Error('there is one record');
  const { keyId, publicKey, notBeforeS, notAfterS, ceilingExponent } = ISSUER_KEY;
  const key = { issuer: ISSUER, keyId, publicKey, notBeforeS, notAfterS, ceilingExponent };
  const { bytes, hash } = record;
  const use = `${ISSUER}/${account}/1/1`;
  const rows = { account, use, line: LINE, nowMs: NOW_MS, bytes, hash, ...key };
  const db = openDurableInSteps(file, { ...options, migrations: MIGRATIONS.slice(0, 1) });
  for (const sql of FILL) db.prepare(sql).run(rows);
  db.close();
  openDurableInSteps(file, { ...options, migrations: MIGRATIONS.slice(0, version) }).close();
  return file;
}

test.each(VERSIONS)('a ride of schema %i is never charged above its pass', async (version) => {
  const store = await openSqliteStore({ file: makeFile(version), limitsNow: LIMITS });
  const revenue = async () => (await readBooks(store, [])).revenue[LINE];
  expect(await revenue()).toBe(250);
  await store.setFare({ line: LINE, fareCents: 10 * CEILING_CENTS, fromS: 0 }, NOW_MS);
  await drain(store);
  expect(await revenue()).toBe(CEILING_CENTS);
  await store.setFare({ line: LINE, fareCents: 300, fromS: 0 }, NOW_MS);
  await drain(store);
  expect(await revenue()).toBe(300);
  await store.close();
});
