/**
 * Charges on SQLite: for each code use that a new record touches, all its taps and its charge are read,
 * core/charge.ts decides, and the difference is posted. Running it again on the same uses changes
 * nothing, so a job may be repeated from wherever a crash left it.
 */
import {
  type Charge,
  type Claim,
  decideUse,
  type Outcome,
  statesOf,
  type UseDecision,
} from '../core/charge.ts';
import { accountOfUse } from '../core/code-use.ts';
import { applyCharges } from '../core/position.ts';
import { type ClockQuality, fareOfTap, type LinePosting } from '../core/tariff.ts';
import type { Connection } from './connection.ts';
import type { Lookups } from './sqlite-this.#lookups.ts';
import type { DatedTransfer, Money } from './sqlite-this.#money.ts';

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

type Change = NonNullable<UseDecision['change']>;

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
  readonly #money: Money;
  readonly #lookups: Lookups;

  constructor(connection: Connection, money: Money, lookups: Lookups) {
    this.#sql = prepare(connection.db);
    this.#money = money;
    this.#lookups = lookups;
  }

  claimsOf(
    rows: readonly ClaimRow[],
    postings: (gate: string) => readonly LinePosting[],
  ): Claim[] {
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
        fareCents: fareOfTap(row, postings(row.gate), this.#lookups.tariffOf(row.line)),
        voided: voids.has(`${row.epochId}/${row.seq}`),
      }));
  }

  decide(use: string): Change | null {
    const rows = this.#sql.claimRows.all(use) as ClaimRow[];
    const charge = this.#sql.findCharge.get(use) as (Charge & { riddenAtMs: number }) | undefined;
    const decision = decideUse(use, this.claimsOf(rows, this.#lookups.postingsOf), charge);
    for (const { id, outcome } of rows) {
      const next = decision.outcomes.get(id);
      if (next !== undefined && next !== outcome) this.#sql.saveOutcome.run(next, id);
    }
    return decision.change;
  }

  settleAccount(
    issuer: number,
    account: string,
    changes: readonly Change[],
    nowMs: number,
  ) {
    const before = this.#money.readPosition(account);
    const { position, transfers, owed } = applyCharges(before, changes);
    const own = new Set(changes.map(({ use }) => use));
    const riddenAt = new Map<string, number>();
    for (const change of changes) {
      const { use, rev } = change;
      const old = this.#sql.findCharge.get(use) as (Charge & { riddenAtMs: number }) | undefined;
      const riddenAtMs = change.carrier?.atMs ?? old?.riddenAtMs ?? nowMs;
      riddenAt.set(`charge:${use}:${rev}`, riddenAtMs);
      const record = change.carrier?.record ?? old?.record ?? 0;
      const line = change.after?.line ?? change.before?.line ?? '';
      const fareCents = change.after?.fareCents ?? 0;
      const owedCents = owed.get(use) ?? 0;
      const states = statesOf(change, owedCents);
      const last = states.at(-1) ?? 'POSTED';
      const reason = change.reason ?? (owedCents > 0 ? 'WALLET_SHORT' : null);
      this.#sql.saveCharge.run(
        ...[use, account, rev, record, line, fareCents, owedCents, last, reason, riddenAtMs, nowMs],
      );
      for (const state of states) {
        const why = state === last ? reason : null;
        this.#money.addEvent.run(
          ...[use, rev, state, fareCents, owedCents, record, why, riddenAtMs, nowMs],
        );
      }
    }
    this.#money.savePaid(before, owed, own, nowMs);
    this.#money.followDebt(issuer, before, position, nowMs);
    return transfers.map((transfer): DatedTransfer => {
      const of = transfer.id.slice(0, transfer.id.lastIndexOf(':'));
      return { ...transfer, happenedAtMs: riddenAt.get(of) ?? nowMs };
    });
  }

  /** Brings the charges of these uses to what their taps say; returns how many changed. */
  settleUses(issuer: number, uses: Iterable<string>, nowMs: number): number {
    const byAccount = new Map<string, Change[]>();
    let changed = 0;
    for (const use of uses) {
      const change = this.decide(use);
      if (change === null) continue;
      changed += 1;
      const account = accountOfUse(use);
      const changes = byAccount.get(account);
      if (changes === undefined) byAccount.set(account, [change]);
      else changes.push(change);
    }
    const transfers: DatedTransfer[] = [];
    for (const [account, changes] of byAccount) {
      transfers.push(...settleAccount(issuer, account, changes, nowMs));
    }
    this.#money.post(transfers, nowMs);
    return changed;
  }

}
