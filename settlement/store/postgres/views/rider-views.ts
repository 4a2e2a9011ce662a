/** What a rider reads on PostgreSQL: passes, money, denials, and one list of all that was paid. */

import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import type { StoredPass } from '../../../core/access/rider-changes.ts';
import type { DeniedBy } from '../../../core/lists/deny.ts';
import type { OpenTopUp } from '../../../core/money/top-up-inquiry.ts';
import type { PassOf } from '../../port.ts';
import type { RiderView, StatementItem } from '../../views.ts';
import type { DenialReader } from '../facts/denials.ts';
import type { Session } from '../session.ts';

const OPEN_TOP_UPS = `
  SELECT account, key, amount_cents AS "amountCents", begun_at_ms AS "begunAtMs" FROM top_up_intent
  WHERE state IN ('INTENT', 'UNKNOWN')`;
/** A byte of the pass. */
const ALLOWANCE_MAX = 0xff;

const PASS = `
  SELECT account, serial, algorithm, public_key AS "publicKey", ended_at_ms AS "endedAtMs" FROM pass
  WHERE account = $1 AND serial = $2`;
/** Of any account: the key says which. */
const PASS_OF_KEY = `
  SELECT pass.account, serial, algorithm, pass.public_key AS "publicKey", ended_at_ms AS "endedAtMs"
  FROM pass_key JOIN pass ON pass.account = pass_key.account AND pass.public_key = pass_key.public_key
  WHERE pass_key.public_key = $1`;
const SESSION = `
  SELECT account, serial, expires_at_s AS "expiresAtS" FROM session WHERE token_hash = $1`;

/** As the index `record_unpaid` says it. */
const UNPAID = `outcome IN ('PENDING', 'EXTRA_USE', 'STALE_CODE')`;

/** All of one instant: who owes is denied, and not denied who owes nothing. */
const RIDER = `
  SELECT account, enrolled_by AS "enrolledBy",
    (SELECT coalesce(sum(credits_cents - debits_cents), 0)::bigint FROM ledger_account
     WHERE name = 'wallet:' || account.account) AS "balanceCents",
    (SELECT coalesce(sum(debits_cents - credits_cents), 0)::bigint FROM ledger_account
     WHERE name = 'receivable:' || account.account) AS "debtCents",
    (SELECT count(*) FROM record WHERE use BETWEEN $2 AND $3 AND kind = 'tap' AND outcome = 'PENDING'
     AND ${UNPAID}) AS "pendingRides",
    -- At the gate itself it is a record that came twice, after a new epoch or from a copied card.
    (SELECT coalesce(json_agg("atMs"), '[]') FROM (
       SELECT record.received_at_ms AS "atMs"
       FROM record JOIN gate_epoch AS here ON here.id = record.epoch_id
         JOIN charge ON charge.use = record.use
         JOIN record AS first ON first.id = charge.record
         JOIN gate_epoch AS elsewhere ON elsewhere.id = first.epoch_id
       WHERE record.use BETWEEN $2 AND $3 AND record.outcome = 'EXTRA_USE'
         AND record.${UNPAID} AND elsewhere.gate <> here.gate
       UNION ALL
       SELECT max(received_at_ms) FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
       WHERE use BETWEEN $2 AND $3 AND kind = 'tap' AND outcome = 'STALE_CODE' AND ${UNPAID}
       GROUP BY use, gate
       ORDER BY "atMs" DESC LIMIT ${ALLOWANCE_MAX}) AS extra) AS "extraUsesAtMs",
    (SELECT coalesce(json_agg(json_build_object(
         'id', encode(id, 'hex'), 'cause', cause, 'note', note) ORDER BY number), '[]')
     FROM denial WHERE id BETWEEN $4 AND $5 AND lifted_at_ms IS NULL) AS denials,
    (SELECT coalesce(json_agg(json_build_object(
         'serial', pass.serial, 'algorithm', algorithm, 'issuedAtS', issued_at_s,
         'expiresAtS', expires_at_s, 'ended', ended_why, 'addedBy', added_by) ORDER BY pass.serial, number), '[]')
     FROM pass JOIN pass_issue
       ON pass_issue.account = pass.account AND pass_issue.serial = pass.serial
     WHERE pass.account = account.account) AS issues,
    (SELECT coalesce(json_agg(json_build_object(
         'serial', serial, 'expiresAtMs', expires_at_ms)
         ORDER BY created_at_ms, handle), '[]')
     FROM payment_seed
     WHERE payment_seed.account = account.account AND ended_at_ms IS NULL) AS seeds,
    (SELECT coalesce(json_agg(key_id ORDER BY key_id), '[]') FROM issuer_key
     WHERE issuer = $6 AND status = 'revoked') AS "revokedIssuerKeys",
    (SELECT made_at_ms FROM recovery_code
     WHERE recovery_code.account = account.account AND kind = 'RECOVERY' AND ended_at_ms IS NULL
       AND expires_at_ms IS NULL) AS "recoveryCodeMadeAtMs",
    (SELECT max(made_at_ms) FROM recovery_code
     WHERE recovery_code.account = account.account AND kind = 'RECOVERY' AND ended_at_ms IS NULL
       AND expires_at_ms IS NOT NULL AND replaced_at_ms IS NULL) AS "unconfirmedCodeMadeAtMs",
    (SELECT max(expires_at_ms) FROM recovery_code
     WHERE recovery_code.account = account.account AND ended_at_ms IS NULL
       AND replaced_at_ms IS NOT NULL AND disowned_at_ms IS NULL) AS "earlierCodeUntilMs"
  FROM account WHERE account = $1`;

/**
 * Rides, payments, refunds and top-ups in one list, the latest first; a page begins behind the cursor's
 * item. A fare that was paid by payment or online code is a ride like any other.
 */
