/** What a rider reads: passes, money, denials, and one list of all that was paid. */

import type { StoredPass } from '../../../core/access/rider-changes.ts';
import type { DeniedBy } from '../../../core/lists/deny.ts';
import type { OpenTopUp } from '../../../core/money/top-up-inquiry.ts';
import type { PassOf } from '../../port.ts';
import type { RiderView, StatementItem } from '../../views.ts';
import type { Connection } from '../connection.ts';
import type { DenialReader } from '../facts/denials.ts';
import type { RiderMoneyReader } from '../facts/rider-money.ts';

const OPEN_TOP_UPS = `
  SELECT account, key, amount_cents AS amountCents, begun_at_ms AS begunAtMs FROM top_up_intent
  WHERE state IN ('INTENT', 'UNKNOWN')`;
/** A byte of the pass. */
const ALLOWANCE_MAX = 0xff;

/** As the index `record_unpaid` says it. */
const UNPAID = `outcome IN ('PENDING', 'EXTRA_USE', 'STALE_CODE')`;

const PASS = `
  SELECT account, serial, algorithm, public_key AS publicKey, ended_at_ms AS endedAtMs FROM pass`;

function prepare(db: Connection['db']) {
  return {
    pass: db.prepare(`${PASS} WHERE account = ? AND serial = ?`),
    passOfKey: db.prepare(`${PASS} WHERE public_key = ?`),
    account: db.prepare('SELECT enrolled_by FROM account WHERE account = ?').pluck(),
    session: db.prepare(
      `SELECT account, serial, expires_at_s AS expiresAtS FROM session WHERE token_hash = ?`,
    ),
    issues: db.prepare(
      `SELECT pass.serial, algorithm, issued_at_s AS issuedAtS, expires_at_s AS expiresAtS,
         ended_why AS ended, added_by AS addedBy
       FROM pass JOIN pass_issue
         ON pass_issue.account = pass.account AND pass_issue.serial = pass.serial
       WHERE pass.account = ? ORDER BY pass.serial, number`,
    ),
    seeds: db.prepare(
      `SELECT serial, expires_at_ms AS expiresAtMs FROM payment_seed
       WHERE account = ? AND ended_at_ms IS NULL ORDER BY created_at_ms, handle`,
    ),
    revokedKeys: db
      .prepare(
        `SELECT key_id FROM issuer_key WHERE issuer = ? AND status = 'revoked' ORDER BY key_id`,
      )
      .pluck(),
    recoveryCode: db
      .prepare(
        `SELECT made_at_ms FROM recovery_code
         WHERE account = ? AND kind = 'RECOVERY' AND ended_at_ms IS NULL AND expires_at_ms IS NULL`,
      )
      .pluck(),
    unconfirmedCode: db
      .prepare(
        `SELECT max(made_at_ms) FROM recovery_code WHERE account = ? AND kind = 'RECOVERY'
           AND ended_at_ms IS NULL AND expires_at_ms IS NOT NULL AND replaced_at_ms IS NULL`,
      )
      .pluck(),
    earlierCode: db
      .prepare(
        `SELECT max(expires_at_ms) FROM recovery_code WHERE account = ? AND ended_at_ms IS NULL
           AND replaced_at_ms IS NOT NULL AND disowned_at_ms IS NULL`,
      )
      .pluck(),
    statement: db.prepare(STATEMENT_SQL),
    dueTopUps: db.prepare(
      `${OPEN_TOP_UPS} AND (due_at_ms <= @dueMs OR due_at_ms > @dueBeyondMs)
       ORDER BY due_at_ms LIMIT @limit`,
    ),
    oldestTopUp: db.prepare(
      `SELECT *, count(*) OVER () AS open FROM (${OPEN_TOP_UPS}) ORDER BY begunAtMs LIMIT 1`,
    ),
    pendingRides: db
      .prepare(
        `SELECT count(*) FROM record WHERE use BETWEEN @first AND @last AND kind = 'tap'
           AND outcome = 'PENDING' AND ${UNPAID}`,
      )
      .pluck(),
    extraUses: db
      .prepare(
        // At the gate itself it is a record that came twice, after a new epoch or from a copied card.
        `SELECT record.received_at_ms AS atMs FROM record JOIN gate_epoch AS here ON here.id = record.epoch_id
           JOIN charge ON charge.use = record.use
           JOIN record AS first ON first.id = charge.record JOIN gate_epoch AS elsewhere ON elsewhere.id = first.epoch_id
         WHERE record.use BETWEEN @first AND @last AND record.outcome = 'EXTRA_USE'
           AND record.${UNPAID} AND elsewhere.gate <> here.gate
         UNION ALL
         SELECT max(received_at_ms) FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
         WHERE use BETWEEN @first AND @last AND kind = 'tap' AND outcome = 'STALE_CODE' AND ${UNPAID}
         GROUP BY use, gate
         ORDER BY atMs DESC LIMIT @limit`,
      )
      .pluck(),
  };
}

type Issue = Omit<RiderView['passes'][number], 'denied'>;
type Item = Omit<StatementItem, 'cursor'> & { id: string };

export class RiderViews {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #money: RiderMoneyReader;
  readonly #denials: DenialReader;

