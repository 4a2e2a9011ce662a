/** Invitations as they are stored, used or not. */
import type { StoredInvite } from '../../database.ts';
import type { Connection } from '../connection.ts';

const GOOD = `expires_at_s >= ?
    AND NOT EXISTS (SELECT 1 FROM issuer_key WHERE issuer_key.issuer = pass_issue.issuer
      AND issuer_key.key_id = pass_issue.key_id AND status = 'revoked')`;
/** How many of a phone's passes are good then: one whose key was revoked opens nothing. */
export const OPEN_ISSUES = `SELECT count(*) FROM pass_issue
  WHERE account = ? AND serial = ? AND ${GOOD}`;
/** How many of an account's phones have such a pass. */
export const OPEN_PHONES = `SELECT count(DISTINCT serial) FROM pass_issue
  WHERE account = ? AND ${GOOD}`;

export class InviteReader {
  readonly #sql;

  constructor({ db }: Connection) {
    this.#sql = db.prepare(
      `SELECT kind, person_hash AS personHash, expires_at_ms AS expiresAtMs, used_at_ms AS usedAtMs
       FROM invite WHERE token_hash = ?`,
    );
  }

  read(tokenHash: string): StoredInvite | undefined {
    return this.#sql.get(tokenHash) as StoredInvite | undefined;
  }
}
