/** What is published, as it is stored: keys, fares, trust lists, and the deny list by its versions. */
import { sha256 } from '@stile/crypto/sign.ts';
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
import { FARES, lock } from '../locks.ts';
import type { Session } from '../session.ts';

/** Whoever denies somebody this moment holds the id, which then waits for the next version. */
const DIRTY = `SELECT id FROM deny_dirty ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED`;
const CANDIDATES = `SELECT id,
    EXISTS (SELECT 1 FROM denial WHERE denial.id = dirty.id AND lifted_at_ms IS NULL) AS wanted,
    EXISTS (SELECT 1 FROM deny_entry
      WHERE deny_entry.id = dirty.id AND removed_in IS NULL) AS listed
  FROM unnest($1::bytea[]) AS dirty (id) ORDER BY id`;
const DENY_HEAD = `SELECT version, count, set_digest AS "idsDigest", salt FROM deny_version
  ORDER BY version DESC LIMIT 1`;
const DENY_VERSION = `SELECT version, count, set_digest AS "idsDigest", salt FROM deny_version
  WHERE version = $1`;
const NOTES = 'SELECT key, value FROM meta WHERE key = ANY($1::text[])';
const SEEN = `SELECT coalesce(max(trust_seen), 0) AS trust, coalesce(max(deny_seen), 0) AS deny
  FROM gate`;
/** What a revoked key has said of its gate counts for nothing. */
const HELD_ROOTS = `SELECT gate, root_generation AS generation, root_number AS number,
    root_floor AS floor
  FROM gate WHERE root_generation IS NOT NULL AND EXISTS (
    SELECT 1 FROM gate_key WHERE gate_key.gate = gate.gate AND revoked_at_ms IS NULL)
  ORDER BY gate`;
const UNREPORTED = `SELECT gate FROM gate WHERE coalesce(last_sync_ms, 0) < $1 AND EXISTS (
    SELECT 1 FROM gate_key WHERE gate_key.gate = gate.gate AND revoked_at_ms IS NULL)
  ORDER BY gate LIMIT ${GATES_NAMED_MAX}`;
const CHANGED = `SELECT id, added_in AS "addedIn", removed_in AS "removedIn" FROM deny_entry
    WHERE added_in > $1 AND added_in <= $2
  UNION
  SELECT id, added_in, removed_in FROM deny_entry WHERE removed_in > $1 AND removed_in <= $2
  ORDER BY 1, 2 LIMIT $3`;
const PAGE = `SELECT coalesce(string_agg(id, ''::bytea ORDER BY id), ''::bytea) AS ids FROM (
    SELECT id FROM deny_entry WHERE id > $1 AND added_in <= $2
      AND (removed_in IS NULL OR removed_in > $2) ORDER BY id LIMIT $3) AS page`;
/** Whoever changes one waits for those who decide from them. */
const ISSUER_KEYS = `SELECT issuer, key_id AS "keyId", public_key AS "publicKey",
    not_before_s AS "notBeforeS", not_after_s AS "notAfterS", status,
    ceiling_exponent AS "ceilingExponent", signs_from_s AS "signsFromS"
  FROM issuer_key ORDER BY issuer, key_id`;
const TARIFF = `SELECT line, fare_cents AS "fareCents", from_s AS "fromS" FROM tariff_line
  ORDER BY version`;
const NEXT_TARIFF = `SELECT (SELECT coalesce(max(version), 0) + 1 FROM tariff_line) AS version,
    (SELECT coalesce(max(id), 0) FROM record) AS "lastRecordId"`;
const TRUST_LIST = 'SELECT payload, jws FROM trust_list ORDER BY version DESC LIMIT 1';
const PUBLISHED = `SELECT version AS "trustVersion",
    (payload::json -> 'deny' ->> 'version')::int8 AS "denyVersion"
  FROM trust_list ORDER BY version DESC LIMIT 1`;

const NOTHING_SEEN: SeenVersions = { trust: 0, deny: 0 };
const NOTHING_PUBLISHED = { trustVersion: 0, denyVersion: 0 };
/** Makers of versions of the deny list, and of what refers to one, come one after the other. */
const DENY_LIST = 'denyList';

/** `set_digest` is the ids' own, not the public one. */
type VersionRow = Omit<DenyVersion, 'setDigest'>;
type NextTariff = { version: number; lastRecordId: number };

