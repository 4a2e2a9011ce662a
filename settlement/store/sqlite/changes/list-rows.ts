/** Fares, keys and lists, written as the changes say. */
import type { MetaChange } from '../../../core/changes.ts';
import type { LeaseChange } from '../../../core/lead/lease-changes.ts';
import type { ListChange } from '../../../core/lists/list-changes.ts';
import type { ListRules } from '../../../core/lists/list-rules.ts';
import type { Connection } from '../connection.ts';
import type { SealRows } from '../seals.ts';

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
    addListRules: db.prepare(
      `INSERT INTO list_rules (version, issued_at_s, code_lifetime_s_max, skew_s, revoked, list_sha256,
         seal)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    addDenyVersion: db.prepare(
      `INSERT INTO deny_version (version, count, set_digest, salt, made_at_ms)
       VALUES (?, ?, ?, ?, ?)`,
    ),
    list: db.prepare('INSERT INTO deny_entry (id, added_in) VALUES (?, ?)'),
    unlist: db.prepare('UPDATE deny_entry SET removed_in = ? WHERE id = ? AND removed_in IS NULL'),
    clear: db.prepare('DELETE FROM deny_dirty WHERE id = ?'),
    setMeta: db.prepare(
      `INSERT INTO meta (key, value) VALUES (?, ?)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
    ),
    addUsedChallenge: db.prepare(
      'INSERT INTO used_challenge (challenge, ends_at_s) VALUES (@challenge, @endsAtS)',
    ),
    setLease: db.prepare(
      `INSERT INTO lease (number, fence, holder, beats) VALUES (1, @fence, @holder, @beats)
       ON CONFLICT (number) DO UPDATE
       SET fence = excluded.fence, holder = excluded.holder, beats = excluded.beats`,
    ),
  };
}

export class ListRows {
  readonly #sql: ReturnType<typeof prepare>;

  readonly #seals: SealRows;

  constructor({ db }: Connection, seals: SealRows) {
    this.#sql = prepare(db);
    this.#seals = seals;
  }

  /** Also of lists that were stored before this was kept of them. */
  addRules(rules: ListRules): void {
    const { version, issuedAtS, limits, revokedKeys, listSha256 } = rules;
    const { codeLifetimeSMax, skewS } = limits;
    const revoked = JSON.stringify(revokedKeys);
    const seal = this.#seals.listRules(rules);
    const row = [version, issuedAtS, codeLifetimeSMax, skewS, revoked, listSha256, seal];
    this.#sql.addListRules.run(...row);
  }

  write(change: ListChange | MetaChange | LeaseChange): void {
    switch (change.kind) {
      case 'setMeta':
        this.#sql.setMeta.run(change.key, change.value);
        break;
      case 'addUsedChallenge': {
        const { challenge, endsAtS } = change;
        this.#sql.addUsedChallenge.run({ challenge, endsAtS });
        break;
      }
      case 'setLease':
        this.#sql.setLease.run(change.lease);
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
        const { list, jws, rules, atMs } = change;
        this.addRules(rules);
        this.#sql.addTrustList.run(list.version, jws, JSON.stringify(list), atMs);
        break;
      }
      case 'addDenyVersion': {
        const { version, count, idsDigest, salt } = change.head;
        this.#sql.addDenyVersion.run(version, count, idsDigest, salt, change.atMs);
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
