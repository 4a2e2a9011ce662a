/** The audit of what persons decided about parked records: good books pass, and each kind of change is found. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFromJwk } from '@stile/crypto/sign.ts';
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage, readSignedPass } from '@stile/protocol/transit-code.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Books, type KindOfBooks, placed } from '../testing/books.ts';
import type { ScriptedGate } from '../testing/gate.ts';
import { type ScriptedTown, START_MS } from '../testing/town.ts';

type Parked = { seq: number; why: string; hash: string };

async function liveIn(town: ScriptedTown): Promise<void> {
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const ada = await town.addRider();
  const at = { atMs: START_MS };
  const ride = (of: ScriptedGate, line = 'M1') => of.tap(ada.code(START_MS), { ...at, line });
  ride(gate);
  const other = gate.fork();
  gate.note(START_MS);
  ride(gate, 'M9');
  const given = ada.pass;
  ada.pass = unknownPass(town, given);
  ride(gate);
  ada.pass = given;
  gate.raw(utf8('nothing that can be read'));
  ride(other);
  ride(other);
  other.ask('a1'.repeat(16), START_MS);
  other.answer(4, { ...at, reason: 'NO_ANSWER' });
  ride(other);
  await town.send(gate);
  await town.send(other, { fromSeq: 2 });
  await town.settled();
  await resolveAll(town, gate);
  await town.settled();
  await town.stop();
}

const HOW: Record<string, string> = {
  FARE_UNKNOWN: 'WRITE_OFF',
  UNREADABLE: 'WRITE_OFF',
  PASS_NOT_ISSUED: 'ACCEPT',
  OTHER_BYTES: 'ADOPT',
  FORK: 'WRITE_OFF',
};

async function resolveAll(town: ScriptedTown, { gate, epoch }: ScriptedGate): Promise<void> {
  const parked = await town.operate<Parked[]>('GET', 'parked');
  for (const { seq, why, hash } of parked) {
    const body = { gate, epoch, seq, hash, how: HOW[why], note: 'seen' };
    await town.operate('POST', 'parked/resolutions', { body });
  }
  // A pass that was accepted has its taps judged behind the answer.
  await town.settled();
  expect(await town.operate('GET', 'parked')).toEqual([]);
}

/** The rider's pass as books that were lost since gave it out, a minute before. */
function unknownPass({ dataDir }: ScriptedTown, given: Uint8Array): Uint8Array {
  const file = join(dataDir, 'keys', 'issuer-1-1.jwk.json');
  const issuer = keyFromJwk(JSON.parse(readFileSync(file, 'utf8')));
  const reading = readSignedPass(given);
  if (!reading.ok) throw new Error(reading.detail);
  const { pass } = reading.value;
  const fields = encodePass({ ...pass, issuedAtS: pass.issuedAtS - 60 });
  return concatBytes(fields, issuer.sign(issuerMessage(fields)));
}

const DECIDED = 'every parked record that has ended was decided by a person, and as it says';
const SEALED = 'what persons decided is as it was sealed';
const LOSS = 'the loss is what was written off';
const LOST = `(SELECT number FROM resolution WHERE fare_cents > 0)`;
/** A fare that is gone from the books with all that names it, but for what it was decided about. */
const FORGET = `DELETE FROM transfer WHERE code = 'WRITE_OFF'; DELETE FROM resolution WHERE number = ${LOST};
  DELETE FROM ledger_account WHERE name = 'loss'; UPDATE ledger_account
  SET credits_cents = credits_cents - 250 WHERE name = 'revenue:M1'`;
/** A loss that nobody decided about, right in the whole ledger. */
const INVENT = `INSERT INTO transfer
    (PLACE_COLUMNS, id, debit, credit, amount_cents, code, happened_at_ms, recorded_at_ms)
  SELECT PLACE_VALUES, 'writeOff:99:loss', debit, credit, 250, code, 1, 1 FROM transfer WHERE code = 'WRITE_OFF'; UPDATE ledger_account SET debits_cents = debits_cents + 250
  WHERE name = 'loss'; UPDATE ledger_account SET credits_cents = credits_cents + 250
  WHERE name = 'revenue:M1'`;