  constructor({ db }: Connection, readers: { money: RiderMoneyReader; denials: DenialReader }) {
    this.#sql = prepare(db);
    this.#money = readers.money;
    this.#denials = readers.denials;
  }

  findPass({ account, serial }: PassOf): StoredPass | undefined {
    return this.#sql.pass.get(account, serial) as StoredPass | undefined;
  }

  findPassOfKey(publicKey: string): StoredPass | undefined {
    return this.#sql.passOfKey.get(publicKey) as StoredPass | undefined;
  }

  findDenials(issuer: number, of: PassOf): DeniedBy[] {
    return this.#denials.read(issuer, of);
  }

  findSession(tokenHash: string): (PassOf & { expiresAtS: number }) | undefined {
    return this.#sql.session.get(tokenHash) as (PassOf & { expiresAtS: number }) | undefined;
  }

  readRider(issuer: number, account: string): RiderView | undefined {
    const issues = this.#sql.issues.all(account) as Issue[];
    if (issues.length === 0) return undefined;
    const latest = new Map(issues.map((issue) => [issue.serial, issue]));
    // Names of uses begin so (core/logs/code-use.ts), and ':' comes behind every digit.
    const uses = { first: `${issuer}/${account}/`, last: `${issuer}/${account}/:` };
    return {
      account,
      enrolledBy: this.#sql.account.get(account) as RiderView['enrolledBy'],
      balanceCents: this.#money.walletCents(account),
      debtCents: this.#money.debtCents(account),
      pendingRides: this.#sql.pendingRides.get(uses) as number,
      extraUsesAtMs: this.#sql.extraUses.all({ ...uses, limit: ALLOWANCE_MAX }) as number[],
      denied: this.#denials.read(issuer, { account, serial: 0 }),
      passes: [...latest.values()].map((issue) => ({
        ...issue,
        denied: this.#denials.read(issuer, { account, serial: issue.serial }).length > 0,
      })),
      seeds: this.#sql.seeds.all(account) as RiderView['seeds'],
      revokedIssuerKeys: this.#sql.revokedKeys.all(issuer) as number[],
      recoveryCodeMadeAtMs: (this.#sql.recoveryCode.get(account) as number | undefined) ?? null,
      unconfirmedCodeMadeAtMs: this.#sql.unconfirmedCode.get(account) as number | null,
      earlierCodeUntilMs: this.#sql.earlierCode.get(account) as number | null,
    };
  }

  listDueTopUps(of: { dueMs: number; dueBeyondMs: number; limit: number }): OpenTopUp[] {
    return this.#sql.dueTopUps.all(of) as OpenTopUp[];
  }

  findOldestOpenTopUp(): (OpenTopUp & { open: number }) | undefined {
    return this.#sql.oldestTopUp.get() as (OpenTopUp & { open: number }) | undefined;
  }

  listStatement(
    account: string,
    { after, limit }: { after: string | null; limit: number },
  ): StatementItem[] {
    const behind = after === null ? FIRST_PAGE : splitCursor(after);
    const items = this.#sql.statement.all({ account, limit, ...behind }) as Item[];
    return items.map(({ id, ...item }) => ({ ...item, cursor: `${item.atMs}.${id}` }));
  }
}

const FIRST_PAGE = { atMs: Number.MAX_SAFE_INTEGER, id: '' };

/**
 * Rides, payments, refunds and top-ups in one list, the latest first; a page begins behind the cursor's
 * item. A fare that was paid by payment or online code is a ride like any other.
 */
const STATEMENT_SQL = `
  SELECT * FROM (
    SELECT 'ride' AS kind, 'TRANSIT_CODE' AS way, NULL AS payee, ridden_at_ms AS atMs,
           (SELECT coalesce(ride_ms_source, 'GATE') FROM record WHERE id = charge.record) AS timeSource,
           recorded_at_ms AS recordedAtMs, line, fare_cents AS amountCents, owed_cents AS owedCents,
           state, reason, use AS id
    FROM charge WHERE account = @account
    UNION ALL
    SELECT iif(line IS NULL, 'payment', 'ride'), way, name, at_ms, NULL, at_ms, line, amount_cents, 0, 'PAID',
           NULL, 'p' || id
    FROM payment LEFT JOIN merchant ON payee = 'merchant:' || merchant
    WHERE account = @account AND outcome = 'PAID'
    UNION ALL
    SELECT 'refund', way, name, payment_refund.at_ms, NULL,
           payment_refund.at_ms, line,
           payment_refund.amount_cents, 0, 'REFUNDED', why, 'r' || payment.id || '-' || payment_refund.id
    FROM payment JOIN payment_refund ON payment = payment.id
      LEFT JOIN merchant ON payee = 'merchant:' || merchant
    WHERE account = @account AND outcome = 'PAID'
    UNION ALL
    SELECT 'topUp', NULL, NULL, at_ms, NULL, at_ms, NULL, amount_cents, 0, 'PAID_IN', NULL, 't' || number
    FROM top_up WHERE account = @account)
  WHERE atMs < @atMs OR (atMs = @atMs AND id > @id)
  ORDER BY atMs DESC, id LIMIT @limit`;

function splitCursor(cursor: string): { atMs: number; id: string } {
  const dot = cursor.indexOf('.');
  return { atMs: Number(cursor.slice(0, dot)), id: cursor.slice(dot + 1) };
}
