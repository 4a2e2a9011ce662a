/** Gates' logs, written as the changes say. */
import type { LogChange, RecordRow } from '../../../core/logs/log-changes.ts';
import type { RideTime } from '../../../core/logs/ride-time.ts';
import type { Connection } from '../connection.ts';
import type { SealRows } from '../seals.ts';

function prepare(db: Connection['db']) {
  return {
    addEpoch: db.prepare(
      `INSERT INTO gate_epoch (id, gate, epoch, last_seq, head, gate_key_id, branch_of, base_seq, base_hash)
       VALUES (@id, @gate, @epoch, @lastSeq, @head, @gateKeyId, @branchOf, @baseSeq, @baseHash)`,
    ),
    moveEpoch: db.prepare(
      'UPDATE gate_epoch SET last_seq = ?, head = ?, clock_anchor = ? WHERE id = ?',
    ),
    addBatch: db.prepare(
      `INSERT INTO batch (id, epoch_id, header_line, seal_line, gate_key_id, received_at_ms)
       VALUES (@id, @epochId, @headerBytes, @sealBytes, @gateKeyId, @receivedAtMs)`,
    ),
    addRecord: db.prepare(
      `INSERT INTO record (id, epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason, at_ms,
         clock, ride_line, of_seq, use, ruling, reason, received_at_ms, outcome,
         ride_ms, ride_ms_source, stale, ceiling_cents)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    addOdd: db.prepare(
      `INSERT INTO odd_line (epoch_id, seq, batch_id, line, prev, hash, checked, received_at_ms, why)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    setWhy: db.prepare('UPDATE odd_line SET why = ? WHERE id = ?'),
    noteGate: db.prepare(
      `UPDATE gate SET last_sync_ms = @atMs, trust_seen = coalesce(@trust, trust_seen),
         deny_seen = coalesce(@deny, deny_seen), tariff_seen = coalesce(@tariff, tariff_seen),
         deny_at_s = coalesce(@denyAtS, deny_at_s), lists_stage = coalesce(@stage, lists_stage),
         root_generation = coalesce(@generation, root_generation),
         root_number = coalesce(@number, root_number), root_floor = coalesce(@floor, root_floor)
       WHERE gate = @gate`,
    ),
    setUse: db.prepare(
      `UPDATE record SET use = ?, ride_ms = coalesce(?, ride_ms),
         ride_ms_source = coalesce(?, ride_ms_source), stale = coalesce(?, stale), ceiling_cents = coalesce(?, ceiling_cents)
       WHERE id = ? AND use IS NULL`,
    ),
    setRideTime: db.prepare(
      'UPDATE record SET ride_ms = ?, ride_ms_source = ?, stale = ? WHERE id = ?',
    ),
    keepUnjudged: db.prepare(
      `INSERT INTO unjudged (record, account, due) VALUES (?, ?, ?)
       ON CONFLICT (record) DO UPDATE SET account = excluded.account, due = excluded.due`,
    ),
    dropUnjudged: db.prepare('DELETE FROM unjudged WHERE record = ?'),
    judgeAgain: db.prepare('UPDATE unjudged SET due = 1 WHERE account = ?'),
    judgeAllAgain: db.prepare('UPDATE unjudged SET due = 1'),
    setDisposition: db.prepare('UPDATE record SET outcome = ? WHERE id = ?'),
  };
}

type UnjudgedChange = Extract<
  LogChange,
  { kind: 'setUse' | 'setRideTime' | 'keepUnjudged' | 'dropUnjudged' | 'judgeAgain' }
>;

export class LogRows {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #seals: SealRows;

  constructor({ db }: Connection, seals: SealRows) {
    this.#sql = prepare(db);
    this.#seals = seals;
  }

  write(change: LogChange): void {
    switch (change.kind) {
      case 'addEpoch':
        this.#addEpoch(change);
        this.#seals.epoch(change.id);
        break;
      case 'moveEpoch':
        this.#moveEpoch(change);
        this.#seals.epoch(change.id);
        break;
      case 'addBatch':
        this.#sql.addBatch.run(change);
        break;
      case 'addRecord':
        this.#addRecord(change.record);
        break;
      case 'addOddRecord':
        this.#addOdd(change.record);
        break;
      case 'setOddWhy':
        this.#sql.setWhy.run(change.why, change.id);
        break;
      case 'noteGate': {
        const { root, ...rest } = change;
        const { generation = null, number = null, floor = null } = root ?? {};
        this.#sql.noteGate.run({ ...rest, generation, number, floor });
        break;
      }
      case 'setDisposition':
        this.#sql.setDisposition.run(change.disposition, change.record);
        break;
      default:
        this.#writeUnjudged(change);
    }
  }

  #writeUnjudged(change: UnjudgedChange): void {
    const { setUse, setRideTime, keepUnjudged, dropUnjudged, judgeAgain, judgeAllAgain } =
      this.#sql;
    switch (change.kind) {
      case 'setUse': {
        const { use, rideTime, ceilingCents, record } = change;
        setUse.run(use, ...rideTimeColumns(rideTime), ceilingCents, record);
        break;
      }
      case 'setRideTime':
        setRideTime.run(...rideTimeColumns(change.rideTime), change.record);
        break;
      case 'keepUnjudged':
        keepUnjudged.run(change.record, change.account, change.isDue ? 1 : 0);
        break;
      case 'dropUnjudged':
        dropUnjudged.run(change.record);
        break;
      case 'judgeAgain':
        if (change.account === null) judgeAllAgain.run();
        else judgeAgain.run(change.account);
        break;
    }
  }

  /** What was adopted begins where its first record does. */
  #addEpoch({ base, ...epoch }: Extract<LogChange, { kind: 'addEpoch' }>): void {
    this.#sql.addEpoch.run({
      ...epoch,
      lastSeq: base?.baseSeq ?? 0,
      branchOf: base?.of ?? null,
      baseSeq: base?.baseSeq ?? null,
      baseHash: base === null ? null : epoch.head,
    });
  }

  #moveEpoch({ id, lastSeq, head, anchor }: Extract<LogChange, { kind: 'moveEpoch' }>): void {
    const stored = anchor === null ? null : JSON.stringify(anchor);
    this.#sql.moveEpoch.run(lastSeq, head, stored, id);
  }

  /** By position, because this is written once for every tap. */
  #addRecord(record: RecordRow): void {
    this.#sql.addRecord.run(
      record.id,
      record.epochId,
      record.seq,
      record.batchId,
      record.bytes,
      record.hash,
      record.kind,
      record.verdict,
      record.gateReason,
      record.atMs,
      record.clock,
      record.line,
      record.ofSeq,
      record.use,
      record.ruling,
      record.reason,
      record.receivedAtMs,
      record.disposition,
      record.rideTime?.atMs ?? null,
      record.rideTime?.source ?? null,
      record.rideTime?.isStale ? 1 : 0,
      record.ceilingCents,
    );
  }

  #addOdd(record: Extract<LogChange, { kind: 'addOddRecord' }>['record']): void {
    this.#sql.addOdd.run(
      record.epochId,
      record.seq,
      record.batchId,
      record.bytes,
      record.prev,
      record.hash,
      JSON.stringify(record.content),
      record.receivedAtMs,
      record.why,
    );
  }
}

/** Time, source and staleness; null where there is none. */
function rideTimeColumns(
  rideTime: RideTime | null,
): [number | null, RideTime['source'] | null, number | null] {
  if (rideTime === null) return [null, null, null];
  return [rideTime.atMs, rideTime.source, rideTime.isStale ? 1 : 0];
}
