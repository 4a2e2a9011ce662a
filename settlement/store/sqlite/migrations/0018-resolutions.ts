/**
 * What a person has decided about a parked record, for ever; records beside the logs can be adopted or written off,
 * and an epoch says where it begins if it was adopted. The seal of the books has a second chain, over resolutions.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

const ODD_LINES = [
  `CREATE TABLE odd_line_next (
     id INTEGER PRIMARY KEY, epoch_id INTEGER NOT NULL, seq INTEGER NOT NULL, batch_id INTEGER NOT NULL,
     line BLOB NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL, checked TEXT NOT NULL,
     received_at_ms INTEGER NOT NULL,
     why TEXT NOT NULL CHECK (why IN ('GAP', 'FORK', 'OTHER_BYTES', 'JOINED', 'ADOPTED', 'WRITTEN_OFF')),
     UNIQUE (epoch_id, seq, hash)) STRICT`,
  `INSERT INTO odd_line_next SELECT * FROM odd_line`,
  `DROP TABLE odd_line`,
  `ALTER TABLE odd_line_next RENAME TO odd_line`,
  `CREATE INDEX odd_line_waiting ON odd_line (epoch_id, seq) WHERE why = 'GAP'`,
  `CREATE TRIGGER odd_line_no_update
     BEFORE UPDATE OF id, epoch_id, seq, batch_id, line, prev, hash, checked, received_at_ms ON odd_line
     BEGIN SELECT RAISE(ABORT, 'odd_line is append-only'); END`,
  `CREATE TRIGGER odd_line_no_delete BEFORE DELETE ON odd_line
     BEGIN SELECT RAISE(ABORT, 'odd_line is append-only'); END`,
];

const RESOLUTIONS = [
  `CREATE TABLE resolution (
     number INTEGER PRIMARY KEY, odd_line INTEGER REFERENCES odd_line, record INTEGER REFERENCES record,
     how TEXT NOT NULL CHECK (how IN ('REPLAY', 'ADOPT', 'ACCEPT', 'WRITE_OFF')), why TEXT NOT NULL,
     by_name TEXT NOT NULL, note TEXT NOT NULL, at_ms INTEGER NOT NULL,
     use TEXT, line TEXT, ride_ms INTEGER, ceiling_cents INTEGER,
     fare_cents INTEGER CHECK (fare_cents >= 0), tariff_version INTEGER, adopted_record INTEGER REFERENCES record,
     CHECK ((odd_line IS NULL) <> (record IS NULL)), UNIQUE (odd_line, how), UNIQUE (record, how)) STRICT`,
  `CREATE UNIQUE INDEX resolution_use ON resolution (use) WHERE fare_cents IS NOT NULL`,
  `CREATE TRIGGER resolution_no_update BEFORE UPDATE ON resolution
     BEGIN SELECT RAISE(ABORT, 'resolution is append-only'); END`,
  `CREATE TRIGGER resolution_no_delete BEFORE DELETE ON resolution
     BEGIN SELECT RAISE(ABORT, 'resolution is append-only'); END`,
];

const SEALS = [
  `CREATE TABLE book_seal_next (
     name TEXT PRIMARY KEY CHECK (name IN ('ledger', 'resolutions')), last_number INTEGER NOT NULL,
     link BLOB NOT NULL CHECK (length(link) = 32)) STRICT, WITHOUT ROWID`,
  `INSERT INTO book_seal_next SELECT * FROM book_seal`,
  `DROP TABLE book_seal`,
  `ALTER TABLE book_seal_next RENAME TO book_seal`,
];

export const RESOLUTIONS_TABLE: DurableMigration = {
  name: '0018-resolutions',
  statements: [
    ...ODD_LINES,
    `ALTER TABLE gate_epoch ADD COLUMN branch_of INTEGER`,
    `ALTER TABLE gate_epoch ADD COLUMN base_seq INTEGER`,
    `ALTER TABLE gate_epoch ADD COLUMN base_hash BLOB`,
    ...RESOLUTIONS,
    ...SEALS,
  ],
};
