/** The audit finds what it is there to find: each check is made to fail once. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedTown, START_MS } from '../scripted-town.ts';
import { auditSettlement, isSettlementDir } from './audit.ts';

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const [rich, poor] = [await town.addRider('P-256'), await town.addRider()];
  await rich.topUp(1000);
  gate.note(START_MS);
  gate.tap(rich.code(START_MS), START_MS);
  gate.tap(poor.code(START_MS), START_MS);
  const taken = gate.tap(rich.code(START_MS), START_MS);
  gate.voidOf(taken, START_MS);
  gate.tap('TC1:X', START_MS, { verdict: 'refuse', reason: 'MALFORMED' });
  await town.send(gate, 1, 4);
  await town.send(gate, 5);
  await town.settled();
  await town.stop();
});
afterAll(async () => {
  await town.close();
});

test('a good settlement passes every check', async () => {
  expect(isSettlementDir(town.dataDir)).toBe(true);
  expect(isSettlementDir(join(town.dataDir, 'keys'))).toBe(false);
  const checks = await auditSettlement(town.dataDir, { signatures: true });
  expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  expect(checks.length).toBeGreaterThanOrEqual(15);
  expect(checks.find(({ name }) => name.startsWith('every opened tap'))?.detail).toBe(
    '2 CHARGED, 1 VOIDED',
  );
});

test('there is nothing to audit where there is no settlement', async () => {
  await expect(auditSettlement('/nowhere')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});

const OF = "(SELECT name FROM ledger_account WHERE kind = 'wallet' AND credits_cents > 0)";
test.each([
  ['debits equal credits', `UPDATE ledger_account SET debits_cents = 9999 WHERE name = 'cash'`],
  [
    'stored balances are the sums of their transfers',
    `UPDATE transfer SET amount_cents = amount_cents + 1 WHERE code = 'TOP_UP'`,
  ],
  [
    'no account is overdrawn, none has both wallet and debt',
    `UPDATE ledger_account SET debits_cents = 999999 WHERE name = ${OF}`,
  ],
  ['every debt is what charges are owed', 'UPDATE charge SET owed_cents = 0'],
  ["every line's revenue is the sum of its charges", 'UPDATE charge SET fare_cents = 251'],
  ['cash is what was paid in', 'UPDATE top_up SET amount_cents = 999'],
  ['exactly those in debt are denied for it', 'UPDATE denial SET lifted_at_ms = 1'],
  [
    'every opened tap ends in one charge or one reason',
    `UPDATE record SET outcome = 'PENDING' WHERE outcome = 'CHARGED'`,
  ],
  [
    'charges and charged taps belong together, one to one',
    `UPDATE record SET outcome = 'CHARGED' WHERE outcome = 'VOIDED'`,
  ],
  [
    'no charge skipped the verification of its account',
    `DELETE FROM charge_event WHERE state = 'VERIFYING'`,
  ],
  ['every record received is accounted for', `UPDATE record SET outcome = NULL WHERE seq = 2`],
  ["every gate's log is whole", `UPDATE record SET line = CAST('{}' AS BLOB) WHERE seq = 1`],
  ["every gate's log is whole", `DELETE FROM record WHERE seq = 6`],
  [
    'every batch is sealed by its gate',
    `UPDATE batch SET header_line = CAST(header_line || ' ' AS BLOB)`,
  ],
  ['every code that money hangs on is genuine', `UPDATE issuer_key SET status = 'revoked'`],
  ['no job is left over', `INSERT INTO outbox VALUES (NULL, 'settle', 0, 0, '', 0, 0, NULL)`],
])('%s: found when it is not so (%#)', async (name, statement) => {
  const copy = mkdtempSync(join(tmpdir(), 'stile-audit-'));
  const file = join(copy, 'settlement.db');
  try {
    const original = new Database(join(town.dataDir, 'settlement.db'), { readonly: true });
    original.exec(`VACUUM INTO '${file}'`);
    original.close();
    tamper(file, statement);
    const checks = await auditSettlement(copy, { signatures: true });
    expect(checks.find((check) => check.name === name)?.ok).toBe(false);
  } finally {
    rmSync(copy, { recursive: true });
  }
});

/** Does what nobody can do by way of our own code: the file's own guards are taken away first. */
function tamper(file: string, statement: string): void {
  const db = new Database(file);
  db.pragma('foreign_keys = OFF');
  db.pragma('ignore_check_constraints = ON');
  const triggers = db.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).pluck();
  for (const trigger of triggers.all()) db.exec(`DROP TRIGGER ${trigger}`);
  db.exec(statement);
  db.close();
}