const CORRUPTIONS: readonly (readonly [check: string, statements: string])[] = [
  [DECIDED, FORGET],
  [SEALED, FORGET],
  [DECIDED, `DELETE FROM resolution WHERE how = 'ADOPT'`],
  [DECIDED, `DELETE FROM resolution WHERE how = 'WRITE_OFF' AND record IS NOT NULL`],
  [DECIDED, `DELETE FROM transfer WHERE code = 'WRITE_OFF'`],
  [DECIDED, `UPDATE transfer SET credit = 'revenue:M9' WHERE code = 'WRITE_OFF'`],
  [DECIDED, `UPDATE transfer SET amount_cents = 240 WHERE code = 'WRITE_OFF'`],
  ['every transfer has a cause', INVENT],
  [LOSS, INVENT],
  [LOSS, `UPDATE resolution SET fare_cents = 240 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET fare_cents = 240 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET fare_cents = NULL WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET use = '1/aaaaaaaaaaaaaaaa/1/1' WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET line = 'M9' WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET ride_ms = ride_ms - 1 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET ceiling_cents = 1 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET tariff_version = 0 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET odd_line = NULL WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET odd_line = 99 WHERE number = ${LOST}`],
  [DECIDED, `UPDATE resolution SET how = 'REPLAY' WHERE how = 'WRITE_OFF'`],
  [
    DECIDED,
    `UPDATE resolution SET adopted_record = (SELECT min(id) FROM record)
     WHERE adopted_record = (SELECT max(adopted_record) FROM resolution)`,
  ],
  [DECIDED, `UPDATE odd_line SET why = 'ADOPTED' WHERE why = 'WRITTEN_OFF'`],
  [DECIDED, `UPDATE odd_line SET why = 'FORK' WHERE why = 'ADOPTED'`],
  [DECIDED, `UPDATE gate_epoch SET branch_of = 9 WHERE branch_of IS NOT NULL`],
  [DECIDED, `UPDATE gate_epoch SET branch_of = 9 WHERE branch_of IS NULL`],
  [DECIDED, `DELETE FROM pass_issue WHERE number = (SELECT max(number) FROM pass_issue)`],
  [
    DECIDED,
    `UPDATE record SET outcome = 'CHARGED' WHERE outcome = 'WRITTEN_OFF' AND use IS NOT NULL`,
  ],
  [
    'every fare is what settling again would charge',
    `UPDATE resolution SET fare_cents = NULL WHERE fare_cents = 0`,
  ],
  ["every gate's log is whole", `UPDATE gate_epoch SET base_seq = 9 WHERE base_seq IS NOT NULL`],
  ["every gate's log is whole", `UPDATE gate_epoch SET base_hash = zeroblob(32)`],
  [SEALED, `UPDATE resolution SET by_name = 'Somebody Else' WHERE number = 2`],
  [SEALED, `UPDATE resolution SET note = 'never' WHERE number = 2`],
  [SEALED, `UPDATE resolution SET why = 'GAP' WHERE number = 2`],
  [SEALED, `UPDATE resolution SET at_ms = 1 WHERE number = 2`],
  [SEALED, `DELETE FROM resolution WHERE number = (SELECT max(number) FROM resolution)`],
  [SEALED, `DELETE FROM book_seal WHERE name = 'resolutions'`],
];

export function describeResolutionAudit(name: string, kind: KindOfBooks): void {
  describe(name, () => {
    let town: ScriptedTown;
    let books: Books;
    let loose: Books;
    beforeAll(async () => {
      town = await kind.openTown();
      await liveIn(town);
      books = await kind.booksOf(town);
      loose = await books.copy();
      await loose.tamper('SELECT 1');
    });
    afterAll(async () => {
      await town.close();
    });

    test('decisions that are as they were made pass every check', async () => {
      const checks = await books.audit({ signatures: true });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      const found = (name: string) => checks.find((one) => one.name.startsWith(name))?.detail;
      expect(found('every parked record')).toBe('8 decisions');
      expect(found('the loss')).toBe('250 of 250');
      expect(found('every opened tap')).toBe('4 CHARGED, 1 WRITTEN_OFF');
    });

    test.each(CORRUPTIONS)('%s: found when it is not so (%#)', async (check, statements) => {
      const copy = await loose.copy();
      await copy.tamper(placed(statements, kind));
      const checks = await copy.audit();
      expect(checks.find((one) => one.name === check)?.ok).toBe(false);
    });
  });
}