const STATEMENT = `
  SELECT * FROM (
    SELECT 'ride' AS kind, 'TRANSIT_CODE' AS way, NULL::text AS payee, ridden_at_ms AS "atMs",
      (SELECT coalesce(ride_ms_source, 'GATE') FROM record WHERE id = charge.record) AS "timeSource",
      recorded_at_ms AS "recordedAtMs", line, fare_cents AS "amountCents", owed_cents AS "owedCents",
      state, reason, use AS id
    FROM charge WHERE account = $1
    UNION ALL
    SELECT CASE WHEN line IS NULL THEN 'payment' ELSE 'ride' END, way, name, at_ms, NULL, at_ms, line,
      amount_cents, 0, 'PAID', NULL, 'p' || id
    FROM payment LEFT JOIN merchant ON payee = 'merchant:' || merchant
    WHERE account = $1 AND outcome = 'PAID'
    UNION ALL
    SELECT 'refund', way, name, payment_refund.at_ms, NULL, payment_refund.at_ms, line,
      payment_refund.amount_cents, 0, 'REFUNDED', why, 'r' || payment || '-' || payment_refund.number
    FROM payment JOIN payment_refund ON payment = payment.id AND payment_refund.payee = payment.payee
      LEFT JOIN merchant ON payment.payee = 'merchant:' || merchant
    WHERE account = $1 AND outcome = 'PAID'
    UNION ALL
    SELECT 'topUp', NULL, NULL, at_ms, NULL, at_ms, NULL, amount_cents, 0, 'PAID_IN', NULL, 't' || number
    FROM top_up WHERE account = $1) AS item
  WHERE "atMs" < $2 OR ("atMs" = $2 AND id > $3)
  ORDER BY "atMs" DESC, id LIMIT $4`;

type Issue = Omit<RiderView['passes'][number], 'denied'>;
type RiderRow = Omit<RiderView, 'denied' | 'passes'> & {
  denials: readonly (DeniedBy & { id: string })[];
  issues: readonly Issue[];
};
type Item = Omit<StatementItem, 'cursor'> & { id: string };

export class RiderViews {
  readonly #session: Session;
  readonly #denials: DenialReader;

  constructor(session: Session, readers: { denials: DenialReader }) {
    this.#session = session;
    this.#denials = readers.denials;
  }

  async findPass({ account, serial }: PassOf): Promise<StoredPass | undefined> {
    return await this.#session.first<StoredPass>(PASS, [account, serial]);
  }

  async findPassOfKey(publicKey: string): Promise<StoredPass | undefined> {
    return await this.#session.first<StoredPass>(PASS_OF_KEY, [publicKey]);
  }

  async findDenials(issuer: number, of: PassOf): Promise<readonly DeniedBy[]> {
    return await this.#denials.read(issuer, of);
  }

  async findSession(tokenHash: string): Promise<(PassOf & { expiresAtS: number }) | undefined> {
    return await this.#session.first<PassOf & { expiresAtS: number }>(SESSION, [tokenHash]);
  }

  async readRider(issuer: number, account: string): Promise<RiderView | undefined> {
    // Names of uses begin so (core/logs/code-use.ts), and ':' comes behind every digit.
    const uses = [`${issuer}/${account}/`, `${issuer}/${account}/:`];
    const ids = [0, SERIAL_MAX].map((serial) => denyId({ issuer, account, serial }));
    const row = await this.#session.first<RiderRow>(RIDER, [account, ...uses, ...ids, issuer]);
    if (row === undefined || row.issues.length === 0) return undefined;
    const { denials, issues, ...rider } = row;
    const idOf = (serial: number) => toHex(denyId({ issuer, account, serial }));
    const ofAccount = denials.filter(({ id }) => id === idOf(0));
    const latest = new Map(issues.map((issue) => [issue.serial, issue]));
    return {
      ...rider,
      denied: ofAccount.map(({ cause, note }) => ({ cause, note })),
      passes: [...latest.values()].map((issue) => ({
        ...issue,
        denied: ofAccount.length > 0 || denials.some(({ id }) => id === idOf(issue.serial)),
      })),
    };
  }

  async listDueTopUps(of: {
    dueMs: number;
    dueBeyondMs: number;
    limit: number;
  }): Promise<OpenTopUp[]> {
    const due = `${OPEN_TOP_UPS} AND (due_at_ms <= $1 OR due_at_ms > $2) ORDER BY due_at_ms LIMIT $3`;
    return await this.#session.all<OpenTopUp>(due, [of.dueMs, of.dueBeyondMs, of.limit]);
  }

  async findOldestOpenTopUp(): Promise<(OpenTopUp & { open: number }) | undefined> {
    return await this.#session.first<OpenTopUp & { open: number }>(
      `SELECT *, count(*) OVER () AS open FROM (${OPEN_TOP_UPS}) AS waiting ORDER BY "begunAtMs" LIMIT 1`,
    );
  }

  async listStatement(
    account: string,
    { after, limit }: { after: string | null; limit: number },
  ): Promise<StatementItem[]> {
    const { atMs, id } = after === null ? FIRST_PAGE : splitCursor(after);
    const items = await this.#session.all<Item>(STATEMENT, [account, atMs, id, limit]);
    return items.map(({ id: name, ...item }) => ({ ...item, cursor: `${item.atMs}.${name}` }));
  }
}

/** Four bytes of a deny list's id. */
const SERIAL_MAX = 0xffffffff;
const FIRST_PAGE = { atMs: Number.MAX_SAFE_INTEGER, id: '' };

function splitCursor(cursor: string): { atMs: number; id: string } {
  const dot = cursor.indexOf('.');
  return { atMs: Number(cursor.slice(0, dot)), id: cursor.slice(dot + 1) };
}
