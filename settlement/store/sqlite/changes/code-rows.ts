/** Seeds, spent time steps, online codes and wrong codes, written as the changes say. */
import type { CodeChange } from '../../../core/payments/payment-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addFailure: db.prepare('INSERT INTO payee_failure (payee, way, at_ms) VALUES (?, ?, ?)'),
    setFailures: db.prepare('UPDATE payment_seed SET failures = ? WHERE handle = ?'),
    setPaid: db.prepare('UPDATE payment_seed SET paid_cents = ? WHERE handle = ?'),
    spend: db.prepare('INSERT INTO spent_step VALUES (?, ?)'),
    addSeed: db.prepare(
      `INSERT INTO payment_seed (handle, account, serial, key_id, sealed, created_at_ms, expires_at_ms,
         failures, paid_cents)
       VALUES (@handle, @account, @serial, @keyId, @sealed, @nowMs, @expiresAtMs, 0, 0)`,
    ),
    confirm: db.prepare('UPDATE payment_seed SET confirmed_at_ms = ? WHERE handle = ?'),
    end: db.prepare(`UPDATE payment_seed SET ended_at_ms = ?, sealed = x'' WHERE handle = ?`),
    endOfKey: db.prepare(
      `UPDATE payment_seed SET ended_at_ms = ?, sealed = x'' WHERE key_id = ? AND ended_at_ms IS NULL`,
    ),
    addOnlineCode: db.prepare(
      `INSERT INTO online_code (code_hash, account, serial, expires_at_ms, state, bound_cents)
       VALUES (@codeHash, @account, @serial, @expiresAtMs, 'live', @boundCents)`,
    ),
    setOnlineCode: db.prepare('UPDATE online_code SET state = ? WHERE code_hash = ?'),
  };
}

export class CodeRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: CodeChange): void {
    switch (change.kind) {
      case 'addCodeFailure':
        this.#sql.addFailure.run(change.payee, change.way, change.atMs);
        break;
      case 'setHandleFailures':
        this.#sql.setFailures.run(change.failures, change.handle);
        break;
      case 'setHandlePaid':
        this.#sql.setPaid.run(change.paidCents, change.handle);
        break;
      case 'spendTimeStep':
        this.#sql.spend.run(change.handle, change.timeStep);
        break;
      case 'addSeed':
        this.#sql.addSeed.run(change.seed);
        break;
      case 'confirmSeed':
        this.#sql.confirm.run(change.atMs, change.handle);
        break;
      case 'endSeed':
        this.#sql.end.run(change.atMs, change.handle);
        break;
      case 'endSeedsOfKey':
        this.#sql.endOfKey.run(change.atMs, change.keyId);
        break;
      case 'addOnlineCode': {
        const { kind, ...code } = change;
        this.#sql.addOnlineCode.run(code);
        break;
      }
      case 'setOnlineCodeState':
        this.#sql.setOnlineCode.run(change.state, change.codeHash);
        break;
    }
  }
}
