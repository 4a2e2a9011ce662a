/** Recovery codes, ended passes and approvals, written as the changes say. */
import type { RecoveryChange } from '../../../core/access/recovery-changes.ts';
import type { WriteSession } from '../session.ts';

const ADD_CODE = `INSERT INTO recovery_code (code_hash, quick_hash, account, kind, drawn_by, made_at_ms,
    expires_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const END_CODE = `UPDATE recovery_code SET ended_at_ms = $1, used_serial = $2 WHERE code_hash = $3`;
const CONFIRM_CODE = `UPDATE recovery_code
  SET expires_at_ms = NULL, replaced_at_ms = NULL, used_serial = coalesce($1, used_serial)
  WHERE code_hash = $2`;
const REPLACE_CODE = `UPDATE recovery_code SET replaced_at_ms = $1, expires_at_ms = $2
  WHERE code_hash = $3`;
const DISOWN_CODE = `UPDATE recovery_code
  SET disowned_at_ms = $1, replaced_at_ms = $2, expires_at_ms = $3 WHERE code_hash = $4`;
const END_PASS = `UPDATE pass SET ended_at_ms = $1, ended_why = $2 WHERE account = $3 AND serial = $4`;
const END_SESSIONS = 'DELETE FROM session WHERE account = $1 AND serial = $2';
const ADD_APPROVAL = `INSERT INTO approval (id, account, note, by_name, asked_at_ms, ends_at_ms)
  VALUES ($1, $2, $3, $4, $5, $6)`;
const SET_APPROVED = 'UPDATE approval SET approved_by = $1, approved_at_ms = $2 WHERE id = $3';
const USE_APPROVAL = 'UPDATE approval SET used_at_ms = $1 WHERE id = $2';

export class RecoveryRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async write(change: RecoveryChange): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'addRecoveryCode': {
        const { codeHash, quickHash, account, kind, drawnBy, madeAtMs, expiresAtMs } = change.code;
        const of = [codeHash, quickHash, account, kind, drawnBy, madeAtMs, expiresAtMs];
        await run(ADD_CODE, of);
        break;
      }
      case 'endRecoveryCode':
        await run(END_CODE, [change.atMs, change.usedSerial, change.codeHash]);
        break;
      case 'confirmRecoveryCode':
        await run(CONFIRM_CODE, [change.usedSerial, change.codeHash]);
        break;
      case 'replaceRecoveryCode':
        await run(REPLACE_CODE, [change.atMs, change.expiresAtMs, change.codeHash]);
        break;
      case 'disownRecoveryCode': {
        const { atMs, replacedAtMs, expiresAtMs, codeHash } = change;
        await run(DISOWN_CODE, [atMs, replacedAtMs, expiresAtMs, codeHash]);
        break;
      }
      case 'endPass':
        await run(END_PASS, [change.atMs, change.why, change.account, change.serial]);
        break;
      case 'endSessions':
        await run(END_SESSIONS, [change.account, change.serial]);
        break;
      case 'addApproval': {
        const { account, note, by, askedAtMs, endsAtMs } = change.approval;
        await run(ADD_APPROVAL, [change.id, account, note, by, askedAtMs, endsAtMs]);
        break;
      }
      case 'setApproved':
        await run(SET_APPROVED, [change.by, change.atMs, change.id]);
        break;
      case 'useApproval':
        await run(USE_APPROVAL, [change.atMs, change.id]);
        break;
    }
  }
}
