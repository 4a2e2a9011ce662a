/** The lease of whoever leads, and notes of which one process after the other decides. */
import type { Lease } from '../../../core/lead/lease-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    lease: db.prepare('SELECT fence, holder, beats FROM lease WHERE number = 1'),
    used: db.prepare('SELECT 1 FROM used_challenge WHERE challenge = ?'),
    meta: db.prepare('SELECT value FROM meta WHERE key = ?').pluck(),
  };
}

export class LeaseReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  lease(): Lease | null {
    return (this.#sql.lease.get() as Lease | undefined) ?? null;
  }

  isChallengeUsed(challenge: string): boolean {
    return this.#sql.used.get(challenge) !== undefined;
  }

  meta(key: string): string | null {
    return (this.#sql.meta.get(key) as string | undefined) ?? null;
  }
}
