/**
 * The deny list in a SQLite file of its own: exact ids, one index look-up, no filter. A change becomes
 * visible in one instant although it is written in small transactions: each row says from which list
 * version on it counts, and only the last transaction moves the version in force. So a delta is
 * applied whole or not at all, and no tap waits for more than a few hundred rows.
 */
import { rmSync } from 'node:fs';
import { sha256 } from '@stile/crypto/sign.ts';
import { type SqliteFile, stamp } from '@stile/host/durable-sqlite.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import { syncPath } from '@stile/host/private-files.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import {
  DENY_ID_BYTES,
  denyId,
  EMPTY_SET_DIGEST,
  isTakenStep,
  saltedDigest,
  updateSetDigest,
} from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { DenyDelta, DenyHead, DenyVersion } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import type { PassName } from '../../core/tap.ts';
import { type GateFileSchema, openGateFile } from './sqlite.ts';

/** Rows written in one transaction: at 1 M entries the longest takes a few milliseconds. */
const ROWS_PER_TRANSACTION = 500;

export const DENY_SCHEMA: GateFileSchema = {
  applicationId: 0x53_54_44_31,
  migrations: [
    `CREATE TABLE deny (
       id BLOB PRIMARY KEY CHECK (length(id) = ${DENY_ID_BYTES}),
       added_in INTEGER NOT NULL,
       removed_in INTEGER
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE head (
       one INTEGER PRIMARY KEY CHECK (one = 1),
       version INTEGER NOT NULL,
       count INTEGER NOT NULL,
       set_digest TEXT NOT NULL,
       applying INTEGER
     ) STRICT;
     INSERT INTO head VALUES (1, 0, 0, '${EMPTY_SET_DIGEST}', NULL);`,
    // `set_digest` is that of the ids; this is what the trust list says of them.
    `ALTER TABLE head ADD COLUMN salted_digest TEXT NOT NULL DEFAULT '';
     UPDATE head SET salted_digest = set_digest;`,
  ],
};

const WRONG_SALT = 'its salt does not lead to its set digest';

/** A whole list: its head, and its sorted ids on end. */
export type DenySnapshot = { head: DenyVersion; body: Uint8Array };

type HeadRow = {
  version: number;
  count: number;
  set_digest: string;
  salted_digest: string;
  applying: number | null;
};

