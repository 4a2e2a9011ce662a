/**
 * `taps.db`, the precious file: the gate log and the memory of what was used, in one transaction a
 * tap, durable before it returns. Rows are kept until settlement has confirmed them and the ring has
 * passed. One connection; no other program may write it.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import type { SqliteFile } from '@stile/host/durable-sqlite.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import type { Random } from '@stile/host/random.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import {
  BATCH_BYTES_MAX,
  type BatchHeader,
  type GateRecord,
  genesisHash,
  recordHash,
} from '@stile/protocol/gate-log.ts';
import type { Facts, Opening } from '../../core/admit.ts';
import type { PassName, Use } from '../../core/tap.ts';
import { openGateFile } from './sqlite.ts';
import { rewriteLog } from './taps-epoch.ts';
import { readMetaNumber, refuseOtherOwner } from './taps-meta.ts';
import { pruneTaps } from './taps-prune.ts';
import { type LogRow, prepareTaps, TAPS_SCHEMA } from './taps-tables.ts';

/** Records whose chain is checked in one go at start. */
const CHECK_RECORDS_MAX = 500;
/** Header, seal and newlines of a batch, generously. */
const BATCH_FRAME_BYTES = 2_048;
const EPOCH_BYTES = 8;
/** How full the log may get by what opens nothing: the rest is for taps that carry money. */
export const REFUSED_SHARE_MAX = 0.75;
/** A byte of the pass. */
const ALLOWANCE_MAX = 0xff;

/** A record before it is in the log; the store adds v, seq, boot and both times. */
export type RecordDraft = GateRecord extends infer R
  ? R extends GateRecord
    ? Omit<R, 'v' | 'seq' | 'boot' | 'atMs' | 'monoMs'>
    : never
  : never;

export type Stamp = { wallMs: number; monoMs: number };

/** Some records on end, as bytes; `head` is the hash of the last. */
export type LogSpan = {
  header: Omit<BatchHeader, 'lists'>;
  records: Uint8Array[];
  head: Uint8Array;
};

export type TapsStoreOptions = {
  file: string;
  gate: string;
  boot: string;
  quotaMb: number;
  unconfirmedMax: number;
  ringMax: number;
  random: Pick<Random, 'hex'>;
  /** False if no passback rule asks when an account was here: a page less to write for each tap. */
  remembersRides?: boolean;
};

/** @throws Fault STORE_CORRUPT if the file or the chain in it is damaged. */
export function openTapsStore(options: TapsStoreOptions): TapsStore {
  const db = openGateFile(options.file, TAPS_SCHEMA, options);
  try {
    return new TapsStore(db, options);
  } catch (error) {
    db.close();
    throw asStoreFault(error, options.file);
  }
}

/** What one record puts into the file. */
type Write = {
  record: Uint8Array;
  hash: Uint8Array;
  at: Stamp;
  use: Use | null;
  openAskSeq: number | null;
};

export class TapsStore {
  readonly #db: SqliteFile;
  readonly #options: TapsStoreOptions;
  readonly #statements: ReturnType<typeof prepareTaps>;
  #epoch: string;
  #genesis: Uint8Array;
  readonly #write: (write: Write) => void;
  #lastSeq: number;
  #head: Uint8Array;
  #ackSeq: number;
  #signedTimeS: number;
  #openAskSeq: number | null;

  constructor(db: SqliteFile, options: TapsStoreOptions) {
    this.#db = db;
    this.#options = options;
    this.#statements = prepareTaps(db);
    this.#epoch = this.#readEpoch();
    this.#genesis = genesisHash({ gate: options.gate, epoch: this.#epoch, sha256 });
    const last = this.#statements.readLast.get() as { seq: number; hash: Uint8Array } | undefined;
    this.#lastSeq = last?.seq ?? 0;
    this.#head = last?.hash ?? this.#genesis;
    const { file } = options;
    const past = { file, max: this.#lastSeq };
    this.#ackSeq = readMetaNumber(this.#getMeta('ack_seq'), past) ?? 0;
    this.#signedTimeS = readMetaNumber(this.#getMeta('signed_time_s'), { file }) ?? 0;
    this.#openAskSeq = readMetaNumber(this.#getMeta('open_ask'), past) ?? null;
    this.#write = db.transaction((write: Write) => {
      this.#writeRows(write);
      if (write.openAskSeq !== this.#openAskSeq) this.#saveOpenAsk(write.openAskSeq);
    });
    this.#checkChain();
  }

