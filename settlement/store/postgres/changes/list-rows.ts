/** Fares, keys and lists, written as the changes say. */
import type { MetaChange } from '../../../core/changes.ts';
import type { LeaseChange } from '../../../core/lead/lease-changes.ts';
import type { ListChange } from '../../../core/lists/list-changes.ts';
import type { ListRules } from '../../../core/lists/list-rules.ts';
import type { SealRows } from '../seals.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf } from './columns.ts';

const ADD_FARE = `INSERT INTO tariff_line (version, line, fare_cents, from_s, set_at_ms)
  VALUES ($1, $2, $3, $4, $5)`;
const ADD_ISSUER_KEY = `INSERT INTO issuer_key (issuer, key_id, public_key, not_before_s, not_after_s,
    status, ceiling_exponent, signs_from_s)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;
const SET_KEY_STATE = `UPDATE issuer_key SET status = $1, signs_from_s = $2
  WHERE issuer = $3 AND key_id = $4`;
const ADD_TRUST_LIST = `INSERT INTO trust_list (version, jws, payload, made_at_ms)
  VALUES ($1, $2, $3, $4)`;
const ADD_RULES = `INSERT INTO list_rules (version, issued_at_s, code_lifetime_s_max, skew_s, revoked,
    list_sha256, seal)
  VALUES ($1, $2, $3, $4, $5, $6, $7)`;
const ADD_DENY_VERSION = `INSERT INTO deny_version (version, count, set_digest, salt, made_at_ms)
  VALUES ($1, $2, $3, $4, $5)`;
const LIST = `INSERT INTO deny_entry (id, added_in) SELECT * FROM unnest($1::bytea[], $2::int8[])`;
const UNLIST = `UPDATE deny_entry SET removed_in = new.version
  FROM unnest($1::bytea[], $2::int8[]) AS new (id, version)
  WHERE deny_entry.id = new.id AND removed_in IS NULL`;
const CLEAR = 'DELETE FROM deny_dirty WHERE id = ANY($1::bytea[])';
const SET_META = `INSERT INTO meta (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
const USE_CHALLENGE = 'INSERT INTO used_challenge (challenge, ends_at_s) VALUES ($1, $2)';
const SET_LEASE = `INSERT INTO lease (number, fence, holder, beats) VALUES (1, $1, $2, $3)
  ON CONFLICT (number) DO UPDATE
  SET fence = excluded.fence, holder = excluded.holder, beats = excluded.beats`;

type Of<Kind extends ListChange['kind']> = Extract<ListChange, { kind: Kind }>;

export class ListRows {
  readonly #session: WriteSession;
  readonly #seals: SealRows;

  constructor(session: WriteSession, seals: SealRows) {
    this.#session = session;
    this.#seals = seals;
  }

  async listDenied(changes: readonly Of<'listDenied'>[]): Promise<void> {
    await this.#session.run(LIST, columnsOf(changes.map(({ id, version }) => [id, version])));
  }

  async unlistDenied(changes: readonly Of<'unlistDenied'>[]): Promise<void> {
    await this.#session.run(UNLIST, columnsOf(changes.map(({ id, version }) => [id, version])));
  }

  async clear(changes: readonly Of<'clearChangedDenial'>[]): Promise<void> {
    await this.#session.run(CLEAR, [changes.map(({ id }) => id)]);
  }

  async write(
    change:
      | MetaChange
      | LeaseChange
      | Exclude<ListChange, Of<'listDenied' | 'unlistDenied' | 'clearChangedDenial'>>,
  ): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'setMeta':
        await run(SET_META, [change.key, change.value]);
        break;
      case 'addUsedChallenge':
        await run(USE_CHALLENGE, [change.challenge, change.endsAtS]);
        break;
      case 'setLease': {
        const { fence, holder, beats } = change.lease;
        await run(SET_LEASE, [fence, holder, beats]);
        break;
      }
      case 'addLineFare': {
        const { line, fareCents, fromS } = change.fare;
        await run(ADD_FARE, [change.version, line, fareCents, fromS, change.atMs]);
        break;
      }
      case 'addIssuerKey': {
        const { issuer, keyId, publicKey, notBeforeS, notAfterS, ...rest } = change.key;
        const row = [issuer, keyId, publicKey, notBeforeS, notAfterS];
        const { status, ceilingExponent, signsFromS } = rest;
        await run(ADD_ISSUER_KEY, [...row, status, ceilingExponent, signsFromS]);
        break;
      }
      case 'setIssuerKeyState': {
        const { status, signsFromS, issuer, keyId } = change;
        await run(SET_KEY_STATE, [status, signsFromS, issuer, keyId]);
        break;
      }
      case 'addTrustList': {
        const { list, jws, rules, atMs } = change;
        await this.#addRules(rules);
        await run(ADD_TRUST_LIST, [list.version, jws, JSON.stringify(list), atMs]);
        break;
      }
      case 'addDenyVersion': {
        const { version, count, idsDigest, salt } = change.head;
        await run(ADD_DENY_VERSION, [version, count, idsDigest, salt, change.atMs]);
        break;
      }
    }
  }

  async #addRules(rules: ListRules): Promise<void> {
    const { version, issuedAtS, limits, revokedKeys, listSha256 } = rules;
    const { codeLifetimeSMax, skewS } = limits;
    const revoked = JSON.stringify(revokedKeys);
    const seal = this.#seals.listRules(rules);
    const row = [version, issuedAtS, codeLifetimeSMax, skewS, revoked, listSha256, seal];
    await this.#session.run(ADD_RULES, row);
  }
}
