/** What is published, as it is stored: keys, fares, trust lists, and the deny list by its versions. */
import { sha256 } from '@stile/crypto/sign.ts';
import { DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import { GATES_NAMED_MAX } from '@stile/protocol/http/operator-api.ts';
import {
  type DenyVersion,
  denyHeadOf,
  denyVersionOf,
  type LineFare,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { type DenyCandidate, type DenyRow, NOTHING_DENIED } from '../../../core/lists/deny.ts';
import type { StoredIssuerKey } from '../../../core/lists/list-changes.ts';
import {
  DENY_FLOOR_KEY,
  DENY_FORCED_KEY,
  DENY_SANE_FROM_KEY,
  type DenyListFacts,
  type FareFacts,
  RESTORED_KEY,
  TRUST_FLOOR_KEY,
} from '../../../core/lists/publish.ts';
import { HELD_NUMBER_MAX, type StoredRootFacts } from '../../../core/lists/root-floor.ts';
import type { DenyWord, ListFacts } from '../../../core/lists/trust.ts';
import type { SeenVersions } from '../../../core/lists/version-floor.ts';
import type { ListReader } from '../../database.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    candidates: db.prepare(
      `SELECT id,
         EXISTS (SELECT 1 FROM denial
           WHERE denial.id = deny_dirty.id AND lifted_at_ms IS NULL) AS wanted,
         EXISTS (SELECT 1 FROM deny_entry
           WHERE deny_entry.id = deny_dirty.id AND removed_in IS NULL) AS listed
       FROM deny_dirty LIMIT ?`,
    ),
    denyHead: db.prepare(
      `SELECT version, count, set_digest AS idsDigest, salt FROM deny_version
       ORDER BY version DESC LIMIT 1`,
    ),
    denyVersion: db.prepare(
      'SELECT version, count, set_digest AS idsDigest, salt FROM deny_version WHERE version = ?',
    ),
    meta: db.prepare('SELECT value FROM meta WHERE key = ?').pluck(),
    seen: db.prepare(
      `SELECT coalesce(max(trust_seen), 0) AS trust, coalesce(max(deny_seen), 0) AS deny FROM gate`,
    ),
    changedRows: db.prepare(
      `SELECT id, added_in AS addedIn, removed_in AS removedIn FROM deny_entry
         WHERE added_in > @from AND added_in <= @to
       UNION
       SELECT id, added_in, removed_in FROM deny_entry
         WHERE removed_in > @from AND removed_in <= @to
       LIMIT @rows`,
    ),
    // What a revoked key has said of its gate counts for nothing.
    heldRoots: db.prepare(
      `SELECT gate, root_generation AS generation, root_number AS number, root_floor AS floor
       FROM gate WHERE root_generation IS NOT NULL AND EXISTS (
         SELECT 1 FROM gate_key WHERE gate_key.gate = gate.gate AND revoked_at_ms IS NULL)
       ORDER BY gate`,
    ),
    unreported: db
      .prepare(
        `SELECT gate FROM gate WHERE coalesce(last_sync_ms, 0) < ? AND EXISTS (
           SELECT 1 FROM gate_key WHERE gate_key.gate = gate.gate AND revoked_at_ms IS NULL)
         ORDER BY gate LIMIT ${GATES_NAMED_MAX}`,
      )
      .pluck(),
    page: db
      .prepare(
        `SELECT id FROM deny_entry WHERE id > ? AND added_in <= ?
         AND (removed_in IS NULL OR removed_in > ?) ORDER BY id LIMIT ?`,
      )
      .pluck(),
    issuerKeys: db.prepare(
      `SELECT issuer, key_id AS keyId, public_key AS publicKey, not_before_s AS notBeforeS,
         not_after_s AS notAfterS, status, ceiling_exponent AS ceilingExponent,
         signs_from_s AS signsFromS
       FROM issuer_key ORDER BY issuer, key_id`,
    ),
    tariff: db.prepare(
      'SELECT line, fare_cents AS fareCents, from_s AS fromS FROM tariff_line ORDER BY version',
    ),
    fareFacts: db.prepare(
      `SELECT (SELECT coalesce(max(version), 0) + 1 FROM tariff_line) AS nextTariffVersion,
         (SELECT coalesce(max(id), 0) FROM record) AS lastRecordId`,
    ),
    trustList: db.prepare('SELECT payload, jws FROM trust_list ORDER BY version DESC LIMIT 1'),
    published: db.prepare(
      `SELECT version AS trustVersion, payload ->> '$.deny.version' AS denyVersion FROM trust_list
       ORDER BY version DESC LIMIT 1`,
    ),
  };
}

