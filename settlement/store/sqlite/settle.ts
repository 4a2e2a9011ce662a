/**
 * Charges on SQLite: for each code use that a new record touches, all its taps and its charge are read,
 * core/charge.ts decides, and the difference is posted. Running it again on the same uses changes
 * nothing, so a job may be repeated from wherever a crash left it.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { DatedTransfer } from '../../core/changes.ts';
import {
  type Charge,
  type Claim,
  decideUse,
  type Outcome,
  statesOf,
  type UseDecision,
} from '../../core/charge.ts';
import { accountOfUse, readAskKey } from '../../core/code-use.ts';
import { debtDenial, paidCharges, postingOf } from '../../core/money-changes.ts';
import { applyCharges } from '../../core/rider-money.ts';
import { type ClockQuality, fareOfTap } from '../../core/tariff.ts';
import type { Asks } from './asks.ts';
import type { Connection } from './connection.ts';
import type { SqliteDatabase } from './database.ts';
import type { Lookups } from './lookups.ts';

type ClaimRow = {
  id: number;
  epochId: number;
  gate: string;
  epoch: string;
  seq: number;
  kind: 'tap' | 'void';
  atMs: number;
  clock: ClockQuality;
  line: string;
  ofSeq: number | null;
  outcome: Outcome | 'PENDING' | null;
};

type DatedChange = NonNullable<UseDecision['change']> & { record: number; riddenAtMs: number };

function prepare(db: Connection['db']) {
  return {
    claimRows: db.prepare(
      `SELECT record.id, epoch_id AS epochId, gate, epoch, seq, kind, at_ms AS atMs, clock,
            ride_line AS line, of_seq AS ofSeq, outcome
     FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE use = ?`,
    ),
    findCharge: db.prepare(
      `SELECT use, rev, record, line, fare_cents AS fareCents, state, ridden_at_ms AS riddenAtMs
     FROM charge WHERE use = ?`,
    ),
    saveOutcome: db.prepare('UPDATE record SET outcome = ? WHERE id = ?'),
    saveCharge: db.prepare(
      `INSERT INTO charge
       (use, account, rev, record, line, fare_cents, owed_cents, state, reason, ridden_at_ms,
        recorded_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (use) DO UPDATE SET rev = excluded.rev, record = excluded.record,
       line = excluded.line, fare_cents = excluded.fare_cents, owed_cents = excluded.owed_cents,
       state = excluded.state, reason = excluded.reason, ridden_at_ms = excluded.ridden_at_ms,
       recorded_at_ms = excluded.recorded_at_ms`,
    ),
  };
}

export class Settler {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #database: SqliteDatabase;
  readonly #lookups: Lookups;
  readonly #asks: Asks;

  constructor(connection: Connection, database: SqliteDatabase, lookups: Lookups, asks: Asks) {
    this.#sql = prepare(connection.db);
    this.#database = database;
    this.#lookups = lookups;
    this.#asks = asks;
  }

  #claimsOf(rows: readonly ClaimRow[]): Claim[] {
    const { postingsOf, tariffOf } = this.#lookups;
    const voids = new Set<string>();
    for (const { kind, epochId, ofSeq } of rows) {
      if (kind === 'void') voids.add(`${epochId}/${ofSeq}`);
    }
    return rows
      .filter(({ kind }) => kind === 'tap')
      .map((row) => ({
        record: row.id,
        gate: row.gate,
        epoch: row.epoch,
        seq: row.seq,
        atMs: row.atMs,
        line: row.line,
        fareCents: fareOfTap(row, {
          gateLines: postingsOf(row.gate),
          lineFares: tariffOf(row.line),
        }),
        voided: voids.has(`${row.epochId}/${row.seq}`),
      }));
  }

  /** Writes how each tap has ended and returns what has to change about the money. */
  #decide(use: string): DatedChange | null {
    const rows = this.#sql.claimRows.all(use) as ClaimRow[];
    const charge = this.#sql.findCharge.get(use) as (Charge & { riddenAtMs: number }) | undefined;
    const { outcomes, change } = decideUse(use, this.#claimsOf(rows), charge);
    for (const { id, outcome } of rows) {
      const next = outcomes.get(id);
      if (next !== undefined && next !== outcome) this.#sql.saveOutcome.run(next, id);
    }
    if (change === null) return null;
    const { carrier } = change;
    const record = carrier?.record ?? charge?.record;
    const riddenAtMs = carrier?.atMs ?? charge?.riddenAtMs;
    assert(record !== undefined && riddenAtMs !== undefined, 'a change has a tap or a charge');
    return { ...change, record, riddenAtMs };
  }

  #settleAccount(issuer: number, account: string, changes: DatedChange[], nowMs: number) {
    const before = this.#database.readers.money.read(account);
    const move = applyCharges(before, changes);
    const { after, transfers, owed } = move;
    for (const change of changes) {
      this.#saveChange(account, change, owed.get(change.use) ?? 0, nowMs);
    }
    const own = new Set(changes.map(({ use }) => use));
    this.#database.apply(paidCharges(before, move, { own, nowMs }));
    this.#database.apply(debtDenial(before, after, { issuer, nowMs }));
    const riddenAt = new Map(
      changes.map(({ use, rev, riddenAtMs }) => [`charge:${use}:${rev}`, riddenAtMs]),
    );
    return transfers.map((transfer): DatedTransfer => {
      const of = transfer.id.slice(0, transfer.id.lastIndexOf(':'));
      return { ...transfer, happenedAtMs: riddenAt.get(of) ?? nowMs };
    });
  }

  #saveChange(account: string, change: DatedChange, owedCents: number, nowMs: number): void {
    const { use, rev, record, riddenAtMs } = change;
    const line = change.after?.line ?? change.before?.line ?? '';
    const fareCents = change.after?.fareCents ?? 0;
    const states = statesOf(change, owedCents);
    const last = states.at(-1) ?? 'POSTED';
    const reason = change.reason ?? (owedCents > 0 ? 'WALLET_SHORT' : null);
    this.#sql.saveCharge.run(
      ...[use, account, rev, record, line, fareCents, owedCents, last, reason, riddenAtMs, nowMs],
    );
    const event = { use, rev, fareCents, owedCents, record, riddenAtMs };
    for (const state of states) {
      const full = { ...event, state, reason: state === last ? reason : null };
      this.#database.apply([{ kind: 'addChargeEvent', event: full, recordedAtMs: nowMs }]);
    }
  }

  /** Brings the charges of these uses to what their taps say; returns whose money moved. */
  settleUses(issuer: number, uses: Iterable<string>, nowMs: number): readonly string[] {
    const byAccount = new Map<string, DatedChange[]>();
    const others: string[] = [];
    for (const use of uses) {
      const ask = readAskKey(use);
      if (ask !== undefined) {
        const account = this.#asks.settle(issuer, use, ask, nowMs);
        if (account !== null) others.push(account);
        continue;
      }
      const change = this.#decide(use);
      if (change === null) continue;
      const account = accountOfUse(use);
      const changes = byAccount.get(account);
      if (changes === undefined) byAccount.set(account, [change]);
      else changes.push(change);
    }
    const transfers: DatedTransfer[] = [];
    for (const [account, changes] of byAccount) {
      transfers.push(...this.#settleAccount(issuer, account, changes, nowMs));
    }
    this.#database.apply(postingOf(transfers, nowMs));
    return [...byAccount.keys(), ...others];
  }
}
