/** Postings and denials, written as the changes say. */
import type { DenialChange, PostingChange } from '../../../core/changes.ts';
import type { SealedTransfer } from '../../../core/money/book-seal.ts';
import type { Connection } from '../connection.ts';
import type { SealRows } from '../seals.ts';

function prepare(db: Connection['db']) {
  return {
    openAccount: db.prepare(
      'INSERT INTO ledger_account VALUES (?, ?, 0, 0) ON CONFLICT DO NOTHING',
    ),
    addTransfer: db.prepare(
      `INSERT INTO transfer (id, debit, credit, amount_cents, code, happened_at_ms, recorded_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    addTotals: db.prepare(
      `UPDATE ledger_account SET debits_cents = debits_cents + ?, credits_cents = credits_cents + ?
       WHERE name = ?`,
    ),
    deny: db.prepare(
      'INSERT INTO denial (id, cause, note, since_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    lift: db.prepare(
      'UPDATE denial SET lifted_at_ms = ? WHERE id = ? AND cause = ? AND lifted_at_ms IS NULL',
    ),
    // What the next version of the deny list has to look at.
    markChanged: db.prepare('INSERT INTO deny_dirty VALUES (?) ON CONFLICT DO NOTHING'),
  };
}

export class MoneyRows {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #seals: SealRows;

  constructor({ db }: Connection, seals: SealRows) {
    this.#sql = prepare(db);
    this.#seals = seals;
  }

  write(change: PostingChange | DenialChange): void {
    switch (change.kind) {
      case 'post':
        this.#post(change);
        break;
      case 'openLedgerAccount':
        this.#sql.openAccount.run(change.name, change.ledgerKind);
        break;
      case 'deny':
        this.#sql.deny.run(change.id, change.cause, change.note, change.atMs);
        this.#sql.markChanged.run(change.id);
        break;
      case 'liftDenial':
        this.#sql.lift.run(change.atMs, change.id, change.cause);
        this.#sql.markChanged.run(change.id);
        break;
    }
  }

  #post({ transfers, totals, recordedAtMs }: Extract<PostingChange, { kind: 'post' }>): void {
    for (const { name, kind } of totals) this.#sql.openAccount.run(name, kind);
    const added = transfers.map((transfer): SealedTransfer => {
      const { id, debit, credit, amountCents, code, happenedAtMs } = transfer;
      const row = [id, debit, credit, amountCents, code, happenedAtMs, recordedAtMs] as const;
      const number = Number(this.#sql.addTransfer.run(...row).lastInsertRowid);
      return { number, id, debit, credit, amountCents, code, happenedAtMs, recordedAtMs };
    });
    this.#seals.transfers(added);
    for (const { name, debitsCents, creditsCents } of totals) {
      this.#sql.addTotals.run(debitsCents, creditsCents, name);
    }
  }
}
