/**
 * Codes that settlement judges, on SQLite: sealed seeds under blind handles, spent steps, hashes of
 * one-time codes, and who has sent how many wrong ones. It looks codes up and spends them; whether that
 * pays anything is sqlite-payments.ts's. Every function runs inside its caller's transaction.
 */
import { paymentStep } from '@stile/protocol/payment-code.ts';
import type { CodeState, PaymentLimits } from '../../core/payment-rules.ts';
import type { NewSeed, Presented, SeedRow } from '../payment-port.ts';
import type { Connection } from './connection.ts';

/** An expired code is known for so long, so that it can be called expired or used. */
const ONLINE_CODE_KEPT_MS = 3_600_000;
/** Steps further back than this can match no more; a spent one need not be kept. */
const STEPS_KEPT = 60;
const FAILURES_KEPT_MS = 3_600_000;
/** Rows that one sweep takes away of each kind, a few milliseconds; the next sweep takes more. */
const SWEEP_ROWS_MAX = 1_000;

/** Whose code it was, once it is good. */
export type Payer = {
  account: string;
  serial: number;
  handle: string | null;
  /** Paid with this handle so far. */
  handleCents: number;
};
export type Judged = { state: CodeState; payer: Payer | null };

type SeedFacts = SeedRow & {
  expiresAtMs: number;
  confirmedAtMs: number | null;
  endedAtMs: number | null;
  failures: number;
  paidCents: number;
};

const SEED = `handle, account, serial, key_id AS keyId, sealed, expires_at_ms AS expiresAtMs,
  confirmed_at_ms AS confirmedAtMs, ended_at_ms AS endedAtMs, failures, paid_cents AS paidCents`;
const LIVE = 'ended_at_ms IS NULL AND expires_at_ms >= ?';

function prepare(db: Connection['db']) {
  const old = (table: string, key: string, where: string) =>
    db.prepare(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${where} LIMIT ${SWEEP_ROWS_MAX})`,
    );
  return {
    find: db.prepare(`SELECT ${SEED} FROM payment_seed WHERE handle = ?`),
    add: db.prepare(
      `INSERT INTO payment_seed (handle, account, serial, key_id, sealed, created_at_ms, expires_at_ms,
         failures, paid_cents) VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
    ),
    // What is ended is emptied: nothing needs its secret any more.
    endUnconfirmed: db.prepare(
      `UPDATE payment_seed SET ended_at_ms = ?, sealed = x'' WHERE account = ? AND serial = ?
         AND confirmed_at_ms IS NULL AND ended_at_ms IS NULL AND handle <> ?`,
    ),
    endOthers: db.prepare(
      `UPDATE payment_seed SET ended_at_ms = ?, sealed = x'' WHERE account = ? AND serial = ?
         AND ended_at_ms IS NULL AND handle <> ?`,
    ),
    confirm: db.prepare('UPDATE payment_seed SET confirmed_at_ms = ? WHERE handle = ?'),
    revoke: db.prepare(
      `UPDATE payment_seed SET ended_at_ms = ?, sealed = x'' WHERE account = ?
         AND (? IS NULL OR serial = ?) AND ended_at_ms IS NULL`,
    ),
    fail: db.prepare(
      `UPDATE payment_seed SET failures = failures + 1,
         ended_at_ms = iif(failures + 1 >= ?, ?, ended_at_ms),
         sealed = iif(failures + 1 >= ?, x'', sealed) WHERE handle = ?`,
    ),
    paid: db.prepare('UPDATE payment_seed SET paid_cents = paid_cents + ? WHERE handle = ?'),
    spend: db.prepare('INSERT INTO spent_step VALUES (?, ?) ON CONFLICT DO NOTHING'),
    addFailure: db.prepare('INSERT INTO payee_failure (payee, at_ms) VALUES (?, ?)'),
    failures: db
      .prepare('SELECT count(*) FROM payee_failure WHERE payee = ? AND at_ms > ?')
      .pluck(),
    addCode: db.prepare(`INSERT INTO online_code VALUES (?, ?, ?, ?, 'live')`),
    endCodes: db.prepare(
      `UPDATE online_code SET state = 'ended' WHERE account = ? AND serial = ? AND state = 'live'`,
    ),
    findCode: db.prepare(
      `SELECT account, serial, expires_at_ms AS expiresAtMs, state FROM online_code
       WHERE code_hash = ?`,
    ),
    useCode: db.prepare(`UPDATE online_code SET state = 'used' WHERE code_hash = ?`),
    sweepSteps: db.prepare(
      `DELETE FROM spent_step WHERE (handle, step) IN
         (SELECT handle, step FROM spent_step WHERE step < ? LIMIT ${SWEEP_ROWS_MAX})`,
    ),
    sweepCodes: old('online_code', 'code_hash', 'expires_at_ms < ?'),
    sweepFailures: old('payee_failure', 'number', 'at_ms < ?'),
    sweepSeeds: old('payment_seed', 'handle', 'expires_at_ms < ?'),
    live: db.prepare(`SELECT ${SEED} FROM payment_seed WHERE handle = ? AND ${LIVE}`),
  };
}

