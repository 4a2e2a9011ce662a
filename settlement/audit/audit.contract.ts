/** The audit finds what it is there to find, in whichever database the books lie: each check is made to fail once. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CUT_KINDS } from '../core/retention/cut-changes.ts';
import { type Books, type KindOfBooks, placed } from '../testing/books.ts';
import { type ScriptedTown, START_MS } from '../testing/town.ts';
import { liveIn } from '../testing/town-life.ts';
import { GUARDS } from './work.ts';

const OF = "(SELECT name FROM ledger_account WHERE kind = 'wallet' AND credits_cents > 0 LIMIT 1)";
const BECOMES = 'UPDATE payment SET';
const REFUND = 'every refund has its postings, none exceeds its payment';
const OPENED = 'every code that a gate opened for was paid';
const SEALED = 'the books are as they were sealed';
const COLUMNS = 'what is stored of a record is what its bytes say';
const AGAIN = 'every fare is what settling again would charge';
const CHARGE = "every charge is its own rider's, of a tap that is there, and posted as it says";
const DENY_LIST = 'the deny list is what its version says, and what was signed';
const POSTED = 'id, debit, credit, amount_cents, code, happened_at_ms, recorded_at_ms';
/** A top-up that nobody made, in every table that has to know of it. */
const GIFT = `INSERT INTO top_up (number, account, key, amount_cents, at_ms)
    SELECT 999, account, 'gift', 500, 1 FROM top_up LIMIT 1;
  INSERT INTO transfer (PLACE_COLUMNS, ${POSTED})
    SELECT PLACE_VALUES, 'topUp:' || account || ':gift:in', 'cash', 'wallet:' || account, 500, 'TOP_UP', 1, 1
    FROM top_up WHERE key = 'gift';
  UPDATE ledger_account SET debits_cents = debits_cents + 500 WHERE name = 'cash';
  UPDATE ledger_account SET credits_cents = credits_cents + 500
    WHERE name = (SELECT 'wallet:' || account FROM top_up WHERE key = 'gift')`;
/** The last record of a log, with all that says that it ever came. */
const CUT_OFF = `DELETE FROM record WHERE id = (SELECT max(id) FROM record);
  DELETE FROM batch WHERE id = (SELECT max(id) FROM batch);
  UPDATE gate_epoch SET (last_seq, head) =
    (SELECT seq, hash FROM record WHERE epoch_id = gate_epoch.id ORDER BY seq DESC LIMIT 1)`;
