/**
 * `taps.db`, the precious file: the gate log and the memory of what was used, in one transaction a
 * tap, durable before it returns. Rows are kept until settlement has confirmed them and the ring has
 * passed. One connection; no other program may write it.
 */
import { randomBytes } from 'node:crypto';
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import {
  BATCH_BYTES_MAX,
  type BatchHeader,
  type GateRecord,
  genesisHash,
  lineHash,
} from '@stile/protocol/gate-log.ts';
import type { Use } from '../core/gate.ts';
import { asStoreFault, type Connection, openDurable, type Schema } from './sqlite.ts';

/** Rows deleted in one go, so that cleaning up never holds a tap up for long. */
const PRUNE_ROWS_MAX = 500;
/** Confirmed rows are kept at least this long. */
const RING_MS = 7 * 24 * 3_600_000;
/** Header, seal and newlines of a batch, generously. */
const BATCH_FRAME_BYTES = 2_048;

export const TAPS_SCHEMA: Schema = {
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
  ],
};

/** A record without its place in the log; the store adds v, seq, boot and both times. */
export type RecordDraft = GateRecord extends infer R
  ? R extends GateRecord
    ? Omit<R, 'v' | 'seq' | 'boot' | 'atMs' | 'monoMs'>
    : never
  : never;

export type Stamp = { wallMs: number; monoMs: number };

export type LogSpan = { header: BatchHeader; lines: Uint8Array[]; head: Uint8Array };

export type TapsStoreOptions = {
  file: string;
  gate: string;
  boot: string;
  quotaMb: number;
  unconfirmedMax: number;
  ringMax: number;
  /** False where no passback rule asks when an account was here: a page less to write for each tap. */
  remembersRides?: boolean;
};

type LogRow = { seq: number; line: Uint8Array; hash: Uint8Array };

export type TapsStore = ReturnType<typeof openTapsStore>;

/** @throws Fault STORE_CORRUPT where the file or the chain in it is damaged. */
export function openTapsStore(options: TapsStoreOptions) {
  const db = openDurable(options.file, TAPS_SCHEMA, options.quotaMb);
  try {
    return storeOn(db, options);
  } catch (error) {
    db.close();
    throw asStoreFault(error, options.file);
  }
}

