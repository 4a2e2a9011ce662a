/** What the audit reads of gates' records, their logs, batches and keys, on SQLite. It only reads. */

import type { AuditReader, RecordRow } from '../../../audit/port.ts';
import { BASE_EPOCH } from '../../named-record.ts';
import type { Connection } from '../connection.ts';
import { mappedRowsOf, rowsOf } from './pages.ts';

type RecordTable =
  | 'records'
  | 'codes'
  | 'issuerKeys'
  | 'strayRecords'
  | 'epochs'
  | 'batches'
  | 'strayRecordsOf'
  | 'log';

const RECORDS = `
  SELECT record.id, kind, verdict, outcome AS disposition, record.reason, record.use,
    charge.record AS chargeRecord, charge.state AS chargeState
  FROM record LEFT JOIN charge ON charge.use = record.use ORDER BY record.id`;
type StoredRecord = Omit<RecordRow, 'charge'> & {
  chargeRecord: number | null;
  chargeState: string;
};

export function readRecordTables({ db }: Connection): Pick<AuditReader, RecordTable> {
  return {
    records: () => mappedRowsOf(db, { sql: RECORDS, toRow: toRecord }),
    codes: () =>
      rowsOf(db, {
        sql: `SELECT id, seq, line AS bytes, hash FROM record
              WHERE use IS NOT NULL AND kind = 'tap' ORDER BY id`,
      }),
    issuerKeys: () =>
      rowsOf(db, {
        sql: `SELECT issuer, key_id AS keyId, public_key AS publicKey, not_before_s AS notBeforeS,
                not_after_s AS notAfterS, status, ceiling_exponent AS ceilingExponent
              FROM issuer_key`,
      }),
    strayRecords: () => rowsOf(db, { sql: 'SELECT id, seq, hash, why FROM odd_line' }),
    epochs: () =>
      rowsOf(db, {
        sql: `SELECT id, gate, epoch, last_seq AS lastSeq, head, seal,
                branch_of AS branchOf, base_seq AS baseSeq, base_hash AS baseHash,
                ${BASE_EPOCH} AS baseEpoch
              FROM gate_epoch AS branch ORDER BY gate, id`,
      }),
    batches: (epochId) =>
      rowsOf(db, {
        sql: `SELECT batch.id, header_line AS headerBytes, seal_line AS sealBytes,
                public_key AS publicKey
              FROM batch JOIN gate_key ON gate_key.id = gate_key_id WHERE epoch_id = ?`,
        parameters: [epochId],
      }),
    strayRecordsOf: (epochId) =>
      rowsOf(db, {
        sql: 'SELECT id, seq, hash, why FROM odd_line WHERE epoch_id = ?',
        parameters: [epochId],
      }),
    log: (epochId) =>
      rowsOf(db, {
        sql: `SELECT id, id AS arrival, seq, line AS bytes, hash, kind, verdict, gate_reason AS gateReason, at_ms AS atMs,
                clock, ride_line AS line, reason, outcome AS disposition, use, of_seq AS ofSeq,
                ride_ms AS rideMs, ride_ms_source AS rideMsSource, stale, ceiling_cents AS ceilingCents,
                received_at_ms AS receivedAtMs
              FROM record WHERE epoch_id = ? ORDER BY seq`,
        parameters: [epochId],
      }),
  };
}

function toRecord({ chargeRecord, chargeState, ...record }: StoredRecord): RecordRow {
  const charge = chargeRecord === null ? null : { record: chargeRecord, state: chargeState };
  return { ...record, charge };
}
