/** The oldest of what is kept for a time only, and what was cut of it so far. */
import type { CutKind, CutTotal } from '../../../core/retention/cut-changes.ts';
import { type CutBounds, type CutFacts, NOTHING_CUT } from '../../../core/retention/cuts.ts';
import type { Connection } from '../connection.ts';
import { APPROVAL } from './recovery-facts.ts';

type Rows<Kind extends CutKind> = Extract<CutFacts, { kind: Kind }>['rows'];

function prepare(db: Connection['db']) {
  return {
    total: db.prepare('SELECT rows, link FROM cut WHERE kind = ?'),
    trustLists: db.prepare(
      `SELECT version, list_sha256 AS listSha256 FROM trust_list JOIN list_rules USING (version)
       WHERE version <= (SELECT version FROM trust_list ORDER BY version DESC LIMIT 1 OFFSET @newestKept)
       ORDER BY version LIMIT @rowsMax`,
    ),
    lastTrustList: db.prepare('SELECT coalesce(max(version), 0) FROM trust_list').pluck(),
    payments: db.prepare(
      `SELECT id, payee, key, reason, at_ms AS atMs,
         json_array(request_hash, way, account, serial, handle, line, note, order_id, amount_cents) AS rest
       FROM payment WHERE outcome = 'REFUSED' AND at_ms < @beforeMs ORDER BY at_ms, id LIMIT @rowsMax`,
    ),
    lastPayment: db.prepare('SELECT coalesce(max(id), 0) FROM payment').pluck(),
    denyVersions: db.prepare(
      `SELECT version, count, set_digest AS setDigest, made_at_ms AS madeAtMs FROM deny_version
       ORDER BY version LIMIT @rowsMax`,
    ),
    oldestDenyVersion: db.prepare('SELECT coalesce(min(version), 0) FROM deny_version').pluck(),
    denyEntries: db.prepare(
      `SELECT lower(hex(id)) AS id, added_in AS addedIn, removed_in AS removedIn FROM deny_entry
       WHERE removed_in IS NOT NULL ORDER BY removed_in LIMIT @rowsMax`,
    ),
    published: db
      .prepare(`SELECT payload ->> '$.deny.version' FROM trust_list ORDER BY version DESC LIMIT 1`)
      .pluck(),
    denials: db.prepare(
      `SELECT number, lower(hex(id)) AS id, cause, note, since_ms AS sinceMs, lifted_at_ms AS liftedAtMs
       FROM denial WHERE lifted_at_ms < @beforeMs ORDER BY lifted_at_ms, number LIMIT @rowsMax`,
    ),
    recoveryCodes: db.prepare(
      `SELECT code_hash AS codeHash, account, kind, made_at_ms AS madeAtMs,
         coalesce(ended_at_ms, expires_at_ms) AS endedAtMs, used_serial AS usedSerial
       FROM recovery_code WHERE coalesce(ended_at_ms, expires_at_ms) < @beforeMs
       ORDER BY coalesce(ended_at_ms, expires_at_ms), code_hash LIMIT @rowsMax`,
    ),
    approvals: db.prepare(
      `${APPROVAL} WHERE ends_at_ms < @beforeMs ORDER BY ends_at_ms, id LIMIT @rowsMax`,
    ),
    lastApproval: db.prepare('SELECT coalesce(max(id), 0) FROM approval').pluck(),
    lastDenial: db.prepare('SELECT coalesce(max(number), 0) FROM denial').pluck(),
  };
}

export class CutFactReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  read(kind: CutKind, bounds: CutBounds): CutFacts {
    const total = (this.#sql.total.get(kind) as CutTotal | undefined) ?? NOTHING_CUT;
    switch (kind) {
      case 'trustList': {
        const rows = this.#sql.trustLists.all(bounds) as Rows<typeof kind>;
        return { kind, total, rows, inForce: this.#sql.lastTrustList.get() as number };
      }
      case 'refusedPayment': {
        const rows = this.#sql.payments.all(bounds) as Rows<typeof kind>;
        return { kind, total, rows, lastId: this.#sql.lastPayment.get() as number };
      }
      case 'denyVersion': {
        const rows = this.#sql.denyVersions.all(bounds) as Rows<typeof kind>;
        const published = (this.#sql.published.get() as number | undefined) ?? 0;
        return { kind, total, rows, published };
      }
      case 'denyEntry': {
        const rows = this.#sql.denyEntries.all(bounds) as Rows<typeof kind>;
        return { kind, total, rows, oldestVersion: this.#sql.oldestDenyVersion.get() as number };
      }
      case 'denial': {
        const rows = this.#sql.denials.all(bounds) as Rows<typeof kind>;
        const lastNumbers = new Set([this.#sql.lastDenial.get() as number]);
        return { kind, total, rows, lastNumbers };
      }
      case 'recoveryCode':
        return { kind, total, rows: this.#sql.recoveryCodes.all(bounds) as Rows<typeof kind> };
      case 'approval': {
        const rows = this.#sql.approvals.all(bounds) as Rows<typeof kind>;
        return { kind, total, rows, lastId: this.#sql.lastApproval.get() as number };
      }
    }
  }
}
