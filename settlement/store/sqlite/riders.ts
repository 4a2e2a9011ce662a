/** Riders on SQLite: accounts, passes, sessions, top-ups and what a rider may read about them. */
import { denyId } from '@stile/protocol/deny-list.ts';
import type Database from 'better-sqlite3';
import { receivableOf, walletOf } from '../../core/ledger.ts';
import { applyTopUp, debtCents } from '../../core/rider-money.ts';
import type {
  DeniedBy,
  NewRider,
  PassIssue,
  PassRow,
  RiderView,
  StatementItem,
  TopUpOutcome,
} from '../port.ts';
import type { Connection } from './connection.ts';
import type { Money } from './money.ts';

/** A wallet is for rides, not for savings. */
export const WALLET_CENTS_MAX = 100_000_000;

export class Riders {
  readonly #build: Connection['build'];
  readonly #all: Connection['all'];
  readonly #first: Connection['first'];
  readonly #run: Connection['run'];
  readonly #money: Money;
  readonly #statement: Database.Statement;
  readonly #denials: Database.Statement;

  constructor(connection: Connection, money: Money) {
    this.#build = connection.build;
    this.#all = connection.all;
    this.#first = connection.first;
    this.#run = connection.run;
    this.#money = money;
    this.#statement = connection.db.prepare(STATEMENT_SQL);
    this.#denials = connection.db.prepare(
      `SELECT cause, note FROM denial WHERE id IN (?, ?) AND lifted_at_ms IS NULL ORDER BY number`,
    );
  }

  findPass(account: string, serial: number): PassRow | undefined {
    return this.#first(
      this.#build
        .selectFrom('pass')
        .select(['account', 'serial', 'algorithm', 'public_key as publicKey'])
        .where('account', '=', account)
        .where('serial', '=', serial),
    );
  }

  addPassIssue(account: string, serial: number, issue: PassIssue): void {
    this.#run(
      this.#build.insertInto('pass_issue').values({
        account,
        serial,
        issuer: issue.issuer,
        key_id: issue.keyId,
        issued_at_s: issue.issuedAtS,
        expires_at_s: issue.expiresAtS,
      }),
    );
  }

  findDenials(issuer: number, account: string, serial: number): DeniedBy[] {
    const ids = [denyId(issuer, account, 0), denyId(issuer, account, serial)];
    return this.#denials.all(...ids) as DeniedBy[];
  }

  addRider(rider: NewRider): boolean {
    const { account, serial, algorithm, publicKey, nowMs } = rider;
    const taken = this.#first(
      this.#build.selectFrom('pass').select('serial').where('public_key', '=', publicKey),
    );
    if (taken !== undefined) return false;
    this.#run(this.#build.insertInto('account').values({ account, created_at_ms: nowMs }));
    const row = { account, serial, algorithm, public_key: publicKey, enrolled_at_ms: nowMs };
    this.#run(this.#build.insertInto('pass').values(row));
    this.addPassIssue(account, serial, rider);
    this.#money.openAccount(walletOf(account));
    this.#money.openAccount(receivableOf(account));
    return true;
  }

  openSession(tokenHash: string, { account, serial }: PassRow, expiresAtS: number): void {
    const row = { token_hash: tokenHash, account, serial, expires_at_s: expiresAtS };
    this.#run(this.#build.insertInto('session').values(row));
  }

  findSession(tokenHash: string, nowS: number) {
    return this.#first(
      this.#build
        .selectFrom('session')
        .select(['account', 'serial'])
        .where('token_hash', '=', tokenHash)
        .where('expires_at_s', '>', nowS),
    );
  }

  readRider(issuer: number, account: string): RiderView | undefined {
    const rows = this.#all(
      this.#build
        .selectFrom('pass')
        .innerJoin('pass_issue', (join) =>
          join
            .onRef('pass_issue.account', '=', 'pass.account')
            .onRef('pass_issue.serial', '=', 'pass.serial'),
        )
        .select(['pass.serial', 'algorithm', 'issued_at_s', 'expires_at_s'])
        .where('pass.account', '=', account)
        .orderBy('pass.serial')
        .orderBy('number'),
    );
    if (rows.length === 0) return undefined;
    const latest = new Map(rows.map((row) => [row.serial, row]));
    return {
      account,
      balanceCents: this.#money.walletCents(account),
      debtCents: this.#money.debtCents(account),
      denied: this.findDenials(issuer, account, 0),
      passes: [...latest.values()].map((row) => ({
        serial: row.serial,
        algorithm: row.algorithm,
        issuedAtS: row.issued_at_s,
        expiresAtS: row.expires_at_s,
        denied: this.findDenials(issuer, account, row.serial).length > 0,
      })),
    };
  }

  listStatement(account: string, after: string | null, limit: number): StatementItem[] {
    const [atMs, id] = after === null ? [Number.MAX_SAFE_INTEGER, ''] : splitCursor(after);
    const rows = this.#statement.all({ account, atMs, id, limit }) as (StatementItem & {
      id: string;
    })[];
    return rows.map(({ id: itemId, ...row }) => ({ ...row, cursor: `${row.atMs}.${itemId}` }));
  }

  topUp(
    issuer: number,
    account: string,
    key: string,
    amountCents: number,
    nowMs: number,
  ): TopUpOutcome {
    const earlier = this.#first(
      this.#build
        .selectFrom('top_up')
        .select('amount_cents')
        .where('account', '=', account)
        .where('key', '=', key),
    );
    const before = this.#money.readMoney(account);
    if (earlier !== undefined) {
      if (earlier.amount_cents !== amountCents) return { kind: 'conflict' };
      const balanceCents = before.walletCents;
      return { kind: 'repeated', balanceCents, debtCents: debtCents(before) };
    }
    if (before.walletCents + amountCents > WALLET_CENTS_MAX) return { kind: 'tooMuch' };
    const row = { account, key, amount_cents: amountCents, at_ms: nowMs };
    this.#run(this.#build.insertInto('top_up').values(row));
    const moved = applyTopUp(before, { id: `topUp:${account}:${key}`, amountCents });
    this.#money.post(
      moved.transfers.map((transfer) => ({ ...transfer, happenedAtMs: nowMs })),
      nowMs,
    );
    this.#money.savePaid(before, moved.owed, new Set(), nowMs);
    this.#money.followDebt(issuer, before, moved.after, nowMs);
    const { walletCents } = moved.after;
    return { kind: 'done', balanceCents: walletCents, debtCents: debtCents(moved.after) };
  }

  sweepExpired(nowMs: number): void {
    this.#run(
      this.#build.deleteFrom('session').where('expires_at_s', '<=', Math.floor(nowMs / 1000)),
    );
  }
}