  get epoch(): string {
    return this.#epoch;
  }

  get lastSeq(): number {
    return this.#lastSeq;
  }

  get ackSeq(): number {
    return this.#ackSeq;
  }

  get unconfirmed(): number {
    return this.#lastSeq - this.#ackSeq;
  }

  get signedTimeS(): number {
    return this.#signedTimeS;
  }

  /** The ask that has no answer yet; there is never more than one. */
  get openAskSeq(): number | null {
    return this.#openAskSeq;
  }

  get headHash(): string {
    return toHex(this.#head);
  }

  /** Writes one record and what to remember with it; durable when it returns its seq. */
  append(draft: RecordDraft, { at, use = null }: { at: Stamp; use?: Use | null }): number {
    const { unconfirmedMax, boot } = this.#options;
    // Ending what has begun must always be possible, or a rider pays for a barrier that stayed shut.
    const begins = draft.kind === 'tap' || draft.kind === 'ask';
    const isRefused = draft.kind === 'tap' && draft.verdict === 'refuse';
    const max = isRefused ? Math.floor(unconfirmedMax * REFUSED_SHARE_MAX) : unconfirmedMax;
    if (begins && this.unconfirmed >= max) {
      throw new Fault('STORE_FULL', `${max} records wait for settlement`);
    }
    const seq = this.#lastSeq + 1;
    const openAskSeq = this.#openAskAfter(draft, seq);
    const stamp = { v: 1, seq, atMs: at.wallMs, monoMs: at.monoMs, boot };
    const record = utf8(JSON.stringify({ ...stamp, ...draft }));
    const hash = recordHash({ previous: this.#head, bytes: record, sha256 });
    this.#onDisk(() => this.#write({ record, hash, at, use, openAskSeq }));
    this.#lastSeq = seq;
    this.#head = hash;
    this.#openAskSeq = openAskSeq;
    if (use !== null && use.issuedAtS > this.#signedTimeS) this.#signedTimeS = use.issuedAtS;
    return seq;
  }

  #openAskAfter(draft: RecordDraft, seq: number): number | null {
    if (draft.kind === 'ask') {
      assert(this.#openAskSeq === null, 'an ask begins when the one before has its answer');
      return seq;
    }
    if (draft.kind !== 'answer') return this.#openAskSeq;
    assert(draft.of === this.#openAskSeq, 'an answer is that of the ask that has none');
    return null;
  }

  #saveOpenAsk(seq: number | null): void {
    if (seq === null) this.#statements.dropMeta.run('open_ask');
    else this.#setMeta('open_ask', seq);
  }

  #writeRows({ record, hash, at, use }: Write): void {
    const { insertRecord, upsertPass, insertOpening, upsertOpen } = this.#statements;
    insertRecord.run(this.#lastSeq + 1, at.wallMs, record, hash);
    if (use === null) return;
    const { issuer, account, serial, counter, expiresAtS } = use;
    const id = denyId({ issuer, account, serial });
    upsertPass.run(id, counter, expiresAtS);
    const accountId = denyId({ issuer, account, serial: 0 });
    insertOpening.run(accountId, this.#lastSeq + 1);
    if (this.#options.remembersRides !== false) {
      upsertOpen.run(accountId, at.wallMs, at.monoMs, this.#options.boot);
    }
    if (use.issuedAtS > this.#signedTimeS) this.#setMeta('signed_time_s', use.issuedAtS);
  }

  /** Up to `recordsMax` records after `afterSeq`, their chain checked on the way out of the file. */
  readSpan(afterSeq: number, recordsMax: number): LogSpan | null {
    const { file, gate } = this.#options;
    const rows = this.#statements.readRecords.all(afterSeq, recordsMax) as LogRow[];
    const first = rows[0];
    if (first === undefined) return null;
    const prev = this.#hashBefore(first.seq);
    const records: Uint8Array[] = [];
    let hash = prev;
    let bytes = BATCH_FRAME_BYTES;
    for (const row of rows) {
      bytes += row.record.length + 1;
      if (bytes > BATCH_BYTES_MAX) break;
      hash = recordHash({ previous: hash, bytes: row.record, sha256 });
      if (row.seq !== first.seq + records.length || toHex(hash) !== toHex(row.hash)) {
        throw new Fault('STORE_CORRUPT', `${file}: record ${row.seq} is damaged`);
      }
      records.push(row.record);
    }
    const toSeq = first.seq + records.length - 1;
    const header = { gate, epoch: this.epoch, fromSeq: first.seq, toSeq, prev: toHex(prev) };
    return { header: { stile: 'gate-log/1', ...header }, records, head: hash };
  }

  /** Whether `head` is this log's hash at `seq`. What is not kept any more cannot be compared: its own. */
  isOwnHead(seq: number, head: string): boolean {
    if (seq > this.#lastSeq) return false;
    const hash = seq === 0 ? this.#genesis : this.#statements.readHash.get(seq);
    return hash === undefined || toHex(hash as Uint8Array) === head;
  }

  /** No record at all, behind the last. */
  emptySpan(): LogSpan {
    const { gate } = this.#options;
    const toSeq = this.#lastSeq;
    const span = { epoch: this.epoch, fromSeq: toSeq + 1, toSeq, prev: toHex(this.#head) };
    return { header: { stile: 'gate-log/1', gate, ...span }, records: [], head: this.#head };
  }

  #hashBefore(seq: number): Uint8Array {
    if (seq === 1) return this.#genesis;
    const hash = this.#statements.readHash.get(seq - 1) as Uint8Array | undefined;
    if (hash !== undefined) return hash;
    throw new Fault('STORE_CORRUPT', `${this.#options.file}: record ${seq - 1} lost`);
  }

  /** What is remembered of a pass that has opened this gate, and of its account. */
  findUsed({ issuer, account, serial }: PassName): Pick<Facts, 'counterMax' | 'openings'> {
    const { findUsed, findOpenings } = this.#statements;
    const counterMax = findUsed.get(denyId({ issuer, account, serial })) as number | undefined;
    const accountId = denyId({ issuer, account, serial: 0 });
    const openings = findOpenings.all(accountId, ALLOWANCE_MAX) as Opening[];
    return { counterMax, openings };
  }

  findLastOpen({ issuer, account }: Pick<PassName, 'issuer' | 'account'>): Facts['lastOpen'] {
    const row = this.#statements.findOpen.get(denyId({ issuer, account, serial: 0 })) as
      | { wall_ms: number; mono_ms: number; boot: string }
      | undefined;
    if (row === undefined) return undefined;
    const sameBoot = row.boot === this.#options.boot;
    return { wallMs: row.wall_ms, monoMs: sameBoot ? row.mono_ms : undefined };
  }

  /**
   * Settlement has everything up to here; it may also go back, after a restore: as far as the
   * ring reaches. What lies before it is gone here, and settlement will see the gap. `atS`: by its clock.
   */
  acknowledge(seq: number, { atS }: { atS: number }): void {
    assert(seq <= this.#lastSeq, 'settlement confirms only what was sent');
    const acked = Math.max(seq, this.#resendFloor());
    const { acknowledgeOpenings, forgetAcknowledged } = this.#statements;
    this.#inOne(() => {
      this.#setMeta('ack_seq', acked);
      if (acked < this.#ackSeq) forgetAcknowledged.run(acked);
      acknowledgeOpenings.run(atS, acked);
    });
    this.#ackSeq = acked;
  }

  /**
   * Settlement has this log otherwise: what it has not confirmed goes into a log of its own. Not while an ask
   * is open or a barrier is being told to open: what they will store speaks of a seq.
   */
  beginEpoch(): void {
    const { gate, random } = this.#options;
    assert(this.#openAskSeq === null, 'no ask is open when a new epoch begins');
    const epoch = random.hex(EPOCH_BYTES);
    const { lastSeq, head } = this.#inOne(() => {
      const end = rewriteLog(this.#db, { gate, epoch, ackSeq: this.#ackSeq });
      this.#setMeta('epoch', epoch);
      this.#setMeta('ack_seq', 0);
      return end;
    });
    this.#lastSeq = lastSeq;
    this.#head = head;
    this.#epoch = epoch;
    this.#genesis = genesisHash({ gate, epoch, sha256 });
    this.#ackSeq = 0;
  }

  raiseSignedTime(atS: number): void {
    if (atS <= this.#signedTimeS) return;
    this.#onDisk(() => this.#setMeta('signed_time_s', atS));
    this.#signedTimeS = atS;
  }

  /**
   * The time of a trust list. A newer list of an earlier time says that the one before was signed by a wrong
   * clock: the mark falls to it, or this gate would take every code for too old until that time has come. So
   * does `isAnew`: who signed the one before is not believed any more.
   * @returns Whether the mark has fallen.
   */
  takeListTime(list: { version: number; atS: number; isAnew?: boolean }): boolean {
    const { version, atS, isAnew = false } = list;
    const lastVersion = Number(this.#getMeta('list_version') ?? 0);
    const lastS = Number(this.#getMeta('list_time_s') ?? 0);
    const isOlder = version < lastVersion || (version === lastVersion && atS <= lastS);
    if (isOlder && !isAnew) return false;
    const falls = (version > lastVersion || isAnew) && atS < lastS;
    const markS = falls ? atS : Math.max(atS, this.#signedTimeS);
    this.#inOne(() => {
      this.#setMeta('list_version', version);
      this.#setMeta('list_time_s', atS);
      this.#setMeta('signed_time_s', markS);
    });
    this.#signedTimeS = markS;
    return falls;
  }

  /** Removes confirmed records beyond the ring, and of passes and accounts what matters no more. */
  prune(wallMs: number): number {
    // The last confirmed record stays: the hash before the first unconfirmed one is in it.
    const toSeq = Math.min(this.#ackSeq, this.#lastSeq) - 1 - this.#options.ringMax;
    // A clock that ran ahead must not make the gate forget what was used: signed time bounds it.
    const sureS = Math.min(Math.floor(wallMs / 1000), this.#signedTimeS);
    return this.#onDisk(() => pruneTaps(this.#db, { toSeq, wallMs, sureS }));
  }

  /** Moves the WAL into the file. Called when idle, so that no tap pays for it. */
  checkpoint(): void {
    this.#onDisk(() => this.#db.pragma('wal_checkpoint(PASSIVE)'));
  }

  close(): void {
    this.#db.close();
  }

  #readEpoch(): string {
    const { gate, file } = this.#options;
    const known = this.#getMeta('epoch');
    const epoch = known ?? this.#options.random.hex(EPOCH_BYTES);
    if (known === undefined) {
      this.#setMeta('gate', gate);
      this.#setMeta('epoch', epoch);
    }
    refuseOtherOwner(this.#getMeta('gate'), { file, gate });
    return epoch;
  }

  /** The earliest seq after which records can still be sent: the hash before them is known. */
  #resendFloor(): number {
    const first = (this.#statements.firstSeq.get() as number | null) ?? 1;
    return first === 1 ? 0 : first;
  }

  /** Everything unconfirmed, and always the last record: the next one is chained to it. */
  #checkChain(): void {
    let at = Math.max(this.#resendFloor(), Math.min(this.#ackSeq, this.#lastSeq - 1));
    while (at < this.#lastSeq) {
      const span = this.readSpan(at, CHECK_RECORDS_MAX);
      if (span === null) {
        throw new Fault('STORE_CORRUPT', `${this.#options.file}: records after ${at} are lost`);
      }
      at = span.header.toSeq;
    }
  }

  #inOne<T>(work: () => T): T {
    return this.#onDisk(this.#db.transaction(work));
  }

  /** @throws Fault, whatever SQLite says of it. */
  #onDisk<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw asStoreFault(error, this.#options.file);
    }
  }

  #getMeta(key: string): string | undefined {
    return this.#statements.getMeta.get(key) as string | undefined;
  }

  #setMeta(key: string, value: string | number): void {
    this.#statements.setMeta.run(key, String(value));
  }
}
