/** A gate's log as far as it is stored: where it ends, what stands in it, what waits beside it. */

import type { BatchPart } from '../../../core/logs/batch.ts';
import { completeContent, type RecordContent } from '../../../core/logs/check-record.ts';
import type { UnjudgedRecord } from '../../../core/logs/judge-again.ts';
import {
  type EpochRow,
  JOIN_RECORDS_MAX,
  type LogFacts,
  oddKey,
  type WaitingRecord,
} from '../../../core/logs/placement.ts';
import type { ClockAnchor } from '../../../core/logs/ride-time.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { Connection } from '../connection.ts';

type StoredRow = { seq: number; bytes: Uint8Array };
type WaitingRow = Omit<WaitingRecord, 'content'> & { checked: string };

type StoredEpoch = Omit<EpochRow, 'anchor'> & { anchor: string | null };

function withAnchor({ anchor, ...row }: StoredEpoch): EpochRow {
  return { ...row, anchor: anchor === null ? null : (JSON.parse(anchor) as ClockAnchor) };
}

function prepare(db: Connection['db']) {
  return {
    epoch: db.prepare(
      `SELECT id, last_seq AS lastSeq, head, gate_key_id AS gateKeyId, clock_anchor AS anchor
       FROM gate_epoch WHERE gate = ? AND epoch = ?`,
    ),
    epochById: db.prepare(
      `SELECT gate, epoch, id, last_seq AS lastSeq, head, gate_key_id AS gateKeyId,
         clock_anchor AS anchor FROM gate_epoch WHERE id = ?`,
    ),
    stored: db.prepare(
      'SELECT seq, line AS bytes FROM record WHERE epoch_id = ? AND seq BETWEEN ? AND ?',
    ),
    odd: db.prepare('SELECT seq, hash FROM odd_line WHERE epoch_id = ? AND seq BETWEEN ? AND ?'),
    // Those that wait although the log has reached them were put back by a person.
    reached: db.prepare('SELECT hash FROM record WHERE epoch_id = ? AND seq = ?').pluck(),
    waiting: db.prepare(
      `SELECT id, seq, prev, hash, line AS bytes, checked, batch_id AS batchId FROM odd_line
       WHERE epoch_id = ? AND why = 'GAP' AND seq <= ? ORDER BY seq LIMIT ?`,
    ),
    unjudged: db.prepare(
      `SELECT record.id, epoch_id AS epochId, gate, epoch, seq, line AS bytes, hash,
         record.received_at_ms AS receivedAtMs, outcome AS disposition, (SELECT json_group_array(taken.id) FROM record AS taken
           WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
             AND taken.kind = 'void') AS voids
       FROM unjudged JOIN record ON record.id = unjudged.record
       JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE due = 1 ORDER BY unjudged.record LIMIT 1`,
    ),
    // No row of these is ever removed, so ids count up without a gap.
    nextIds: db.prepare(
      `SELECT (SELECT coalesce(max(id), 0) + 1 FROM gate_epoch) AS epoch,
         (SELECT coalesce(max(id), 0) + 1 FROM batch) AS batch,
         (SELECT coalesce(max(id), 0) + 1 FROM record) AS record`,
    ),
  };
}

export class LogFactReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  log({ batch, records }: BatchPart): LogFacts {
    const { gate, epoch } = batch;
    const found = this.#sql.epoch.get(gate, epoch) as StoredEpoch | undefined;
    const row = found === undefined ? null : withAnchor(found);
    const from = records[0]?.seq ?? 0;
    const to = from + records.length - 1;
    return this.#factsOf({ gate, epoch, row }, { from, to });
  }

  /** The first that is due to be judged again. */
  nextUnjudged(): UnjudgedRecord | null {
    type Row = Omit<UnjudgedRecord, 'voids'> & { voids: string };
    const row = this.#sql.unjudged.get() as Row | undefined;
    return row === undefined ? null : { ...row, voids: JSON.parse(row.voids) as number[] };
  }

  logOf(epochId: number): LogFacts | null {
    type Row = StoredEpoch & { gate: string; epoch: string };
    const found = this.#sql.epochById.get(epochId) as Row | undefined;
    if (found === undefined) return null;
    const { gate, epoch, ...row } = found;
    return this.#factsOf({ gate, epoch, row: withAnchor(row) }, { from: 0, to: 0 });
  }

  #factsOf(
    log: Pick<LogFacts, 'gate' | 'epoch' | 'row'>,
    { from, to }: { from: number; to: number },
  ): LogFacts {
    const id = log.row?.id ?? 0;
    const lastSeq = log.row?.lastSeq ?? 0;
    const known = from <= lastSeq ? (this.#sql.stored.all(id, from, to) as StoredRow[]) : [];
    const odd = this.#sql.odd.all(id, from, to) as { seq: number; hash: Uint8Array }[];
    const upTo = Math.max(lastSeq, to) + JOIN_RECORDS_MAX;
    const waiting = this.#sql.waiting.all(id, upTo, JOIN_RECORDS_MAX) as WaitingRow[];
    return {
      ...log,
      stored: new Map(known.map(({ seq, bytes }) => [seq, bytes])),
      oddKeys: new Set(odd.map(oddKey)),
      waiting: waiting.map(({ checked, ...row }) => ({
        ...row,
        content: completeContent(JSON.parse(checked) as RecordContent, row),
      })),
      reached: this.#reached(id, { waiting, lastSeq }),
      nextIds: this.#sql.nextIds.get() as LogFacts['nextIds'],
    };
  }
  #reached(
    epochId: number,
    { waiting, lastSeq }: { waiting: readonly WaitingRow[]; lastSeq: number },
  ): Map<number, Uint8Array> {
    const seqs = waiting.map(({ seq }) => seq).filter((seq) => seq <= lastSeq);
    return new Map(seqs.map((seq) => [seq, this.#sql.reached.get(epochId, seq) as Uint8Array]));
  }
}