/**
 * Rides, payments, refunds and top-ups in one list, the latest first; a page begins behind the cursor's
 * item. A fare that was paid by payment or online code is a ride like any other.
 */
const STATEMENT_SQL = `
  SELECT * FROM (
    SELECT 'ride' AS kind, 'TRANSIT_CODE' AS way, NULL AS payee, ridden_at_ms AS atMs,
           recorded_at_ms AS recordedAtMs, line, fare_cents AS amountCents, owed_cents AS owedCents,
           state, reason, use AS id
    FROM charge WHERE account = @account
    UNION ALL
    SELECT iif(line IS NULL, 'payment', 'ride'), way, name, at_ms, at_ms, line, amount_cents, 0, 'PAID',
           NULL, 'p' || id
    FROM payment LEFT JOIN merchant ON payee = 'merchant:' || merchant
    WHERE account = @account AND outcome = 'PAID'
    UNION ALL
    SELECT 'refund', way, name, payment_refund.at_ms, payment_refund.at_ms, line,
           payment_refund.amount_cents, 0, 'REFUNDED', why, 'r' || payment_refund.id
    FROM payment JOIN payment_refund ON payment = payment.id
      LEFT JOIN merchant ON payee = 'merchant:' || merchant
    WHERE account = @account AND outcome = 'PAID'
    UNION ALL
    SELECT 'topUp', NULL, NULL, at_ms, at_ms, NULL, amount_cents, 0, 'PAID_IN', NULL, 't' || number
    FROM top_up WHERE account = @account)
  WHERE atMs < @atMs OR (atMs = @atMs AND id > @id)
  ORDER BY atMs DESC, id LIMIT @limit`;

function splitCursor(cursor: string): [number, string] {
  const dot = cursor.indexOf('.');
  return [Number(cursor.slice(0, dot)), cursor.slice(dot + 1)];
}