export class Seeds {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  add(seed: NewSeed): boolean {
    const { handle, account, serial, keyId, sealed, nowMs, expiresAtMs } = seed;
    const row = [handle, account, serial, keyId, sealed, nowMs, expiresAtMs];
    if (this.#sql.add.run(...row).changes === 0) return false;
    this.#sql.endUnconfirmed.run(nowMs, account, serial, handle);
    return true;
  }

  confirm(account: string, serial: number, handle: string, nowMs: number): boolean {
    const seed = this.#sql.live.get(handle, nowMs) as SeedFacts | undefined;
    if (seed?.account !== account || seed.serial !== serial) return false;
    this.#confirm(seed, nowMs);
    return true;
  }

  #confirm({ handle, account, serial, confirmedAtMs }: SeedFacts, nowMs: number): void {
    if (confirmedAtMs !== null) return;
    this.#sql.confirm.run(nowMs, handle);
    this.#sql.endOthers.run(nowMs, account, serial, handle);
  }

  revoke(account: string, serial: number | null, nowMs: number): number {
    return this.#sql.revoke.run(nowMs, account, serial, serial).changes;
  }

  find(handle: string, nowMs: number): SeedRow | undefined {
    const seed = this.#sql.live.get(handle, nowMs) as SeedFacts | undefined;
    if (seed === undefined) return undefined;
    const { account, serial, keyId, sealed } = seed;
    return { handle, account, serial, keyId, sealed };
  }

  addOnlineCode(code: {
    codeHash: string;
    account: string;
    serial: number;
    expiresAtMs: number;
  }): void {
    this.#sql.endCodes.run(code.account, code.serial);
    this.#sql.addCode.run(code.codeHash, code.account, code.serial, code.expiresAtMs);
  }

  /** Wrong codes that a payee has sent within the last hour. */
  failuresOf(payee: string, nowMs: number): number {
    return this.#sql.failures.get(payee, nowMs - FAILURES_KEPT_MS) as number;
  }

  addFailure(payee: string, nowMs: number): void {
    this.#sql.addFailure.run(payee, nowMs);
  }

  addPaid(handle: string, amountCents: number): void {
    this.#sql.paid.run(amountCents, handle);
  }

  /** Judges a code and spends it, whatever then comes of it; a wrong password counts. */
  present(presented: Presented, limits: PaymentLimits, nowMs: number): Judged {
    if (presented.way === 'ONLINE_CODE') return this.#presentOnline(presented.codeHash, nowMs);
    const { handle, step } = presented;
    const seed = this.#sql.find.get(handle) as SeedFacts | undefined;
    if (seed === undefined) return { state: 'unknown', payer: null };
    if (seed.failures >= limits.handleFailuresMax) return { state: 'locked', payer: null };
    if (seed.endedAtMs !== null || seed.expiresAtMs < nowMs) {
      return { state: 'unknown', payer: null };
    }
    if (step === null) {
      const { handleFailuresMax } = limits;
      this.#sql.fail.run(handleFailuresMax, nowMs, handleFailuresMax, handle);
      return { state: 'unknown', payer: null };
    }
    if (this.#sql.spend.run(handle, step).changes === 0) return { state: 'used', payer: null };
    this.#confirm(seed, nowMs);
    const { account, serial, paidCents } = seed;
    return { state: 'good', payer: { account, serial, handle, handleCents: paidCents } };
  }

  #presentOnline(codeHash: string, nowMs: number): Judged {
    type Row = { account: string; serial: number; expiresAtMs: number; state: string };
    const code = this.#sql.findCode.get(codeHash) as Row | undefined;
    if (code === undefined) return { state: 'unknown', payer: null };
    if (code.state === 'used') return { state: 'used', payer: null };
    if (code.state === 'ended' || code.expiresAtMs < nowMs) {
      return { state: 'expired', payer: null };
    }
    this.#sql.useCode.run(codeHash);
    const { account, serial } = code;
    return { state: 'good', payer: { account, serial, handle: null, handleCents: 0 } };
  }

  sweepExpired(nowMs: number): void {
    this.#sql.sweepSteps.run(paymentStep(nowMs / 1000) - STEPS_KEPT);
    this.#sql.sweepCodes.run(nowMs - ONLINE_CODE_KEPT_MS);
    this.#sql.sweepFailures.run(nowMs - FAILURES_KEPT_MS);
    this.#sql.sweepSeeds.run(nowMs);
  }
}