const RULES = 'what rulings go by is what was published';
const CUTS = 'no more is gone than what was cut';
const CUT_LIST = 'DELETE FROM trust_list WHERE version = 1';
const NOTED = 'INSERT INTO cut';
const TAP = "WHERE kind = 'tap' AND verdict = 'open'";
const SHUT = 'what a gate did not open for was given back';
const CORRUPTIONS: readonly (readonly [check: string, statements: string])[] = [
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
  ['every code that money hangs on is genuine', `UPDATE issuer_key SET not_after_s = 1`],
  [
    'no job is left over',
    `INSERT INTO outbox (id, kind, cursor, until, subject, attempts, created_at_ms)
     VALUES (64, 'settle', 0, 0, '', 0, 0)`,
  ],
  ['every payment has its posting', `UPDATE transfer SET credit = 'cash' WHERE code = 'PAY'`],
  [
    'every payment has its posting',
    `DELETE FROM transfer WHERE id = (SELECT 'payment:' || id || ':pay' FROM payment WHERE key = 'pay-offline')`,
  ],
  ['every payment has its posting', `${BECOMES} outcome = 'REFUSED' WHERE key = 'pay-offline'`],
  ['every payment has its posting', `${BECOMES} amount_cents = 301 WHERE key = 'pay-offline'`],
  [REFUND, `UPDATE payment_refund SET amount_cents = 99 WHERE key = 'back-123'`],
  [REFUND, `DELETE FROM payment_refund WHERE key = 'back-123'`],
  [REFUND, `DELETE FROM transfer WHERE id LIKE '%back-123%'`],
  [REFUND, `UPDATE transfer SET debit = 'cash' WHERE id LIKE '%back-123%'`],
  [REFUND, `${BECOMES} refunded_cents = 0 WHERE key = 'pay-online'`],
  [
    "every merchant's balance is the sum of its payments",
    `UPDATE ledger_account SET credits_cents = 1 WHERE kind = 'merchant'`,
  ],
  [
    "every merchant's balance is the sum of its payments",
    `DELETE FROM ledger_account WHERE kind = 'merchant'`,
  ],
  ["every line's revenue is the sum of its charges", `${BECOMES} line = 'M2' WHERE line = 'M1'`],
  ['receipts count up without a gap', `${BECOMES} receipt = receipt + 1 WHERE receipt = 3`],
  ['receipts count up without a gap', 'UPDATE merchant SET last_receipt = 4'],
  ['receipts count up without a gap', `${BECOMES} receipt = 9 WHERE key = 'pay-again'`],
  ['every paid order has one payment', `UPDATE purchase_order SET state = 'OPEN'`],
  ['every paid order has one payment', `${BECOMES} order_id = NULL WHERE way = 'ORDER'`],
  ['every handle has paid what its payments say', 'UPDATE payment_seed SET paid_cents = 299'],
  [
    'no step of a handle is spent twice',
    `CREATE TABLE loose AS SELECT * FROM spent_step; INSERT INTO loose SELECT * FROM spent_step;
     DROP TABLE spent_step; ALTER TABLE loose RENAME TO spent_step`,
  ],
  [OPENED, `DELETE FROM payment WHERE key = '${'a1'.repeat(16)}'`],
  [OPENED, `${BECOMES} refunded_cents = 250 WHERE key = '${'a1'.repeat(16)}'`],
  [OPENED, `${BECOMES} amount_cents = 240 WHERE key = '${'a1'.repeat(16)}'`],
  [OPENED, `UPDATE record SET outcome = 'PENDING' WHERE kind = 'answer' AND verdict = 'open'`],
  ['no gate says what cannot be', `DELETE FROM record WHERE kind = 'ask'`],
  [SHUT, `${BECOMES} refunded_cents = 0 WHERE key = '${'a3'.repeat(16)}'`],
  [SHUT, `${BECOMES} refunded_cents = 0 WHERE key = '${'a2'.repeat(16)}'`],
  [SHUT, `DELETE FROM payment WHERE key = '${'a4'.repeat(16)}'`],
  ['every record received is accounted for', `UPDATE record SET use = NULL WHERE kind = 'ask'`],
  [COLUMNS, `UPDATE record SET use = NULL WHERE kind = 'ask'`],
  [
    COLUMNS,
    `UPDATE record SET verdict = 'refuse', outcome = NULL, use = NULL, reason = NULL ${TAP}`,
  ],
  [COLUMNS, `UPDATE record SET at_ms = at_ms - 1 ${TAP}`],
  [COLUMNS, `UPDATE record SET ceiling_cents = ceiling_cents + 1 ${TAP}`],
  [COLUMNS, `UPDATE record SET clock = 'UNKNOWN' ${TAP}`],
  [COLUMNS, `UPDATE record SET ride_line = 'M2' ${TAP}`],
  [COLUMNS, `UPDATE record SET use = '1/aaaaaaaaaaaaaaaa/1/1' ${TAP}`],
  [COLUMNS, `UPDATE record SET of_seq = of_seq - 1 WHERE kind = 'void'`],
  [AGAIN, 'UPDATE tariff_line SET fare_cents = 150'],
  [AGAIN, `UPDATE gate_line SET line = 'M9'`],
  [AGAIN, `DELETE FROM charge WHERE owed_cents > 0`],
  [AGAIN, `UPDATE record SET outcome = 'EXTRA_USE' WHERE outcome = 'CHARGED'`],
  [
    CHARGE,
    `INSERT INTO charge (use, account, rev, record, line, fare_cents, owed_cents, state, ridden_at_ms, recorded_at_ms)
     SELECT '1/' || account || '/1/99', account, 1, (SELECT min(id) FROM record), 'M1', 250, 0, 'WITHHELD', 1, 1
     FROM account LIMIT 1`,
  ],
  [
    CHARGE,
    `UPDATE charge SET account = (SELECT account FROM account WHERE account <> charge.account LIMIT 1)`,
  ],
  [CHARGE, `UPDATE charge SET fare_cents = 150`],
  [CHARGE, `UPDATE transfer SET debit = 'wallet:aaaaaaaaaaaaaaaa' WHERE code = 'WITHHOLD'`],
  [
    'the history of every charge leads to where it stands',
    `UPDATE charge_event SET fare_cents = 1`,
  ],
  ['the history of every charge leads to where it stands', `DELETE FROM charge`],
  [
    'the history of every charge leads to where it stands',
    `UPDATE charge_event SET state = 'REPRICED' WHERE state = 'POSTED'`,
  ],
  ['every top-up has its posting', `UPDATE top_up SET amount_cents = 999`],
  ['every top-up has its posting', `DELETE FROM transfer WHERE code = 'TOP_UP'`],
  ['every transfer has a cause', `DELETE FROM top_up`],
  ['every transfer has a cause', `DELETE FROM charge`],
  [
    'every transfer has a cause',
    `INSERT INTO transfer (PLACE_COLUMNS, ${POSTED})
     SELECT PLACE_VALUES, 'gift:1', debit, credit, 5, code, 1, 1 FROM transfer LIMIT 1`,
  ],
  [SEALED, GIFT],
  [SEALED, CUT_OFF],
  [SEALED, `DELETE FROM transfer WHERE number = (SELECT max(number) FROM transfer)`],
  [SEALED, `UPDATE transfer SET happened_at_ms = 1 WHERE number = 1`],
  [SEALED, `UPDATE gate_epoch SET seal = NULL`],
  [SEALED, `DELETE FROM book_seal`],
  [DENY_LIST, `DELETE FROM deny_entry`],
  [DENY_LIST, `UPDATE deny_version SET count = count + 1`],
  [DENY_LIST, `UPDATE deny_version SET salt = NULL`],
  [DENY_LIST, `UPDATE deny_version SET salt = '${'0'.repeat(64)}'`],
  [DENY_LIST, `UPDATE deny_version SET set_digest = '${'0'.repeat(64)}'`],
  [DENY_LIST, `UPDATE trust_list SET payload = json_set(payload, '$.deny.count', 7)`],
  [
    'every trust list is stored as it was signed',
    `UPDATE trust_list SET payload = json_set(payload, '$.operator', 'x')`,
  ],
  [RULES, 'UPDATE list_rules SET skew_s = 300 WHERE version = 1'],
  [RULES, `UPDATE list_rules SET revoked = '["1/1"]'`],
  [RULES, 'DELETE FROM list_rules WHERE version = 1'],
  [RULES, `UPDATE list_rules SET skew_s = 300 WHERE version = 1; ${CUT_LIST}`],
  [CUTS, CUT_LIST],
  [CUTS, `${NOTED} SELECT 'trustList', 1, zeroblob(32), zeroblob(32); ${CUT_LIST}`],
  [CUTS, `INSERT INTO refused_key VALUES ('merchant:kiosk', 'pay-other', 'REVERSED', 1)`],
  [
    CUTS,
    `DELETE FROM denial; INSERT INTO denial (number, id, cause, note, since_ms, lifted_at_ms)
     VALUES (2, zeroblob(14), 'x', 'x', 1, 1)`,
  ],
];

