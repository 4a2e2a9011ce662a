/**
 * What is published, on SQLite: issuer keys, the tariff's history, trust lists, and the deny list as
 * rows that say from which version on, and until before which, an id is on it. So any two versions can
 * be compared, and one version be read in pages while the next is already being written.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { DENY_ID_BYTES, EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import {
  type DenyHead,
  type IssuerKey,
  type TariffLine,
  type TrustList,
  trustListSchema,
} from '@stile/protocol/trust-list.ts';
import { type DenyRow, denyStepBetween, nextDenyList } from '../../core/deny.ts';
import type { ListFacts } from '../port.ts';
import type { Connection } from './connection.ts';
import type { SqliteDatabase } from './database.ts';

function prepare(db: Connection['db']) {
  return {
    candidates: db.prepare(
      `SELECT id,
       EXISTS (SELECT 1 FROM denial WHERE denial.id = deny_dirty.id AND lifted_at_ms IS NULL) AS wanted,
       EXISTS (SELECT 1 FROM deny_entry WHERE deny_entry.id = deny_dirty.id AND removed_in IS NULL)
         AS listed
     FROM deny_dirty LIMIT ?`,
    ),
    addEntry: db.prepare('INSERT INTO deny_entry (id, added_in) VALUES (?, ?)'),
    endEntry: db.prepare(
      'UPDATE deny_entry SET removed_in = ? WHERE id = ? AND removed_in IS NULL',
    ),
    clean: db.prepare('DELETE FROM deny_dirty WHERE id = ?'),
    changedRows: db.prepare(
      `SELECT id, added_in AS addedIn, removed_in AS removedIn FROM deny_entry
       WHERE added_in > @from AND added_in <= @to
     UNION
     SELECT id, added_in, removed_in FROM deny_entry
       WHERE removed_in > @from AND removed_in <= @to
     LIMIT @rows`,
    ),
    page: db
      .prepare(
        `SELECT id FROM deny_entry WHERE id > ? AND added_in <= ?
         AND (removed_in IS NULL OR removed_in > ?) ORDER BY id LIMIT ?`,
      )
      .pluck(),
  };
}

export class Lists {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #build: Connection['build'];
  readonly #all: Connection['all'];
  readonly #first: Connection['first'];
  readonly #run: Connection['run'];
  readonly #database: SqliteDatabase;

  constructor(connection: Connection, database: SqliteDatabase) {
    this.#sql = prepare(connection.db);
    this.#build = connection.build;
    this.#all = connection.all;
    this.#first = connection.first;
    this.#run = connection.run;
    this.#database = database;
  }

  #denyHead(): DenyHead {
    const row = this.#first(
      this.#build.selectFrom('deny_version').selectAll().orderBy('version', 'desc').limit(1),
    );
    if (row === undefined) return { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST };
    return { version: row.version, count: row.count, setDigest: row.set_digest };
  }

  #listKeys(): IssuerKey[] {
    const rows = this.#all(
      this.#build.selectFrom('issuer_key').selectAll().orderBy('issuer').orderBy('key_id'),
    );
    return rows.map((row) => ({
      issuer: row.issuer,
      keyId: row.key_id,
      publicKey: row.public_key,
      notBeforeS: row.not_before_s,
      notAfterS: row.not_after_s,
      status: row.status,
      ceilingExponent: row.ceiling_exponent,
    }));
  }

  #selectTariff() {
    return this.#build
      .selectFrom('tariff_line')
      .select(['line', 'fare_cents as fareCents', 'from_s as fromS'])
      .orderBy('version');
  }

  #tariffVersion(): number {
    const row = this.#first(
      this.#build.selectFrom('tariff_line').select((of) => of.fn.max('version').as('version')),
    );
    return (row?.version ?? 0) + 1;
  }

  readListFacts(): ListFacts {
    const row = this.#first(
      this.#build.selectFrom('trust_list').selectAll().orderBy('version', 'desc').limit(1),
    );
    const trust = row && {
      list: trustListSchema.parse(JSON.parse(row.payload)),
      jws: row.jws,
    };
    return {
      issuerKeys: this.#listKeys(),
      tariff: this.#all(this.#selectTariff()),
      tariffVersion: this.#tariffVersion(),
      denyHead: this.#denyHead(),
      trust,
    };
  }

  addTrustList(list: TrustList, jws: string, nowMs: number): void {
    const row = { version: list.version, jws, payload: JSON.stringify(list), made_at_ms: nowMs };
    this.#run(this.#build.insertInto('trust_list').values(row));
  }

  stepDenyList(idsMax: number, nowMs: number): boolean {
    const rows = this.#sql.candidates.all(idsMax) as {
      id: Uint8Array;
      wanted: number;
      listed: number;
    }[];
    const step = nextDenyList(
      this.#denyHead(),
      rows.map(({ id, wanted, listed }) => ({ id, wanted: wanted === 1, listed: listed === 1 })),
      sha256,
    );
    for (const { id } of rows) this.#sql.clean.run(id);
    if (step !== null) {
      const { version, count, setDigest } = step.head;
      const row = { version, count, set_digest: setDigest, made_at_ms: nowMs };
      this.#run(this.#build.insertInto('deny_version').values(row));
      for (const id of step.adds) this.#sql.addEntry.run(id, version);
      for (const id of step.removes) this.#sql.endEntry.run(version, id);
    }
    return rows.length === idsMax;
  }

  findDenyStep(from: number, to: number, idsMax: number) {
    if (from > to) return undefined;
    // An id may come and go between the two: more rows than ids, but not without bound.
    const rowsMax = idsMax * 2;
    const rows = this.#sql.changedRows.all({ from, to, rows: rowsMax + 1 }) as DenyRow[];
    if (rows.length > rowsMax) return undefined;
    const step = denyStepBetween(rows, from, to);
    return step.adds.length + step.removes.length > idsMax ? undefined : step;
  }

  readDenyPage(version: number, after: Uint8Array | null, limit: number): Uint8Array {
    const from = after ?? new Uint8Array(0);
    const ids = this.#sql.page.all(from, version, version, limit) as Uint8Array[];
    return Buffer.concat(ids, ids.length * DENY_ID_BYTES);
  }

  setFare({ line, fareCents, fromS }: TariffLine, nowMs: number): number {
    const row = { line, fare_cents: fareCents, from_s: fromS, set_at_ms: nowMs };
    const { lastInsertRowid } = this.#run(this.#build.insertInto('tariff_line').values(row));
    const last = this.#first(
      this.#build.selectFrom('record').select((of) => of.fn.max('id').as('id')),
    );
    // Taps that waited for a fare, or were charged another: all of this line since then.
    this.#run(
      this.#build.insertInto('outbox').values({
        kind: 'reprice',
        cursor: 0,
        until: last?.id ?? 0,
        subject: JSON.stringify({ line, fromMs: fromS * 1000 }),
        attempts: 0,
        created_at_ms: nowMs,
      }),
    );
    this.#database.apply([{ kind: 'requestPublish', atMs: nowMs }]);
    return Number(lastInsertRowid) + 1;
  }

  listTariff(line: string): TariffLine[] {
    return this.#all(this.#selectTariff().where('line', '=', line));
  }

  /** A new key signs from now on: those before it are retired, their passes stay good. */
  addIssuerKey(key: IssuerKey): void {
    this.#run(
      this.#build
        .updateTable('issuer_key')
        .set({ status: 'retired' })
        .where('issuer', '=', key.issuer)
        .where('status', '=', 'active'),
    );
    this.#run(
      this.#build.insertInto('issuer_key').values({
        issuer: key.issuer,
        key_id: key.keyId,
        public_key: key.publicKey,
        not_before_s: key.notBeforeS,
        not_after_s: key.notAfterS,
        status: key.status,
        ceiling_exponent: key.ceilingExponent,
      }),
    );
  }
}