/** `set_digest` is the ids' own, not the public one. */
type VersionRow = Omit<DenyVersion, 'setDigest'>;
type CandidateRow = { id: Uint8Array; wanted: number; listed: number };

export class ListFactReader implements ListReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  fare(): FareFacts {
    const facts = this.#sql.fareFacts.get() as Omit<FareFacts, 'tariff'>;
    return { ...facts, tariff: this.#sql.tariff.all() as LineFare[] };
  }

  issuerKeys(): StoredIssuerKey[] {
    return this.#sql.issuerKeys.all() as StoredIssuerKey[];
  }

  denyList(idsMax: number): DenyListFacts {
    const rows = this.#sql.candidates.all(idsMax) as CandidateRow[];
    const candidates = rows.map(
      ({ id, wanted, listed }): DenyCandidate => ({
        id,
        wanted: wanted === 1,
        listed: listed === 1,
      }),
    );
    return { head: this.#denyHead(), seen: this.#seen().deny, candidates };
  }

  #denyHead(): DenyVersion {
    const row = this.#sql.denyHead.get() as VersionRow | undefined;
    return row === undefined ? NOTHING_DENIED : denyVersionOf(row, sha256);
  }

  denyVersion(version: number): DenyVersion | null {
    const row = this.#sql.denyVersion.get(version) as VersionRow | undefined;
    return row === undefined ? null : denyVersionOf(row, sha256);
  }

  denyWord(): DenyWord {
    const forced = this.denyVersion(this.#number(DENY_FORCED_KEY));
    return {
      forced: forced && denyHeadOf(forced),
      saneFrom: this.#number(DENY_SANE_FROM_KEY),
    };
  }

  /** What gates report, or what a restore has set. */
  #seen(): SeenVersions {
    const { trust, deny } = this.#sql.seen.get() as SeenVersions;
    return {
      trust: Math.max(trust, this.#number(TRUST_FLOOR_KEY)),
      deny: Math.max(deny, this.#number(DENY_FLOOR_KEY)),
    };
  }

  rootFacts(): StoredRootFacts {
    const held = this.#sql.heldRoots.all() as StoredRootFacts['held'];
    const restoredS = Math.floor(this.#number(RESTORED_KEY) / 1000);
    const unreported = this.#sql.unreported.all(restoredS * 1000) as string[];
    return { held, restoredS: Math.min(restoredS, HELD_NUMBER_MAX), unreported };
  }

  #number(key: string): number {
    return Number(this.#sql.meta.get(key) ?? 0);
  }

  /** One more than `rowsMax` tells that there are too many. */
  denyRows({ from, to, rowsMax }: { from: number; to: number; rowsMax: number }): DenyRow[] {
    return this.#sql.changedRows.all({ from, to, rows: rowsMax + 1 }) as DenyRow[];
  }

  denyPage(of: { version: number; after: Uint8Array | null; limit: number }): Uint8Array {
    const { version, after, limit } = of;
    const ids = this.#sql.page.all(after ?? new Uint8Array(0), version, version, limit);
    return Buffer.concat(ids as Uint8Array[], ids.length * DENY_ID_BYTES);
  }

  lists(): ListFacts {
    const row = this.#sql.trustList.get() as { payload: string; jws: string } | undefined;
    const { tariff, nextTariffVersion: tariffVersion } = this.fare();
    return {
      seen: this.#seen(),
      deny: this.denyWord(),
      issuerKeys: this.issuerKeys(),
      tariff,
      tariffVersion,
      denyHead: denyHeadOf(this.#denyHead()),
      trust: row && { list: trustListSchema.parse(JSON.parse(row.payload)), jws: row.jws },
    };
  }

  published(): { trustVersion: number; denyVersion: number } {
    const row = this.#sql.published.get();
    return (row as ReturnType<ListFactReader['published']>) ?? NOTHING_PUBLISHED;
  }
}

const NOTHING_PUBLISHED = { trustVersion: 0, denyVersion: 0 };