export class ListFactReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** To set one: what is settled by the old fares is settled before that, and found by it. */
  async newFare(): Promise<FareFacts> {
    await lock(this.#session, { owns: [FARES] });
    return await this.#fares();
  }

  async #fares(): Promise<FareFacts> {
    const next = await this.#session.first<NextTariff>(NEXT_TARIFF);
    return {
      nextTariffVersion: next?.version ?? 1,
      lastRecordId: next?.lastRecordId ?? 0,
      tariff: await this.#session.all<LineFare>(TARIFF),
    };
  }

  async issuerKeys(): Promise<StoredIssuerKey[]> {
    return await this.#session.all<StoredIssuerKey>(ISSUER_KEYS);
  }

  /** To decide from: whoever changes a key waits until that is written. */
  async issuerKeysNow(): Promise<StoredIssuerKey[]> {
    return await this.#session.all<StoredIssuerKey>(`${ISSUER_KEYS} FOR SHARE`);
  }

  async denyList(idsMax: number): Promise<DenyListFacts> {
    await lock(this.#session, { turns: [DENY_LIST] });
    const dirty = await this.#session.all<{ id: Uint8Array }>(DIRTY, [idsMax]);
    const ids = dirty.map(({ id }) => id);
    return {
      head: await this.#denyHead(),
      seen: (await this.#seen()).deny,
      candidates: await this.#session.all<DenyCandidate>(CANDIDATES, [ids]),
    };
  }

  async #denyHead(): Promise<DenyVersion> {
    const row = await this.#session.first<VersionRow>(DENY_HEAD);
    return row === undefined ? NOTHING_DENIED : denyVersionOf(row, sha256);
  }

  async denyVersion(version: number): Promise<DenyVersion | null> {
    const row = await this.#session.first<VersionRow>(DENY_VERSION, [version]);
    return row === undefined ? null : denyVersionOf(row, sha256);
  }

  /** To decide from: it is there until that is written. */
  async denyVersionNow(version: number): Promise<DenyVersion | null> {
    await lock(this.#session, { turns: [DENY_LIST] });
    return await this.denyVersion(version);
  }

  async denyWord(): Promise<DenyWord> {
    const notes = await this.#notes([DENY_FORCED_KEY, DENY_SANE_FROM_KEY]);
    const forced = await this.denyVersion(notes.get(DENY_FORCED_KEY) ?? 0);
    return {
      forced: forced && denyHeadOf(forced),
      saneFrom: notes.get(DENY_SANE_FROM_KEY) ?? 0,
    };
  }

  /** What gates report, or what a restore has set. */
  async #seen(): Promise<SeenVersions> {
    const { trust, deny } = (await this.#session.first<SeenVersions>(SEEN)) ?? NOTHING_SEEN;
    const notes = await this.#notes([TRUST_FLOOR_KEY, DENY_FLOOR_KEY]);
    return {
      trust: Math.max(trust, notes.get(TRUST_FLOOR_KEY) ?? 0),
      deny: Math.max(deny, notes.get(DENY_FLOOR_KEY) ?? 0),
    };
  }

  async rootFacts(): Promise<StoredRootFacts> {
    const held = await this.#session.all<StoredRootFacts['held'][number]>(HELD_ROOTS);
    const restoredMs = (await this.#notes([RESTORED_KEY])).get(RESTORED_KEY) ?? 0;
    const restoredS = Math.floor(restoredMs / 1000);
    const rows = await this.#session.all<{ gate: string }>(UNREPORTED, [restoredS * 1000]);
    const unreported = rows.map(({ gate }) => gate);
    return { held, restoredS: Math.min(restoredS, HELD_NUMBER_MAX), unreported };
  }

  async #notes(keys: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#session.all<{ key: string; value: string }>(NOTES, [keys]);
    return new Map(rows.map(({ key, value }) => [key, Number(value)]));
  }

  /** One more than `rowsMax` tells that there are too many. */
  async denyRows(of: { from: number; to: number; rowsMax: number }): Promise<DenyRow[]> {
    return await this.#session.all<DenyRow>(CHANGED, [of.from, of.to, of.rowsMax + 1]);
  }

  async denyPage(of: {
    version: number;
    after: Uint8Array | null;
    limit: number;
  }): Promise<Uint8Array> {
    const from = of.after ?? new Uint8Array(0);
    const row = await this.#session.first<{ ids: Uint8Array }>(PAGE, [from, of.version, of.limit]);
    return row?.ids ?? new Uint8Array(0);
  }

  async lists(): Promise<ListFacts> {
    const row = await this.#session.first<{ payload: string; jws: string }>(TRUST_LIST);
    const { tariff, nextTariffVersion: tariffVersion } = await this.#fares();
    return {
      seen: await this.#seen(),
      deny: await this.denyWord(),
      issuerKeys: await this.issuerKeys(),
      tariff,
      tariffVersion,
      denyHead: denyHeadOf(await this.#denyHead()),
      trust: row && { list: trustListSchema.parse(JSON.parse(row.payload)), jws: row.jws },
    };
  }

  async published(): Promise<{ trustVersion: number; denyVersion: number }> {
    type Row = typeof NOTHING_PUBLISHED;
    return (await this.#session.first<Row>(PUBLISHED)) ?? NOTHING_PUBLISHED;
  }
}
