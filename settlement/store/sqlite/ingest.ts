/**
 * A batch on SQLite: in one transaction what is known of the gate's log is read, core/ decides where
 * each line belongs and what it means, and everything received is written, with the jobs that follow
 * from it. When this returns, what it acknowledges is on disk.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { assert } from '@stile/protocol/fault.ts';
import { genesisHash } from '@stile/protocol/gate-log.ts';
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Checked } from '../../core/check.ts';
import { type Limits, type Ruled, ruleRecords } from '../../core/ingest.ts';
import { joinWaiting, type Place, placeLines, type WaitingLine } from '../../core/log-position.ts';
import type { CheckedBatch, CheckedLine } from '../port.ts';
import type { Connection } from './connection.ts';
import { FactReader } from './facts.ts';
import type { Lookups } from './lookups.ts';

/** Lines that one transaction stores: three or four milliseconds of the event loop. */
const TURN_LINES_MAX = 125;
/** Waiting lines that join in one transaction; the rest is a job. */
const JOIN_LINES_MAX = 64;

type Epoch = { id: number; gate: string; epoch: string; lastSeq: number; head: Uint8Array };
type Grown = { line: CheckedLine; batchId: number };
type WaitingRow = WaitingLine & { line: Uint8Array; checked: string; batchId: number };