/** Opens a deny file, or makes an empty one (version 0). */
export function openDenyFile(file: string): DenyFile {
  const db = openGateFile(file, DENY_SCHEMA);
  try {
    return new DenyFile(file, db);
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepare(db: SqliteFile) {
  return {
    readHead: db.prepare('SELECT version, count, set_digest, salted_digest, applying FROM head'),
    find: db
      .prepare(
        `SELECT 1 FROM deny WHERE id IN (?, ?) AND added_in <= ?
           AND (removed_in IS NULL OR removed_in > ?) LIMIT 1`,
      )
      .pluck(),
    add: db.prepare('INSERT OR REPLACE INTO deny (id, added_in) VALUES (?, ?)'),
    remove: db.prepare('UPDATE deny SET removed_in = ? WHERE id = ?'),
    drop: db.prepare('DELETE FROM deny WHERE id = ? AND removed_in <= ?'),
    page: db
      .prepare(
        `SELECT id FROM deny WHERE id > ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)
           ORDER BY id LIMIT ${ROWS_PER_TRANSACTION}`,
      )
      .pluck(),
  };
}

export class DenyFile {
  readonly file: string;
  readonly #db: SqliteFile;
  readonly #statements: ReturnType<typeof prepare>;
  #row: HeadRow;
  #isDamaged = false;

  constructor(file: string, db: SqliteFile) {
    this.file = file;
    this.#db = db;
    this.#statements = prepare(db);
    this.#row = this.#readRow();
    checkHead(this.#row, file);
    this.#undoInterrupted();
  }

  /** As the trust list names it. */
  get head(): DenyHead {
    const { version, count, salted_digest: setDigest } = this.#row;
    return { version, count, setDigest };
  }

  /** A page was met that cannot be read, or ids that are not those of the list: nothing here is believed any more. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /**
   * Whether this pass, or its whole account, is on the list in force.
   * @throws Fault STORE_CORRUPT if that cannot be said.
   */
  isDenied({ issuer, account, serial }: PassName): boolean {
    try {
      return this.#isEither(
        denyId({ issuer, account, serial: 0 }),
        denyId({ issuer, account, serial }),
      );
    } catch (error) {
      throw this.#noteDamage(error);
    }
  }

  /**
   * Reads every id and compares their digest with the head's, in pieces: SQLite does not see that an id was changed.
   * Ends without a word if a step comes in between.
   * @throws Fault STORE_CORRUPT
   */
  async check(pause: () => Promise<void>): Promise<void> {
    const { version, count, set_digest: expected } = this.#row;
    let [found, digest, last] = [0, EMPTY_SET_DIGEST, new Uint8Array(0)];
    for (;;) {
      const ids = this.#readPage(last, version);
      digest = updateSetDigest(digest, { adds: ids, removes: [], sha256 });
      found += ids.length;
      last = ids.at(-1) ?? last;
      if (ids.length < ROWS_PER_TRANSACTION) break;
      await pause();
      if (!this.#db.open || this.#row.version !== version) return;
    }
    if (found === count && digest === expected) return;
    const why = `${this.file} has ${found} ids, which are not the ${count} of its list`;
    throw this.#noteDamage(new Fault('STORE_CORRUPT', why));
  }

  #readPage(after: Uint8Array, version: number): Uint8Array<ArrayBuffer>[] {
    try {
      return this.#statements.page.all(after, version, version) as Uint8Array<ArrayBuffer>[];
    } catch (error) {
      throw this.#noteDamage(error);
    }
  }

  #noteDamage(error: unknown): Fault {
    const fault = asStoreFault(error, this.file);
    this.#isDamaged ||= fault.code === 'STORE_CORRUPT';
    return fault;
  }

  #isEither(one: Uint8Array, other: Uint8Array): boolean {
    const { version } = this.#row;
    return this.#statements.find.get(one, other, version, version) !== undefined;
  }

  close(): void {
    this.#db.close();
  }

  /**
   * Applies a delta whole or not at all, in pieces; `pause` is waited for between them.
   * @throws Fault LIST_REFUSED if the delta does not fit; then nothing has changed.
   */
  async applyDelta(delta: DenyDelta, pause: () => Promise<void>): Promise<void> {
    this.#refuseMisfit(delta);
    const removes: Uint8Array[][] = [];
    const adds: Uint8Array[][] = [];
    let digest = this.#row.set_digest;
    for (const piece of pieces(delta.removes)) {
      const ids = piece.map(idOf);
      digest = updateSetDigest(digest, { adds: [], removes: ids, sha256 });
      removes.push(ids);
      await pause();
    }
    for (const piece of pieces(delta.adds)) {
      const ids = piece.map(idOf);
      digest = updateSetDigest(digest, { adds: ids, removes: [], sha256 });
      adds.push(ids);
      await pause();
    }
    if (digest !== delta.idsDigest) throw mismatch('the digest after the step is not what it says');
    try {
      // Of one before, for which there was no room.
      this.#undoInterrupted();
      this.#db.prepare('UPDATE head SET applying = ?').run(delta.version);
      this.#row = this.#readRow();
      for (const ids of removes) {
        this.#removeRows(ids, delta.version);
        await pause();
      }
      for (const ids of adds) {
        this.#addRows(ids, delta.version);
        await pause();
      }
      writeHead(this.#db, delta);
    } catch (error) {
      const fault = this.#noteDamage(error);
      // What could not be written will not be taken back either; it was never visible, and goes before the next delta.
      if (!this.#isDamaged && fault.code !== 'STORE_FULL') this.#undoInterrupted();
      throw fault;
    }
    this.#row = this.#readRow();
    // By id: looking for all that is outdated would read the whole table in one go.
    for (const ids of removes) {
      this.#dropRows(ids);
      await pause();
    }
  }

  /** Refuses before anything is written what cannot be meant for this list. */
  #refuseMisfit(delta: DenyDelta): void {
    const { version, count } = this.#row;
    if (delta.from !== version) {
      throw mismatch(`it begins at version ${delta.from}, here is ${version}`);
    }
    // Rows count from their version on: an equal or older one would show before the step is whole.
    if (delta.version <= delta.from) throw mismatch(`it leads from ${delta.from} to no later one`);
    if (!isTakenStep({ version, count }, delta)) {
      throw mismatch(`from ${count} to ${delta.count} entries without the operator's force`);
    }
    if (!isSalted(delta)) throw mismatch(WRONG_SALT);
    const { adds, removes } = delta;
    if (new Set([...adds, ...removes]).size !== adds.length + removes.length) {
      throw mismatch('an id stands in it twice');
    }
    if (count + adds.length - removes.length !== delta.count) {
      throw mismatch('the count after the step is not what it says');
    }
  }

  #addRows(ids: readonly Uint8Array[], version: number): void {
    this.#db.transaction(() => {
      for (const id of ids) {
        if (this.#isEither(id, id)) throw mismatch(`${toHex(id)} is on the list already`);
        this.#statements.add.run(id, version);
      }
    })();
  }

  #removeRows(ids: readonly Uint8Array[], version: number): void {
    this.#db.transaction(() => {
      for (const id of ids) {
        if (!this.#isEither(id, id)) throw mismatch(`${toHex(id)} is not on the list`);
        this.#statements.remove.run(version, id);
      }
    })();
  }

  #dropRows(ids: readonly Uint8Array[]): void {
    try {
      this.#db.transaction(() => {
        for (const id of ids) this.#statements.drop.run(id, this.#row.version);
      })();
    } catch (error) {
      throw this.#noteDamage(error);
    }
  }

  /** Takes back what an interrupted delta has written; it was never visible. */
  #undoInterrupted(): void {
    if (this.#row.applying === null) return;
    const { version } = this.#row;
    this.#db.transaction(() => {
      this.#db.prepare('UPDATE deny SET removed_in = NULL WHERE removed_in > ?').run(version);
      this.#db.prepare('DELETE FROM deny WHERE added_in > ?').run(version);
      this.#db.prepare('UPDATE head SET applying = NULL').run();
    })();
    this.#row = this.#readRow();
  }

  #readRow(): HeadRow {
    return this.#statements.readHead.get() as HeadRow;
  }
}

