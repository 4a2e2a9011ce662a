/** Invitations as they are stored, used or not. */
import type { StoredInvite } from '../../database.ts';
import type { Connection } from '../connection.ts';

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
