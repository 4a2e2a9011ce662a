/**
 * A batch on SQLite: in one transaction what is known of the gate's log is read, core/ decides where
 * each line belongs and what it means, and everything received is written, with the jobs that follow
 * from it. When this returns, what it acknowledges is on disk.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import { genesisHash } from '@stile/protocol/gate-log.ts';
import type { BatchReply, ItemRuling } from '@stile/protocol/sync.ts';
import type { Checked, CheckedCode } from '../core/check.ts';
import { useKey } from '../core/code-use.ts';
import {
  type EarlierClaim,
  type IngestFacts,
  type Limits,
  type Ruled,
  ruleRecords,
} from '../core/ingest.ts';
import { joinWaiting, type Place, placeLines, type WaitingLine } from '../core/place.ts';
import type { Connection } from './connection.ts';
import type { Lookups } from './sqlite-lookups.ts';
import type { CheckedBatch, CheckedLine } from './store.ts';

/** Waiting lines that join in one transaction; the rest is a job. */
const JOIN_LINES_MAX = 500;

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
  readonly #facts: ReturnType<typeof createFactReader>;

  constructor(connection: Connection, lookups: Lookups) {
    this.#sql = prepare(connection.db);
    this.#facts = createFactReader(connection.db, lookups);
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

  ingest(batch: CheckedBatch, limitsNow: Limits, nowMs: number): BatchReply {
    const { gate, lines, prev } = batch;
    const epoch = this.#openEpoch(gate, batch.epoch);
    const stored = new Map<number, Uint8Array>();
    const from = batch.fromSeq;
    if (from <= epoch.lastSeq) {
      const rows = this.#sql.storedLines.all(epoch.id, from, from + lines.length - 1);
      for (const row of rows as { seq: number; line: Uint8Array }[]) stored.set(row.seq, row.line);
    }
    const places = placeLines(prev, lines, { lastSeq: epoch.lastSeq, head: epoch.head, stored });
    const fresh = lines.filter((_, index) => places[index] === 'append');
    const odd = oddLines(prev, lines, places);
    const newOdd = odd.filter(
      ({ line }) => this.#sql.isOddStored.get(epoch.id, line.seq, line.hash) === undefined,
    );
    let rulings: readonly Ruled[] = [];
    let { lastSeq } = epoch;
    if (fresh.length + newOdd.length > 0) {
      const { headerLine, sealLine, gateKeyId } = batch;
      const added = this.#sql.addBatch.run(epoch.id, headerLine, sealLine, gateKeyId, nowMs);
      const batchId = Number(added.lastInsertRowid);
      this.#keepOdd(epoch.id, batchId, newOdd, nowMs);
      const grown = fresh.map((line) => ({ line, batchId }));
      const growth = this.#grow(epoch, grown, limitsNow, nowMs);
      ({ lastSeq } = growth);
      rulings = growth.ruled;
      const seen = lines.findLast(({ checked }) => checked.kind === 'tap')?.checked;
      const tap = seen?.kind === 'tap' ? seen : undefined;
      this.#sql.sawGate.run(
        nowMs,
        tap?.trust ?? null,
        tap?.deny ?? null,
        tap?.tariff ?? null,
        gate,
      );
    }
    const lists = this.#sql.published.get() as { version: number; deny: number } | undefined;
    return {
      gate,
      epoch: batch.epoch,
      ackSeq: lastSeq,
      items: itemsOf(lines, places, rulings),
      trustVersion: lists?.version ?? 0,
      denyVersion: lists?.deny ?? 0,
    };
  }

  /** Joins what waits behind a log that has grown; returns how many lines joined. */
  join(epochId: number, limitsNow: Limits, nowMs: number): number {
    const epoch = this.#sql.readEpochById.get(epochId) as Epoch | undefined;
    return epoch === undefined ? 0 : this.#grow(epoch, [], limitsNow, nowMs).ruled.length;
  }
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
  const tap = checked.kind === 'tap' ? checked : undefined;
  const isOpen = tap?.verdict === 'open';
  const gateReason = tap?.verdict === 'refuse' ? tap.gateReason : null;
  const atMs = checked.kind === 'unreadable' ? 0 : checked.atMs;
  const ofSeq = checked.kind === 'void' ? checked.of : null;
  const outcome = isOpen ? (use === null ? reason : 'PENDING') : null;
  return [
    ...[epochId, line.seq, batchId, line.bytes, line.hash, checked.kind, tap?.verdict ?? null],
    ...[gateReason, atMs, tap?.clock ?? null, tap?.line ?? null, ofSeq, use, ruling, reason],
    ...[nowMs, outcome],
  ];
}