/** Before anybody is let in by it. */
function checkHead(row: HeadRow | undefined, file: string): void {
  const isHead =
    row !== undefined &&
    row.version >= 0 &&
    row.count >= 0 &&
    [row.set_digest, row.salted_digest].every((digest) => /^[\da-f]{64}$/.test(digest));
  if (!isHead) throw new Fault('STORE_CORRUPT', `${file} has no head of a deny list`);
}

/** In one statement: the new version comes into force with it. */
function writeHead(db: SqliteFile, { version, count, idsDigest, setDigest }: DenyVersion): void {
  db.prepare(
    `UPDATE head SET version = ?, count = ?, set_digest = ?, salted_digest = ?, applying = NULL`,
  ).run(version, count, idsDigest, setDigest);
}

/** Whether what the trust list says of a version is said of these ids. */
function isSalted({ idsDigest, salt, setDigest }: DenyVersion): boolean {
  return saltedDigest(idsDigest, { salt, sha256 }) === setDigest;
}

function* pieces<T>(all: readonly T[]): Generator<T[]> {
  for (let at = 0; at < all.length; at += ROWS_PER_TRANSACTION) {
    yield all.slice(at, at + ROWS_PER_TRANSACTION);
  }
}

function idOf(hex: string): Uint8Array {
  const id = fromHex(hex, DENY_ID_BYTES);
  if (id === undefined) throw mismatch(`${hex} is no id`);
  return id;
}

function mismatch(why: string): Fault {
  return new Fault('LIST_REFUSED', `deny delta refused: ${why}`);
}

/**
 * Writes a new deny file from a checked snapshot body (sorted ids, nothing else) beside the one in
 * use. It is on disk when this returns; the caller renames and swaps it.
 */
export async function buildDenyFile(
  file: string,
  { head, body, pause }: DenySnapshot & { pause: () => Promise<void> },
): Promise<void> {
  if (!isSalted(head)) throw new Fault('LIST_REFUSED', `deny snapshot refused: ${WRONG_SALT}`);
  rmSync(file, { force: true });
  const db = new Database(file);
  try {
    // Nobody reads this file before it is whole, so it needs no journal; fsync comes at the end.
    db.pragma('journal_mode = OFF');
    db.pragma('synchronous = OFF');
    for (const statements of DENY_SCHEMA.migrations) db.exec(statements);
    stamp(db, { applicationId: DENY_SCHEMA.applicationId, version: DENY_SCHEMA.migrations.length });
    const insert = db.prepare('INSERT INTO deny (id, added_in) VALUES (?, ?)');
    const insertRows = db.transaction((from: number, to: number) => {
      for (let at = from; at < to; at += DENY_ID_BYTES) {
        insert.run(body.subarray(at, at + DENY_ID_BYTES), head.version);
      }
    });
    const chunkBytes = ROWS_PER_TRANSACTION * DENY_ID_BYTES;
    for (let at = 0; at < body.length; at += chunkBytes) {
      insertRows(at, Math.min(body.length, at + chunkBytes));
      await pause();
    }
    writeHead(db, head);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).includes('CONSTRAINT')) {
      throw new Fault('LIST_REFUSED', 'deny snapshot refused: an id stands in it twice', {
        cause: error,
      });
    }
    // Half a list is of no use, and may have taken the last of the room.
    rmSync(file, { force: true });
    throw asStoreFault(error, file);
  } finally {
    db.close();
  }
  try {
    syncPath(file);
  } catch (error) {
    throw asStoreFault(error, file);
  }
}
