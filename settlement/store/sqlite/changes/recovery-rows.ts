/** Recovery codes, ended passes and approvals, written as the changes say. */
import type { RecoveryChange } from '../../../core/access/recovery-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addCode: db.prepare(
      `INSERT INTO recovery_code (code_hash, quick_hash, account, kind, drawn_by, made_at_ms, expires_at_ms)
       VALUES (@codeHash, @quickHash, @account, @kind, @drawnBy, @madeAtMs, @expiresAtMs)`,
    ),
    endCode: db.prepare(
      'UPDATE recovery_code SET ended_at_ms = ?, used_serial = ? WHERE code_hash = ?',
    ),
    confirmCode: db.prepare(
      `UPDATE recovery_code
       SET expires_at_ms = NULL, replaced_at_ms = NULL, used_serial = coalesce(?, used_serial)
       WHERE code_hash = ?`,
    ),
    replaceCode: db.prepare(
      'UPDATE recovery_code SET replaced_at_ms = ?, expires_at_ms = ? WHERE code_hash = ?',
    ),
    disownCode: db.prepare(
      `UPDATE recovery_code SET disowned_at_ms = ?, replaced_at_ms = ?, expires_at_ms = ?
       WHERE code_hash = ?`,
    ),
    endPass: db.prepare(
      'UPDATE pass SET ended_at_ms = ?, ended_why = ? WHERE account = ? AND serial = ?',
    ),
    endSessions: db.prepare('DELETE FROM session WHERE account = ? AND serial = ?'),
    addApproval: db.prepare(
      `INSERT INTO approval (id, account, note, by_name, asked_at_ms, ends_at_ms)
       VALUES (@id, @account, @note, @by, @askedAtMs, @endsAtMs)`,
    ),
    setApproved: db.prepare('UPDATE approval SET approved_by = ?, approved_at_ms = ? WHERE id = ?'),
    useApproval: db.prepare('UPDATE approval SET used_at_ms = ? WHERE id = ?'),
  };
}

export class RecoveryRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: RecoveryChange): void {
    const sql = this.#sql;
    switch (change.kind) {
      case 'addRecoveryCode':
        sql.addCode.run(change.code);
        break;
      case 'endRecoveryCode':
        sql.endCode.run(change.atMs, change.usedSerial, change.codeHash);
        break;
      case 'confirmRecoveryCode':
        sql.confirmCode.run(change.usedSerial, change.codeHash);
        break;
      case 'replaceRecoveryCode':
        sql.replaceCode.run(change.atMs, change.expiresAtMs, change.codeHash);
        break;
      case 'disownRecoveryCode': {
        const { atMs, replacedAtMs, expiresAtMs, codeHash } = change;
        sql.disownCode.run(atMs, replacedAtMs, expiresAtMs, codeHash);
        break;
      }
      case 'endPass':
        sql.endPass.run(change.atMs, change.why, change.account, change.serial);
        break;
      case 'endSessions':
        sql.endSessions.run(change.account, change.serial);
        break;
      case 'addApproval':
        sql.addApproval.run({ id: change.id, ...change.approval });
        break;
      case 'setApproved':
        sql.setApproved.run(change.by, change.atMs, change.id);
        break;
      case 'useApproval':
        sql.useApproval.run(change.atMs, change.id);
        break;
    }
  }
}