export function describeAudit(name: string, kind: KindOfBooks): void {
  describe(name, () => {
    let town: ScriptedTown;
    let books: Books;
    /** Without its guards, for copies that lose them all the same. */
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

    test('a good settlement passes every check', async () => {
      const checks = await books.audit({ signatures: true });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.length).toBeGreaterThanOrEqual(33);
      expect(checks.find(({ name }) => name.startsWith('every opened tap'))?.detail).toBe(
        '2 CHARGED, 1 VOIDED',
      );
      const found = (name: string) => checks.find((one) => one.name.startsWith(name))?.detail;
      expect(found('every payment has')).toBe('6 paid, 4 refused');
      expect(found('every code that a gate opened for')).toBe('2 of 5 asks');
      expect(found('every record received')).toContain('5 asks + 5 answers');
    });

    test.each(CORRUPTIONS)('%s: found when it is not so (%#)', async (check, statements) => {
      const copy = await loose.copy();
      await copy.tamper(placed(statements, kind));
      const checks = await copy.audit({ signatures: true });
      expect(checks.find((one) => one.name === check)?.ok).toBe(false);
    });

    test.each([
      ['index payment_receipt', 'DROP INDEX payment_receipt'],
      ['trigger transfer_no_update', kind.dropTrigger('transfer_no_update', 'transfer')],
    ])('without its %s: found, and it is not opened', async (lost, statement) => {
      const copy = await books.copy();
      await copy.run(statement);
      const failed = (await copy.audit()).filter(({ ok }) => !ok);
      expect(failed).toEqual([{ name: GUARDS, ok: false, detail: lost }]);
      await expect(copy.openStore()).rejects.toThrow(`has lost its ${lost}: restore`);
    });

    test('without a table: the audit names it', async () => {
      const copy = await books.copy();
      await copy.run('DROP TABLE spent_step');
      await expect(copy.audit()).rejects.toThrow('has lost its table spent_step: restore');
    });

    // Elsewhere nothing else knows of it: it has moved no money.
    if (kind.countsPayments) {
      test('a refused payment that went without a word is missed', async () => {
        const copy = await loose.copy();
        await copy.tamper(`DELETE FROM payment WHERE key = 'pay-again'`);
        expect((await copy.audit()).find((one) => one.name === CUTS)?.ok).toBe(false);
      });
    }

    test('an old list is found that was changed with all that is stored beside it', async () => {
      const copy = await books.copy();
      type Stored = { jws: string; payload: string };
      const [old] = await copy.read<Stored>(
        'SELECT jws, payload FROM trust_list WHERE version = 1',
      );
      const { jws = '', payload = '' } = old ?? {};
      const changed = payload.replace(/"skewS":\d+/, '"skewS":300');
      const [head, , signature] = jws.split('.');
      const text = [head, Buffer.from(changed).toString('base64url'), signature].join('.');
      const digest = createHash('sha256').update(text).digest('hex');
      await copy.tamper(
        `UPDATE trust_list SET jws = '${text}', payload = '${changed}' WHERE version = 1;
     UPDATE list_rules SET skew_s = 300, list_sha256 = unhex('${digest}') WHERE version = 1`,
      );
      const checks = await copy.audit();
      expect(checks.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail])).toEqual([
        ['every trust list is signed by the operator', 'trust list 1'],
        [RULES, 'rules of trust list 1'],
      ]);
    });

    test('without its first root no list is called signed', async () => {
      const copy = await books.copy();
      rmSync(join(copy.dataDir, 'keys', 'first-root.json'));
      const checks = await copy.audit();
      const signed = checks.find(
        ({ name }) => name === 'every trust list is signed by the operator',
      );
      expect(signed).toMatchObject({ ok: false, detail: expect.stringContaining('is missing') });
    });

    test('after everything old was cut every check still passes', async () => {
      const copy = await books.copy();
      const store = await copy.openStore();
      const retention = {
        trustLists: 1,
        refusedPaymentDays: 2,
        denyHistoryDays: 2,
        recoveryDays: 2,
      };
      const terms = { retention, nowMs: START_MS + 90 * 86_400_000 };
      for (const kind of CUT_KINDS) while (await store.cutOnce(kind, terms));
      await store.close();
      const checks = await copy.audit({ signatures: true });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.find(({ name }) => name === CUTS)?.detail).toMatch(
        /refusedPayment 3.*trustList [1-9]/,
      );
      const tampered = await copy.copy();
      await tampered.tamper(`UPDATE list_rules SET skew_s = 300 WHERE version = 1`);
      const again = await tampered.audit();
      expect(again.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([RULES]);
    });

    test('an invented top-up that is right in every table is found by the seal alone', async () => {
      const copy = await books.copy();
      await copy.tamper(placed(GIFT, kind));
      const checks = await copy.audit({ signatures: true });
      expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual([SEALED]);
    });

    test('books whose key is gone are not called sound', async () => {
      const copy = await books.copy();
      rmSync(join(copy.dataDir, 'keys', 'book.key'));
      const checks = await copy.audit();
      expect(checks.find(({ name }) => name === SEALED)?.ok).toBe(false);
    });

    test('a second answer is a finding about its gate, not a broken book', async () => {
      const liar = await kind.openTown();
      await liar.setFare('M1', 250);
      const gate = await liar.addGate('g1', 'M1');
      const rider = await liar.addRider();
      await rider.topUp(1_000);
      const id = 'a1'.repeat(16);
      await liar.get(
        '/v1/gates/g1/payments',
        gate.question(id, { code: await rider.onlineCode(), atMs: START_MS }),
      );
      const ask = gate.ask(id, START_MS);
      gate.answer(ask, { atMs: START_MS });
      gate.answer(ask, { atMs: START_MS });
      await liar.send(gate);
      await liar.settled();
      await liar.stop();
      const checks = await (await kind.booksOf(liar)).audit({ signatures: true });
      await liar.close();
      const wrong = checks.filter(({ ok }) => !ok);
      expect(wrong.map(({ name }) => name)).toEqual(['no gate says what cannot be']);
      expect(wrong[0]?.findings).toEqual([
        expect.stringMatching(/^g1: record \d+ answers an ask a second time$/),
      ]);
    });
  });
}
