/** Fares, keys and lists, written as the changes say. */
import type { MetaChange } from '../../../core/changes.ts';
import type { ListChange } from '../../../core/lists/list-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addFare: db.prepare(
      `INSERT INTO tariff_line (version, line, fare_cents, from_s, set_at_ms)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    addIssuerKey: db.prepare(
      `INSERT INTO issuer_key (issuer, key_id, public_key, not_before_s, not_after_s, status,
         ceiling_exponent, signs_from_s)
       VALUES (@issuer, @keyId, @publicKey, @notBeforeS, @notAfterS, @status, @ceilingExponent,
         @signsFromS)`,
    ),
    setKeyState: db.prepare(
      `UPDATE issuer_key SET status = @status, signs_from_s = @signsFromS
       WHERE issuer = @issuer AND key_id = @keyId`,
    ),
    addTrustList: db.prepare(
      'INSERT INTO trust_list (version, jws, payload, made_at_ms) VALUES (?, ?, ?, ?)',
    ),
    addDenyVersion: db.prepare(
      'INSERT INTO deny_version (version, count, set_digest, made_at_ms) VALUES (?, ?, ?, ?)',
    ),
    list: db.prepare('INSERT INTO deny_entry (id, added_in) VALUES (?, ?)'),
    unlist: db.prepare('UPDATE deny_entry SET removed_in = ? WHERE id = ? AND removed_in IS NULL'),
    clear: db.prepare('DELETE FROM deny_dirty WHERE id = ?'),
    setMeta: db.prepare(
      `INSERT INTO meta (key, value) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    ),
  };
}

export class ListRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: ListChange | MetaChange): void {
    switch (change.kind) {
      case 'setMeta':
        this.#sql.setMeta.run(change.key, change.value);
        break;
      case 'addLineFare': {
        const { line, fareCents, fromS } = change.fare;
        this.#sql.addFare.run(change.version, line, fareCents, fromS, change.atMs);
        break;
      }
      case 'addIssuerKey':
        this.#sql.addIssuerKey.run(change.key);
        break;
      case 'setIssuerKeyState': {
        const { kind: _kind, ...state } = change;
        this.#sql.setKeyState.run(state);
        break;
      }
      case 'addTrustList': {
        const { list, jws, atMs } = change;
        this.#sql.addTrustList.run(list.version, jws, JSON.stringify(list), atMs);
        break;
      }
      case 'addDenyVersion': {
        const { version, count, setDigest } = change.head;
        this.#sql.addDenyVersion.run(version, count, setDigest, change.atMs);
        break;
      }
      case 'listDenied':
        this.#sql.list.run(change.id, change.version);
        break;
      case 'unlistDenied':
        this.#sql.unlist.run(change.version, change.id);
        break;
      case 'clearChangedDenial':
        this.#sql.clear.run(change.id);
        break;
    }
  }
}
