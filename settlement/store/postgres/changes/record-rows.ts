/** Received records, many at once: in their log, beside it, how they ended, and which wait to be judged again. */
import type { LogChange, RecordRow } from '../../../core/logs/log-changes.ts';
import { recordRange, slotOfRecord } from '../ids.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf, lastOfEach } from './columns.ts';

const ADD = `INSERT INTO record (id, slot, epoch_id, seq, batch_id, line, hash, kind, verdict, gate_reason,
    at_ms, clock, ride_line, of_seq, use, ruling, reason, received_at_ms, outcome, ride_ms,
    ride_ms_source, stale, ceiling_cents)
  SELECT * FROM unnest($1::int8[], $2::int2[], $3::int8[], $4::int8[], $5::int8[], $6::bytea[],
    $7::bytea[], $8::text[], $9::text[], $10::text[], $11::int8[], $12::text[], $13::text[],
    $14::int8[], $15::text[], $16::text[], $17::text[], $18::int8[], $19::text[], $20::int8[],
    $21::text[], $22::int2[], $23::int8[])`;
/** Numbered within the epoch; the same once more is nothing new. */
const ADD_ODD = `INSERT INTO odd_line (id, slot, epoch_id, seq, batch_id, line, prev, hash, checked,
    received_at_ms, why)
  SELECT (SELECT coalesce(max(id), new.above) FROM odd_line AS before
      WHERE before.id > new.above AND before.id < new.below)
      + row_number() OVER (PARTITION BY epoch_id ORDER BY place),
    slot, epoch_id, seq, batch_id, line, prev, hash, checked, received_at_ms, why
  FROM unnest($1::int8[], $2::int8[], $3::int2[], $4::int8[], $5::int8[], $6::int8[], $7::bytea[],
      $8::bytea[], $9::bytea[], $10::text[], $11::int8[], $12::text[])
    WITH ORDINALITY AS new (above, below, slot, epoch_id, seq, batch_id, line, prev, hash, checked,
      received_at_ms, why, place)
  ON CONFLICT (epoch_id, seq, hash, slot) DO NOTHING`;
const SET_DISPOSITIONS = `UPDATE record SET outcome = new.outcome
  FROM unnest($1::int8[], $2::int2[], $3::text[]) AS new (id, slot, outcome)
  WHERE record.id = new.id AND record.slot = new.slot`;
const SET_RIDE_TIMES = `UPDATE record SET ride_ms = new.ride_ms, ride_ms_source = new.source,
    stale = new.stale
  FROM unnest($1::int8[], $2::int2[], $3::int8[], $4::text[], $5::int2[])
    AS new (id, slot, ride_ms, source, stale)
  WHERE record.id = new.id AND record.slot = new.slot`;
const KEEP_UNJUDGED = `INSERT INTO unjudged (record, slot, account, due)
  SELECT * FROM unnest($1::int8[], $2::int2[], $3::text[], $4::int2[])
  ON CONFLICT (record, slot) DO UPDATE SET account = excluded.account, due = excluded.due`;

type Of<Kind extends LogChange['kind']> = Extract<LogChange, { kind: Kind }>;

export class RecordRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async add(changes: readonly Of<'addRecord'>[]): Promise<void> {
    await this.#session.run(ADD, columnsOf(changes.map(({ record }) => columns(record))));
  }

  async addOdd(changes: readonly Of<'addOddRecord'>[]): Promise<void> {
    const rows = changes.map(({ record }) => [
      ...recordRange(record.epochId),
      slotOfRecord(recordRange(record.epochId)[0]),
      record.epochId,
      record.seq,
      record.batchId,
      record.bytes,
      record.prev,
      record.hash,
      JSON.stringify(record.content),
      record.receivedAtMs,
      record.why,
    ]);
    await this.#session.run(ADD_ODD, columnsOf(rows));
  }

  async setDispositions(changes: readonly Of<'setDisposition'>[]): Promise<void> {
    const rows = lastOfEach(changes, ({ record }) => record).map(({ record, disposition }) => [
      record,
      slotOfRecord(record),
      disposition,
    ]);
    await this.#session.run(SET_DISPOSITIONS, columnsOf(rows));
  }

  async setRideTimes(changes: readonly Of<'setRideTime'>[]): Promise<void> {
    const rows = lastOfEach(changes, ({ record }) => record).map(({ record, rideTime }) => [
      record,
      slotOfRecord(record),
      rideTime.atMs,
      rideTime.source,
      rideTime.isStale ? 1 : 0,
    ]);
    await this.#session.run(SET_RIDE_TIMES, columnsOf(rows));
  }

  async keepUnjudged(changes: readonly Of<'keepUnjudged'>[]): Promise<void> {
    const rows = lastOfEach(changes, ({ record }) => record).map(({ record, account, isDue }) => [
      record,
      slotOfRecord(record),
      account,
      isDue ? 1 : 0,
    ]);
    await this.#session.run(KEEP_UNJUDGED, columnsOf(rows));
  }
}

function columns(record: RecordRow): unknown[] {
  return [
    record.id,
    slotOfRecord(record.id),
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
  ];
}
