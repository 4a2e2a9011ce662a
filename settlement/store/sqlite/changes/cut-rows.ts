/** Rows that are kept for a time only, taken away as the changes say, and what is noted of them. */
import type { CutChange } from '../../../core/retention/cut-changes.ts';
import type { Connection } from '../connection.ts';
import type { SealRows } from '../seals.ts';

function prepare(db: Connection['db']) {
  return {
    cutTrustList: db.prepare('DELETE FROM trust_list WHERE version = ?'),
    keepKey: db.prepare('INSERT INTO refused_key (payee, key, reason, at_ms) VALUES (?, ?, ?, ?)'),
    cutPayment: db.prepare('DELETE FROM payment WHERE id = ?'),
    cutDenyVersion: db.prepare('DELETE FROM deny_version WHERE version = ?'),
    cutDenyEntry: db.prepare('DELETE FROM deny_entry WHERE id = unhex(?) AND added_in = ?'),
    cutDenial: db.prepare('DELETE FROM denial WHERE number = ?'),
    cutRecoveryCode: db.prepare('DELETE FROM recovery_code WHERE code_hash = ?'),
    cutApproval: db.prepare('DELETE FROM approval WHERE id = ?'),
    note: db.prepare(
      `INSERT INTO cut (kind, rows, link, seal) VALUES (?, ?, ?, ?)
       ON CONFLICT (kind) DO UPDATE SET rows = excluded.rows, link = excluded.link,
         seal = excluded.seal`,
    ),
  };
}

export class CutRows {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #seals: SealRows;

  constructor({ db }: Connection, seals: SealRows) {
    this.#sql = prepare(db);
    this.#seals = seals;
  }

  write(change: CutChange): void {
    switch (change.kind) {
      case 'cutTrustList':
        this.#sql.cutTrustList.run(change.version);
        break;
      case 'cutRefusedPayment': {
        const { id, payee, key, reason, atMs } = change;
        this.#sql.keepKey.run(payee, key, reason, atMs);
        this.#sql.cutPayment.run(id);
        break;
      }
      case 'cutDenyVersion':
        this.#sql.cutDenyVersion.run(change.version);
        break;
      case 'cutDenyEntry':
        this.#sql.cutDenyEntry.run(change.id, change.addedIn);
        break;
      case 'cutDenial':
        this.#sql.cutDenial.run(change.number);
        break;
      case 'cutRecoveryCode':
        this.#sql.cutRecoveryCode.run(change.codeHash);
        break;
      case 'cutApproval':
        this.#sql.cutApproval.run(change.id);
        break;
      case 'noteCut': {
        const { cut, total } = change;
        this.#sql.note.run(cut, total.rows, total.link, this.#seals.cut(cut, total));
        break;
      }
    }
  }
}
