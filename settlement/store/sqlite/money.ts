/**
 * Money on SQLite: reads a rider's position, posts transfers with netted balance updates, and keeps
 * the denial for debt in step with what is owed. Every function runs inside its caller's transaction.
 */
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { ChargeState } from '../../core/charge.ts';
import { kindOf, netTotals, receivableOf, type Transfer, walletOf } from '../../core/ledger.ts';
import type { RiderMoney } from '../../core/rider-money.ts';
import type { Connection } from './connection.ts';

export type ChargeEvent = {
  use: string;
  rev: number;
  state: ChargeState;
  fareCents: number;
  owedCents: number;
  record: number;
  reason: string | null;
  riddenAtMs: number;
};
export type DatedTransfer = Transfer & { happenedAtMs: number };

function prepare(db: Connection['db']) {
  return {
    balance: db.prepare(
      'SELECT debits_cents AS debits, credits_cents AS credits FROM ledger_account WHERE name = ?',
    ),
    owing: db.prepare(
      `SELECT use, owed_cents AS owedCents FROM charge
     WHERE account = ? AND owed_cents > 0 ORDER BY ridden_at_ms, use`,
    ),
    openAccount: db.prepare(
      `INSERT INTO ledger_account VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING`,
    ),
    addTotals: db.prepare(
      `UPDATE ledger_account SET debits_cents = debits_cents + ?, credits_cents = credits_cents + ?
     WHERE name = ?`,
    ),
    addTransfer: db.prepare(
      `INSERT INTO transfer (id, debit, credit, amount_cents, code, happened_at_ms, recorded_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    pay: db.prepare(
      `UPDATE charge SET owed_cents = ?, state = iif(? = 0, 'RECOVERED', state) WHERE use = ?
     RETURNING use, rev, state, fare_cents AS fareCents, record, ridden_at_ms AS riddenAtMs`,
    ),
    addEvent: db.prepare(
      `INSERT INTO charge_event
       (use, rev, state, fare_cents, owed_cents, record, reason, ridden_at_ms, recorded_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    deny: db.prepare(
      `INSERT INTO denial (id, cause, note, since_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    lift: db.prepare(
      'UPDATE denial SET lifted_at_ms = ? WHERE id = ? AND cause = ? AND lifted_at_ms IS NULL',
    ),
    soil: db.prepare('INSERT INTO deny_dirty VALUES (?) ON CONFLICT DO NOTHING'),
    request: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
     VALUES ('publish', 0, 1, '', 0, ?)
     ON CONFLICT (kind) WHERE kind = 'publish' DO UPDATE SET until = until + 1`,
    ),
  };
}

export class Money {
  readonly #sql: ReturnType<typeof prepare>;

  constructor(connection: Connection) {
    this.#sql = prepare(connection.db);
  }

  #readTotals(name: string): { debits: number; credits: number } {
    const row = this.#sql.balance.get(name) as { debits: number; credits: number } | undefined;
    return row ?? { debits: 0, credits: 0 };
  }

  walletCents(account: string): number {
    const { debits, credits } = this.#readTotals(walletOf(account));
    return credits - debits;
  }

  debtCents(account: string): number {
    const { debits, credits } = this.#readTotals(receivableOf(account));
    return debits - credits;
  }

  requestPublish(nowMs: number): void {
    this.#sql.request.run(nowMs);
  }

  setDenied(id: Uint8Array, cause: 'DEBT' | 'OPERATOR', note: string, nowMs: number) {
    if (this.#sql.deny.run(id, cause, note, nowMs).changes === 0) return false;
    this.#sql.soil.run(id);
    this.requestPublish(nowMs);
    return true;
  }

  liftDenied(id: Uint8Array, cause: 'DEBT' | 'OPERATOR', nowMs: number) {
    if (this.#sql.lift.run(nowMs, id, cause).changes === 0) return false;
    this.#sql.soil.run(id);
    this.requestPublish(nowMs);
    return true;
  }

  openAccount(name: string): void {
    this.#sql.openAccount.run(name, kindOf(name));
  }

  readMoney(account: string): RiderMoney {
    const isOwing = this.debtCents(account) > 0;
    return {
      account,
      walletCents: this.walletCents(account),
      owing: isOwing ? (this.#sql.owing.all(account) as { use: string; owedCents: number }[]) : [],
    };
  }

  post(transfers: readonly DatedTransfer[], nowMs: number): void {
    const net = netTotals(transfers);
    for (const name of net.keys()) this.#sql.openAccount.run(name, kindOf(name));
    for (const { id, debit, credit, amountCents, code, happenedAtMs } of transfers) {
      this.#sql.addTransfer.run(id, debit, credit, amountCents, code, happenedAtMs, nowMs);
    }
    for (const [name, { debitsCents, creditsCents }] of net) {
      this.#sql.addTotals.run(debitsCents, creditsCents, name);
    }
  }

  addEvent(event: ChargeEvent, nowMs: number): void {
    const { use, rev, state, fareCents, owedCents, record, reason, riddenAtMs } = event;
    this.#sql.addEvent.run(
      ...[use, rev, state, fareCents, owedCents, record, reason, riddenAtMs, nowMs],
    );
  }

  /** Other charges of the account that were paid on the way. */
  savePaid(
    before: RiderMoney,
    owed: ReadonlyMap<string, number>,
    skip: Set<string>,
    nowMs: number,
  ) {
    for (const { use, owedCents } of before.owing) {
      const left = owed.get(use);
      if (left === undefined || left === owedCents || skip.has(use)) continue;
      const row = this.#sql.pay.get(left, left, use) as ChargeEvent | undefined;
      assert(row !== undefined, 'what is owed belongs to a charge');
      if (left === 0) this.addEvent({ ...row, owedCents: left, reason: null }, nowMs);
    }
  }

  /** Debt puts the account onto the deny list; none takes it off, unless a person denied it. */
  followDebt(issuer: number, before: RiderMoney, after: RiderMoney, nowMs: number): void {
    const isOwing = after.owing.length > 0;
    if (isOwing === before.owing.length > 0) return;
    const id = denyId(issuer, after.account, 0);
    if (isOwing) this.setDenied(id, 'DEBT', 'a fare is owed', nowMs);
    else this.liftDenied(id, 'DEBT', nowMs);
  }
}