/** Looks up what core/ingest.ts needs to know about a set of records. */
function createFactReader(db: Connection['db'], lookups: Lookups) {
  const hasPass = db.prepare('SELECT 1 FROM pass WHERE account = ? AND serial = ?').pluck();
  const wasListed = db
    .prepare(
      `SELECT 1 FROM deny_entry WHERE id IN (?, ?) AND added_in <= ?
         AND (removed_in IS NULL OR removed_in > ?) LIMIT 1`,
    )
    .pluck();
  const claimRows = db.prepare(
    `SELECT gate, epoch, seq, at_ms AS atMs, EXISTS (
       SELECT 1 FROM record AS taken WHERE taken.use = record.use AND taken.kind = 'void'
         AND taken.epoch_id = record.epoch_id AND taken.of_seq = record.seq) AS voided
     FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE use = ? AND kind = 'tap'`,
  );
  const useOf = db
    .prepare(`SELECT use FROM record WHERE epoch_id = ? AND seq = ? AND kind = 'tap'`)
    .pluck();

  function isDenied({ issuer, account, serial }: CheckedCode, version: number): boolean {
    if (version === 0) return false;
    const ids = [denyId(issuer, account, 0), denyId(issuer, account, serial)];
    return wasListed.get(...ids, version, version) !== undefined;
  }

  function claimsOf(use: string): EarlierClaim[] {
    const rows = claimRows.all(use) as (Omit<EarlierClaim, 'voided'> & { voided: number })[];
    return rows.map((row) => ({ ...row, voided: row.voided === 1 }));
  }

  return {
    read(
      epoch: Epoch,
      records: readonly { seq: number; checked: Checked }[],
      limitsNow: Limits,
    ): IngestFacts {
      lookups.forget();
      const limits = new Map<number, Limits>();
      const passes = new Set<string>();
      const deniedAtGate = new Set<number>();
      const claims = new Map<string, EarlierClaim[]>();
      const usesBySeq = new Map<number, string>();
      const lines = new Set<string>();
      for (const { seq, checked } of records) {
        if (checked.kind === 'void') {
          const use = useOf.get(epoch.id, checked.of) as string | null | undefined;
          if (use) usesBySeq.set(checked.of, use);
          if (use) claims.set(use, claimsOf(use));
        }
        if (checked.kind !== 'tap' || checked.verdict !== 'open' || checked.problem) continue;
        const { code, trust, deny } = checked;
        const versionLimits = lookups.limitsOf(trust);
        if (versionLimits !== undefined) limits.set(trust, versionLimits);
        const { account, serial } = code;
        if (hasPass.get(account, serial) !== undefined) passes.add(`${account}/${serial}`);
        if (isDenied(code, deny)) deniedAtGate.add(seq);
        const use = useKey(code);
        claims.set(use, claimsOf(use));
        lines.add(checked.line);
      }
      const tariff = [...lines].flatMap((line) => lookups.tariffOf(line));
      const postings = lookups.postingsOf(epoch.gate);
      return { limits, limitsNow, passes, deniedAtGate, claims, usesBySeq, postings, tariff };
    },
  };
}