function prepare(db: Connection['db']) {
  return {
    readEpoch: db.prepare(
      `SELECT id, gate, epoch, last_seq AS lastSeq, head FROM gate_epoch WHERE gate = ? AND epoch = ?`,
    ),
    readEpochById: db.prepare(
      `SELECT id, gate, epoch, last_seq AS lastSeq, head FROM gate_epoch WHERE id = ?`,
    ),
    addEpoch: db.prepare(
      'INSERT INTO gate_epoch (gate, epoch, last_seq, head) VALUES (?, ?, 0, ?)',
    ),
    moveEpoch: db.prepare('UPDATE gate_epoch SET last_seq = ?, head = ? WHERE id = ?'),
    storedLines: db.prepare(
      'SELECT seq, line FROM record WHERE epoch_id = ? AND seq BETWEEN ? AND ?',
    ),
    isOddStored: db
      .prepare('SELECT 1 FROM odd_line WHERE epoch_id = ? AND seq = ? AND hash = ?')
      .pluck(),
    addBatch: db.prepare(
      `INSERT INTO batch (epoch_id, header_line, seal_line, gate_key_id, received_at_ms)
     VALUES (?, ?, ?, ?, ?)`,
    ),
    addRecord: db.prepare(
      `INSERT INTO record (epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason, at_ms, clock,
       ride_line, of_seq, use, ruling, reason, received_at_ms, outcome)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addOdd: db.prepare(
      `INSERT INTO odd_line (epoch_id, seq, batch_id, line, prev, hash, checked, received_at_ms, why)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    waitingRows: db.prepare(
      `SELECT id, seq, prev, hash, line, checked, batch_id AS batchId FROM odd_line
     WHERE epoch_id = ? AND why = 'GAP' AND seq <= ? ORDER BY seq LIMIT ?`,
    ),
    setWhy: db.prepare('UPDATE odd_line SET why = ? WHERE id = ?'),
    addJob: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
     VALUES (?, ?, ?, ?, 0, ?)`,
    ),
    sawGate: db.prepare(
      `UPDATE gate SET last_sync_ms = ?, trust_seen = coalesce(?, trust_seen),
       deny_seen = coalesce(?, deny_seen), tariff_seen = coalesce(?, tariff_seen) WHERE gate = ?`,
    ),
    published: db.prepare(
      `SELECT version, payload ->> '$.deny.version' AS deny FROM trust_list
     ORDER BY version DESC LIMIT 1`,
    ),
  };
}

export class Ingester {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #facts: FactReader;

  constructor(connection: Connection, lookups: Lookups) {
    this.#sql = prepare(connection.db);
    this.#facts = new FactReader(connection, lookups);
  }

  #openEpoch(gate: string, epoch: string): Epoch {
    const known = this.#sql.readEpoch.get(gate, epoch) as Epoch | undefined;
    if (known !== undefined) return known;
    const head = genesisHash(gate, epoch, sha256);
    const id = Number(this.#sql.addEpoch.run(gate, epoch, head).lastInsertRowid);
    return { id, gate, epoch, lastSeq: 0, head };
  }

  /** Adds lines to the log, then those that waited for them, and queues what follows. */
  #grow(epoch: Epoch, added: readonly Grown[], limitsNow: Limits, nowMs: number) {
    const joined = this.#joinBehind(epoch, added);
    const grown = [...added, ...joined.lines];
    const records = grown.map(({ line }) => ({ seq: line.seq, checked: line.checked }));
    const ruled = ruleRecords(epoch, records, this.#facts.read(epoch, records, limitsNow));
    let [firstId, lastId, uses] = [0, 0, 0];
    for (const [index, { line, batchId }] of grown.entries()) {
      const ruling = ruled[index];
      assert(ruling !== undefined, 'every record has its ruling');
      lastId = Number(
        this.#sql.addRecord.run(...recordRow(epoch.id, batchId, line, ruling, nowMs))
          .lastInsertRowid,
      );
      if (firstId === 0) firstId = lastId;
      if (ruling.use !== null) uses += 1;
    }
    const last = grown.at(-1)?.line;
    if (last !== undefined) this.#sql.moveEpoch.run(last.seq, last.hash, epoch.id);
    if (uses > 0) this.#sql.addJob.run('settle', firstId - 1, lastId, '', nowMs);
    if (joined.more) this.#sql.addJob.run('join', 0, 0, String(epoch.id), nowMs);
    return { ruled, lastSeq: last?.seq ?? epoch.lastSeq };
  }

  #joinBehind(epoch: Epoch, added: readonly Grown[]): { lines: Grown[]; more: boolean } {
    const last = added.at(-1)?.line;
    const lastSeq = last?.seq ?? epoch.lastSeq;
    const upTo = lastSeq + JOIN_LINES_MAX;
    const rows = this.#sql.waitingRows.all(epoch.id, upTo, JOIN_LINES_MAX) as WaitingRow[];
    if (rows.length === 0 || (rows[0]?.seq ?? 0) > lastSeq + 1) return { lines: [], more: false };
    const hashes = new Map(added.map(({ line }) => [line.seq, line.hash]));
    const byId = new Map(rows.map((row) => [row.id, row]));
    const lines: Grown[] = [];
    const waited = joinWaiting(rows, hashes, lastSeq, last?.hash ?? epoch.head);
    for (const { line, now } of waited) {
      this.#sql.setWhy.run(WHY_AFTER[now], line.id);
      const row = byId.get(line.id);
      if (now !== 'append' || row === undefined) continue;
      const { seq, hash, batchId } = row;
      const checked = JSON.parse(row.checked) as Checked;
      lines.push({ line: { seq, bytes: row.line, hash, checked }, batchId });
    }
    return { lines, more: waited.length > 0 && rows.length === JOIN_LINES_MAX };
  }

  #keepOdd(epochId: number, batchId: number, odd: readonly OddLine[], nowMs: number) {
    for (const { line, prev, place } of odd) {
      const { seq, bytes, hash } = line;
      const checked = JSON.stringify(line.checked);
      this.#sql.addOdd.run(epochId, seq, batchId, bytes, prev, hash, checked, nowMs, WHY[place]);
    }
  }

  /** Stores a batch, or as much of its beginning as one turn may take. */
  ingest(part: BatchPart, limitsNow: Limits, nowMs: number): PartReply {
    const { gate } = part.batch;
    const epoch = this.#openEpoch(gate, part.batch.epoch);
    const { lines, places } = takeLines(part, this.#place(epoch, part));
    const fresh = lines.filter((_, index) => places[index] === 'append');
    const odd = oddLines(part.prev, lines, places).filter(
      ({ line }) => this.#sql.isOddStored.get(epoch.id, line.seq, line.hash) === undefined,
    );
    let rulings: readonly Ruled[] = [];
    let { lastSeq } = epoch;
    let { batchId } = part;
    if (fresh.length + odd.length > 0) {
      batchId ??= this.#addBatch(epoch.id, part.batch, nowMs);
      this.#keepOdd(epoch.id, batchId, odd, nowMs);
      const grown = fresh.map((line): Grown => ({ line, batchId: batchId ?? 0 }));
      ({ ruled: rulings, lastSeq } = this.#grow(epoch, grown, limitsNow, nowMs));
      this.#seeGate(gate, lines, nowMs);
    }
    const items = itemsOf(lines, places, rulings);
    return { items, ackSeq: lastSeq, batchId, rest: restOf(part, lines, batchId) };
  }

  #place(epoch: Epoch, { lines, prev }: BatchPart): readonly Place[] {
    const stored = new Map<number, Uint8Array>();
    const from = lines[0]?.seq ?? 0;
    if (from <= epoch.lastSeq) {
      const rows = this.#sql.storedLines.all(epoch.id, from, from + lines.length - 1);
      for (const row of rows as { seq: number; line: Uint8Array }[]) stored.set(row.seq, row.line);
    }
    return placeLines(prev, lines, { lastSeq: epoch.lastSeq, head: epoch.head, stored });
  }

  #addBatch(epochId: number, batch: CheckedBatch, nowMs: number): number {
    const { headerLine, sealLine, gateKeyId } = batch;
    const added = this.#sql.addBatch.run(epochId, headerLine, sealLine, gateKeyId, nowMs);
    return Number(added.lastInsertRowid);
  }

  /** What the gate had in force at its latest tap. */
  #seeGate(gate: string, lines: readonly CheckedLine[], nowMs: number): void {
    const checked = lines.findLast((line) => line.checked.kind === 'tap')?.checked;
    const tap = checked?.kind === 'tap' ? checked : undefined;
    const seen = [tap?.trust ?? null, tap?.deny ?? null, tap?.tariff ?? null];
    this.#sql.sawGate.run(nowMs, ...seen, gate);
  }

  /** What is published now: newer than what the gate has, it will fetch. */
  published(): { trustVersion: number; denyVersion: number } {
    const lists = this.#sql.published.get() as { version: number; deny: number } | undefined;
    return { trustVersion: lists?.version ?? 0, denyVersion: lists?.deny ?? 0 };
  }

  /** Joins what waits behind a log that has grown; returns how many lines joined. */
  join(epochId: number, limitsNow: Limits, nowMs: number): number {
    const epoch = this.#sql.readEpochById.get(epochId) as Epoch | undefined;
    return epoch === undefined ? 0 : this.#grow(epoch, [], limitsNow, nowMs).ruled.length;
  }
}

/** The part of a batch that is still to be stored. */
export type BatchPart = {
  batch: CheckedBatch;
  lines: readonly CheckedLine[];
  prev: Uint8Array;
  /** The stored batch, once a line of it was new. */
  batchId: number | null;
};
export type PartReply = {
  items: readonly ItemRuling[];
  ackSeq: number;
  batchId: number | null;
  rest: BatchPart | null;
};

/**
 * Only lines that are there already or continue the log, or that all wait behind the same gap, are taken
 * in turns: their beginning is as good as a batch. A fork is only known by where the batch began.
 */
function takeLines({ lines }: BatchPart, places: readonly Place[]) {
  const isPlain =
    places.every((place) => place === 'append' || place === 'duplicate') ||
    places.every((place) => place === 'gap');
  const end = isPlain ? TURN_LINES_MAX : lines.length;
  return { lines: lines.slice(0, end), places: places.slice(0, end) };
}

function restOf(
  part: BatchPart,
  taken: readonly CheckedLine[],
  batchId: number | null,
): BatchPart | null {
  const lines = part.lines.slice(taken.length);
  if (lines.length === 0) return null;
  return { batch: part.batch, lines, prev: taken.at(-1)?.hash ?? part.prev, batchId };
}

type OddLine = { line: CheckedLine; prev: Uint8Array; place: 'gap' | 'fork' | 'conflict' };

const WHY = { gap: 'GAP', fork: 'FORK', conflict: 'OTHER_BYTES' } as const;
const WHY_AFTER = {
  append: 'JOINED',
  duplicate: 'JOINED',
  conflict: 'OTHER_BYTES',
  fork: 'FORK',
} as const;

function oddLines(
  prev: Uint8Array,
  lines: readonly CheckedLine[],
  places: readonly Place[],
): OddLine[] {
  const odd: OddLine[] = [];
  for (const [index, line] of lines.entries()) {
    const place = places[index];
    if (place !== 'gap' && place !== 'fork' && place !== 'conflict') continue;
    odd.push({ line, prev: lines[index - 1]?.hash ?? prev, place });
  }
  return odd;
}

function itemsOf(
  lines: readonly CheckedLine[],
  places: readonly Place[],
  rulings: readonly Ruled[],
): ItemRuling[] {
  const ruledBySeq = new Map(rulings.map((ruled) => [ruled.seq, ruled]));
  return lines.map(({ seq }, index): ItemRuling => {
    const place = places[index];
    if (place === 'duplicate') return { seq, ruling: 'duplicate' };
    if (place === 'conflict') return { seq, ruling: 'conflict', reason: 'OTHER_BYTES' };
    if (place === 'gap') return { seq, ruling: 'parked', reason: 'GAP' };
    if (place === 'fork') return { seq, ruling: 'parked', reason: 'FORK' };
    const ruled = ruledBySeq.get(seq);
    assert(ruled !== undefined, 'an appended line was ruled on');
    const { ruling, reason } = ruled;
    return reason === null ? { seq, ruling } : { seq, ruling, reason };
  });
}

function recordRow(
  epochId: number,
  batchId: number,
  line: CheckedLine,
  { checked, ruling, reason, use }: Ruled,
  nowMs: number,
): (string | number | Uint8Array | null)[] {
  const judged = checked.kind === 'tap' || checked.kind === 'answer' ? checked : undefined;
  const verdict = judged?.verdict ?? null;
  const gateReason = judged?.verdict === 'refuse' ? judged.gateReason : null;
  const clock = 'clock' in checked ? checked.clock : null;
  const rideLine = 'line' in checked ? checked.line : null;
  const atMs = checked.kind === 'unreadable' ? 0 : checked.atMs;
  const ofSeq = 'of' in checked ? checked.of : null;
  const isOpenTap = checked.kind === 'tap' && verdict === 'open';
  const isUseless = use === null && (isOpenTap || checked.kind === 'answer');
  const isEnded = checked.kind === 'unreadable' || isUseless;
  // An answer that opened waits for its payment to be found, as a tap does for its charge.
  const isPending = verdict === 'open';
  const outcome = isEnded ? reason : isPending ? 'PENDING' : null;
  return [
    ...[epochId, line.seq, batchId, line.bytes, line.hash, checked.kind, verdict],
    ...[gateReason, atMs, clock, rideLine, ofSeq, use, ruling, reason],
    ...[nowMs, outcome],
  ];
}