function storeOn(db: Connection, options: TapsStoreOptions) {
  const { file, gate, boot } = options;
  const meta = openMeta(db);
  const epoch = meta.get('epoch') ?? randomBytes(8).toString('hex');
  if (meta.get('epoch') === undefined) {
    meta.set('gate', gate);
    meta.set('epoch', epoch);
  }
  if (meta.get('gate') !== gate) {
    throw new Fault('STORE_CORRUPT', `${file} holds the log of gate ${meta.get('gate')}`);
  }
  const genesis = genesisHash(gate, epoch, sha256);
  const last = db.prepare('SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1').get() as
    | { seq: number; hash: Uint8Array }
    | undefined;
  let lastSeq = last?.seq ?? 0;
  let head: Uint8Array = last?.hash ?? genesis;
  let ackSeq = Number(meta.get('ack_seq') ?? 0);
  let signedTimeS = Number(meta.get('signed_time_s') ?? 0);

  const insertLine = db.prepare('INSERT INTO log (seq, at_ms, line, hash) VALUES (?, ?, ?, ?)');
  const upsertPass = db.prepare(
    `INSERT INTO used_pass (id, counter_max, expires_s) VALUES (?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET counter_max = excluded.counter_max,
       expires_s = max(expires_s, excluded.expires_s)`,
  );
  const upsertOpen = db.prepare(
    'INSERT OR REPLACE INTO last_open (account, wall_ms, mono_ms, boot) VALUES (?, ?, ?, ?)',
  );
  const findCounter = db.prepare('SELECT counter_max FROM used_pass WHERE id = ?').pluck();
  const findOpen = db.prepare('SELECT wall_ms, mono_ms, boot FROM last_open WHERE account = ?');
  const readHash = db.prepare('SELECT hash FROM log WHERE seq = ?').pluck();
  const firstSeq = db.prepare('SELECT min(seq) FROM log').pluck();
  const readLines = db.prepare(
    'SELECT seq, line, hash FROM log WHERE seq > ? ORDER BY seq LIMIT ?',
  );

  const write = db.transaction((line: Uint8Array, hash: Uint8Array, at: Stamp, use: Use | null) => {
    insertLine.run(lastSeq + 1, at.wallMs, line, hash);
    if (use === null) return;
    const pass = denyId(use.issuer, use.account, use.serial);
    upsertPass.run(pass, use.counter, use.expiresAtS);
    if (options.remembersRides !== false) {
      upsertOpen.run(denyId(use.issuer, use.account, 0), at.wallMs, at.monoMs, boot);
    }
    if (use.issuedAtS > signedTimeS) meta.set('signed_time_s', String(use.issuedAtS));
  });

  function append(draft: RecordDraft, at: Stamp, use: Use | null): number {
    if (lastSeq - ackSeq >= options.unconfirmedMax) {
      throw new Fault('STORE_FULL', `${options.unconfirmedMax} records wait for settlement`);
    }
    const seq = lastSeq + 1;
    const stamp = { v: 1, seq, atMs: at.wallMs, monoMs: at.monoMs, boot };
    const line = utf8(JSON.stringify({ ...stamp, ...draft }));
    const hash = lineHash(head, line, sha256);
    try {
      write(line, hash, at, use);
    } catch (error) {
      throw asStoreFault(error, file);
    }
    lastSeq = seq;
    head = hash;
    if (use !== null && use.issuedAtS > signedTimeS) signedTimeS = use.issuedAtS;
    return seq;
  }

  /** Up to `linesMax` records after `afterSeq`, their chain checked on the way out of the file. */
  function readSpan(afterSeq: number, linesMax: number): LogSpan | null {
    const rows = readLines.all(afterSeq, linesMax) as LogRow[];
    const first = rows[0];
    if (first === undefined) return null;
    const prev =
      first.seq === 1 ? genesis : (readHash.get(first.seq - 1) as Uint8Array | undefined);
    if (prev === undefined)
      throw new Fault('STORE_CORRUPT', `${file}: record ${first.seq - 1} lost`);
    const lines: Uint8Array[] = [];
    let hash = prev;
    let bytes = BATCH_FRAME_BYTES;
    for (const row of rows) {
      bytes += row.line.length + 1;
      if (bytes > BATCH_BYTES_MAX) break;
      hash = lineHash(hash, row.line, sha256);
      if (row.seq !== first.seq + lines.length || toHex(hash) !== toHex(row.hash)) {
        throw new Fault('STORE_CORRUPT', `${file}: record ${row.seq} is damaged`);
      }
      lines.push(row.line);
    }
    const toSeq = first.seq + lines.length - 1;
    const header = { gate, epoch, fromSeq: first.seq, toSeq, prev: toHex(prev) };
    return { header: { stile: 'gate-log/1', ...header }, lines, head: hash };
  }

  /** The earliest place from which records can still be sent: the hash before them is known. */
  function resendFloor(): number {
    const first = (firstSeq.get() as number | null) ?? 1;
    return first === 1 ? 0 : first;
  }

  /** Everything unconfirmed, and always the last record: the next one is chained to it. */
  function checkChain(): void {
    let at = Math.max(resendFloor(), Math.min(ackSeq, lastSeq - 1));
    while (at < lastSeq) {
      const span = readSpan(at, PRUNE_ROWS_MAX);
      if (span === null) throw new Fault('STORE_CORRUPT', `${file}: records after ${at} are lost`);
      at = span.header.toSeq;
    }
  }
  checkChain();

  return {
    epoch,
    get lastSeq() {
      return lastSeq;
    },
    get ackSeq() {
      return ackSeq;
    },
    get unconfirmed() {
      return lastSeq - ackSeq;
    },
    get signedTimeS() {
      return signedTimeS;
    },
    get headHash() {
      return toHex(head);
    },
    /** Writes one record and what to remember with it; durable when it returns its seq. */
    append,
    readSpan,
    findCounterMax(issuer: number, account: string, serial: number): number | undefined {
      return findCounter.get(denyId(issuer, account, serial)) as number | undefined;
    },
    findLastOpen(issuer: number, account: string) {
      const row = findOpen.get(denyId(issuer, account, 0)) as
        | { wall_ms: number; mono_ms: number; boot: string }
        | undefined;
      if (row === undefined) return undefined;
      return { wallMs: row.wall_ms, monoMs: row.boot === boot ? row.mono_ms : undefined };
    },
    /**
     * Settlement has everything up to here; it may also go back, after a restore: as far as the
     * ring reaches. What lies before it is gone here, and settlement will see the gap.
     */
    acknowledge(seq: number): void {
      assert(seq <= lastSeq, 'settlement confirms only what was sent');
      const acked = Math.max(seq, resendFloor());
      meta.set('ack_seq', String(acked));
      ackSeq = acked;
    },
    raiseSignedTime(atS: number): void {
      if (atS <= signedTimeS) return;
      meta.set('signed_time_s', String(atS));
      signedTimeS = atS;
    },
    /** Removes confirmed rows beyond the ring, and of passes and accounts what matters no more. */
    prune(wallMs: number): number {
      // The last confirmed row stays: the hash before the first unconfirmed one is in it.
      const removeTo = Math.min(ackSeq, lastSeq) - 1 - options.ringMax;
      const rows = db
        .prepare(
          `DELETE FROM log WHERE seq IN
             (SELECT seq FROM log WHERE seq <= ? AND at_ms < ? ORDER BY seq LIMIT ?)`,
        )
        .run(removeTo, wallMs - RING_MS, PRUNE_ROWS_MAX).changes;
      // A clock that ran ahead must not make the gate forget what was used: signed time bounds it.
      const sureS = Math.min(Math.floor(wallMs / 1000), signedTimeS);
      const passes = db
        .prepare(
          `DELETE FROM used_pass WHERE id IN
             (SELECT id FROM used_pass WHERE expires_s < ? LIMIT ?)`,
        )
        .run(sureS - RING_MS / 1000, PRUNE_ROWS_MAX).changes;
      const rides = db
        .prepare(
          `DELETE FROM last_open WHERE account IN
             (SELECT account FROM last_open WHERE wall_ms < ? LIMIT ?)`,
        )
        .run(sureS * 1000 - RING_MS, PRUNE_ROWS_MAX).changes;
      return rows + passes + rides;
    },
    /** Moves the WAL into the file. Called when idle, so that no tap pays for it. */
    checkpoint(): void {
      db.pragma('wal_checkpoint(PASSIVE)');
    },
    close(): void {
      db.close();
    },
  };
}

function openMeta(db: Connection) {
  const get = db.prepare('SELECT value FROM meta WHERE key = ?').pluck();
  const set = db.prepare('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)');
  return {
    get: (key: string) => get.get(key) as string | undefined,
    set: (key: string, value: string) => {
      set.run(key, value);
    },
  };
}

/** A boot's name in the log: 4 random bytes, because counting boots needs a file that survives. */
export function newBootId(): string {
  return randomBytes(4).toString('hex');
}
