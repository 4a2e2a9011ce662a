/**
 * The tables of `taps.db` and every statement that runs for a tap or a batch. The column `line` holds a
 * record's bytes.
 */
import type { SqliteFile } from '@stile/host/durable-sqlite.ts';
import type { GateFileSchema } from './sqlite.ts';

export const TAPS_SCHEMA: GateFileSchema = {
  applicationId: 0x53_54_50_31,
  migrations: [
    `CREATE TABLE log (
       seq INTEGER PRIMARY KEY,
       at_ms INTEGER NOT NULL,
       line BLOB NOT NULL,
       hash BLOB NOT NULL CHECK (length(hash) = 32)
     ) STRICT;
     CREATE TABLE used_pass (
       id BLOB PRIMARY KEY,
       counter_max INTEGER NOT NULL,
       expires_s INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE last_open (
       account BLOB PRIMARY KEY,
       wall_ms INTEGER NOT NULL,
       mono_ms INTEGER NOT NULL,
       boot TEXT NOT NULL
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
    `ALTER TABLE used_pass ADD COLUMN issued_s INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE used_pass ADD COLUMN opens INTEGER NOT NULL DEFAULT 0;`,
    // A seq of 0 is of an epoch that is over.
    `CREATE TABLE opening (
       id INTEGER PRIMARY KEY,
       account BLOB NOT NULL,
       seq INTEGER NOT NULL,
       acknowledged_s INTEGER
     ) STRICT;
     CREATE INDEX opening_of ON opening (account);
     CREATE INDEX opening_unsettled ON opening (seq) WHERE acknowledged_s IS NULL;
     CREATE INDEX opening_age ON opening (acknowledged_s) WHERE acknowledged_s IS NOT NULL;
     ALTER TABLE used_pass DROP COLUMN issued_s;
     ALTER TABLE used_pass DROP COLUMN opens;`,
  ],
};

export type LogRow = { seq: number; record: Uint8Array; hash: Uint8Array };

/** Every statement that runs for a tap or a batch, prepared once. */
export function prepareTaps(db: SqliteFile) {
  return {
    insertRecord: db.prepare('INSERT INTO log (seq, at_ms, line, hash) VALUES (?, ?, ?, ?)'),
    upsertPass: db.prepare(
      `INSERT INTO used_pass (id, counter_max, expires_s) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET counter_max = excluded.counter_max,
         expires_s = max(expires_s, excluded.expires_s)`,
    ),
    insertOpening: db.prepare('INSERT INTO opening (account, seq) VALUES (?, ?)'),
    findOpenings: db.prepare(
      `SELECT acknowledged_s AS acknowledgedAtS FROM opening WHERE account = ?
       ORDER BY id DESC LIMIT ?`,
    ),
    acknowledgeOpenings: db.prepare(
      'UPDATE opening SET acknowledged_s = ? WHERE acknowledged_s IS NULL AND seq <= ?',
    ),
    /** After a restore settlement does not have any more what it once had. */
    forgetAcknowledged: db.prepare(
      'UPDATE opening SET acknowledged_s = NULL WHERE acknowledged_s IS NOT NULL AND seq > ?',
    ),
    upsertOpen: db.prepare(
      'INSERT OR REPLACE INTO last_open (account, wall_ms, mono_ms, boot) VALUES (?, ?, ?, ?)',
    ),
    findUsed: db.prepare('SELECT counter_max FROM used_pass WHERE id = ?').pluck(),
    findOpen: db.prepare('SELECT wall_ms, mono_ms, boot FROM last_open WHERE account = ?'),
    readHash: db.prepare('SELECT hash FROM log WHERE seq = ?').pluck(),
    firstSeq: db.prepare('SELECT min(seq) FROM log').pluck(),
    readLast: db.prepare('SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1'),
    readRecords: db.prepare(
      'SELECT seq, line AS record, hash FROM log WHERE seq > ? ORDER BY seq LIMIT ?',
    ),
    getMeta: db.prepare('SELECT value FROM meta WHERE key = ?').pluck(),
    setMeta: db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)'),
    dropMeta: db.prepare('DELETE FROM meta WHERE key = ?'),
  };
}
