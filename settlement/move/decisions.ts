/** What persons have decided about parked records: rows that name records of gates, chained and sealed anew. */
import type { KeyedHash, SealedResolution } from '../core/money/book-seal.ts';
import { SealRows } from '../store/postgres/seals.ts';
import type { Session } from '../store/postgres/session.ts';
import type { NewIds } from './new-ids.ts';
import type { Row } from './tables.ts';

export const DECISIONS = `
  SELECT resolution.number, resolution.odd_line AS oddLine, resolution.record, how, resolution.why, by_name AS "by",
    note, resolution.at_ms AS atMs, resolution.use, resolution.line, resolution.ride_ms AS rideMs,
    resolution.ceiling_cents AS ceilingCents, fare_cents AS fareCents, tariff_version AS tariffVersion,
    adopted_record AS adoptedRecord, odd_line.epoch_id AS oddEpoch, record.epoch_id AS recordEpoch,
    record.seq AS recordSeq, adopted.epoch_id AS adoptedEpoch, adopted.seq AS adoptedSeq
  FROM resolution LEFT JOIN odd_line ON odd_line.id = resolution.odd_line
    LEFT JOIN record ON record.id = resolution.record
    LEFT JOIN record AS adopted ON adopted.id = adopted_record ORDER BY resolution.number`;
const ADD = `INSERT INTO resolution (number, odd_line, record, how, why, by_name, note, at_ms, use, line,
    ride_ms, ceiling_cents, fare_cents, tariff_version, adopted_record)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;

export async function addDecisions(
  session: Session,
  of: { page: readonly Row[]; ids: NewIds; keyedHash: KeyedHash },
): Promise<void> {
  const seals = new SealRows(session, of.keyedHash);
  for (const row of of.page) {
    const one = renamed(row, of.ids);
    const person = [
      one.number,
      one.oddLine,
      one.record,
      one.how,
      one.why,
      one.by,
      one.note,
      one.atMs,
    ];
    const money = [
      one.use,
      one.line,
      one.rideMs,
      one.ceilingCents,
      one.fareCents,
      one.tariffVersion,
    ];
    await session.run(ADD, [...person, ...money, one.adoptedRecord]);
    await seals.resolution(one);
  }
}

function renamed(row: Row, ids: NewIds): SealedResolution {
  const { oddEpoch, recordEpoch, recordSeq, adoptedEpoch, adoptedSeq, ...plain } = row;
  const record = (epoch: unknown, seq: unknown) =>
    epoch === null ? null : ids.record(Number(epoch), Number(seq));
  return {
    ...(plain as SealedResolution),
    oddLine: oddEpoch === null ? null : ids.inEpoch(Number(oddEpoch), Number(row.oddLine)),
    record: record(recordEpoch, recordSeq),
    adoptedRecord: record(adoptedEpoch, adoptedSeq),
  };
}
