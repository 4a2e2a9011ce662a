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
import { lock } from '../locks.ts';
import { NextIds } from '../next-ids.ts';
import type { Session } from '../session.ts';

const EPOCH = `id, last_seq AS "lastSeq", head, gate_key_id AS "gateKeyId", clock_anchor AS anchor`;
const BY_NAME = `SELECT ${EPOCH} FROM gate_epoch WHERE gate = $1 AND epoch = $2`;
const BY_ID = `SELECT gate, epoch, ${EPOCH} FROM gate_epoch WHERE id = $1`;
const STORED = `SELECT seq, line AS bytes FROM record WHERE epoch_id = $1 AND seq BETWEEN $2 AND $3`;
const ODD = 'SELECT seq, hash FROM odd_line WHERE epoch_id = $1 AND seq BETWEEN $2 AND $3';
const WAITING = `SELECT id, seq, prev, hash, line AS bytes, checked, batch_id AS "batchId"
  FROM odd_line WHERE epoch_id = $1 AND why = 'GAP' AND seq <= $2 ORDER BY seq, id LIMIT $3`;
/** Those that wait although the log has reached them were put back by a person. */
const REACHED = 'SELECT seq, hash FROM record WHERE epoch_id = $1 AND seq = ANY($2::int8[])';
/** The first that nobody else judges; those of one instant in the order of their logs. */
const NEXT_UNJUDGED = `SELECT record FROM unjudged WHERE due = 1 ORDER BY record LIMIT 1
  FOR NO KEY UPDATE SKIP LOCKED`;
const UNJUDGED = `SELECT record.id, epoch_id AS "epochId", gate, epoch, seq, line AS bytes, hash,
    record.received_at_ms AS "receivedAtMs", outcome AS disposition,
    (SELECT coalesce(json_agg(taken.id ORDER BY taken.id), '[]') FROM record AS taken
     WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
       AND taken.kind = 'void') AS voids
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE record.id = $1`;
const GATE_OF_RECORD = `SELECT gate FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE record.id = $1`;

type StoredRow = { seq: number; bytes: Uint8Array };
type HashRow = { seq: number; hash: Uint8Array };
type WaitingRow = Omit<WaitingRecord, 'content'> & { checked: string };
type StoredEpoch = Omit<EpochRow, 'anchor'> & { anchor: string | null };
type NamedEpoch = StoredEpoch & { gate: string; epoch: string };

export class LogFactReader {
  readonly #session: Session;
  readonly #ids: NextIds;

  constructor(session: Session) {
    this.#session = session;
    this.#ids = new NextIds(session);
  }

  async log({ batch, records }: BatchPart): Promise<LogFacts> {
    const { gate, epoch } = batch;
    const [, found] = await Promise.all([
      lock(this.#session, { gates: [gate] }),
      this.#session.first<StoredEpoch>(BY_NAME, [gate, epoch]),
    ]);
    const row = found === undefined ? null : withAnchor(found);
    const from = records[0]?.seq ?? 0;
    const to = from + records.length - 1;
    return await this.#factsOf({ gate, epoch, row }, { from, to });
  }

  /** One that is due to be judged again, and that nobody else judges now. */
  async nextUnjudged(): Promise<UnjudgedRecord | null> {
    const next = await this.#session.first<{ record: number }>(NEXT_UNJUDGED);
    if (next === undefined) return null;
    const of = [next.record];
    const found = await this.#session.first<{ gate: string }>(GATE_OF_RECORD, of);
    if (found !== undefined) await lock(this.#session, { gates: [found.gate] });
    return (await this.#session.first<UnjudgedRecord>(UNJUDGED, of)) ?? null;
  }

  async logOf(epochId: number): Promise<LogFacts | null> {
    // Whose epoch it is never changes.
    const known = await this.#session.first<NamedEpoch>(BY_ID, [epochId]);
    if (known === undefined) return null;
    await lock(this.#session, { gates: [known.gate] });
    const found = await this.#session.first<NamedEpoch>(BY_ID, [epochId]);
    if (found === undefined) return null;
    const { gate, epoch, ...row } = found;
    return await this.#factsOf({ gate, epoch, row: withAnchor(row) }, { from: 0, to: 0 });
  }

  async #factsOf(
    log: Pick<LogFacts, 'gate' | 'epoch' | 'row'>,
    { from, to }: { from: number; to: number },
  ): Promise<LogFacts> {
    const session = this.#session;
    const id = log.row?.id ?? 0;
    const lastSeq = log.row?.lastSeq ?? 0;
    const isNew = log.row === null;
    const range = [id, from, to];
    const bounds = [id, Math.max(lastSeq, to) + JOIN_RECORDS_MAX, JOIN_RECORDS_MAX];
    const [known, odd, waiting, nextIds] = await Promise.all([
      isNew || from > lastSeq ? [] : session.all<StoredRow>(STORED, range),
      isNew ? [] : session.all<HashRow>(ODD, range),
      isNew ? [] : session.all<WaitingRow>(WAITING, bounds),
      this.#ids.ofLog(log.gate, log.row),
    ]);
    return {
      ...log,
      stored: new Map(known.map(({ seq, bytes }) => [seq, bytes])),
      oddKeys: new Set(odd.map(oddKey)),
      waiting: waiting.map(({ checked, ...row }) => ({
        ...row,
        content: completeContent(JSON.parse(checked) as RecordContent, row),
      })),
      reached: await this.#reached(id, { waiting, lastSeq }),
      nextIds,
    };
  }

  async #reached(
    epochId: number,
    { waiting, lastSeq }: { waiting: readonly WaitingRow[]; lastSeq: number },
  ): Promise<Map<number, Uint8Array>> {
    const seqs = waiting.map(({ seq }) => seq).filter((seq) => seq <= lastSeq);
    if (seqs.length === 0) return new Map();
    const rows = await this.#session.all<HashRow>(REACHED, [epochId, seqs]);
    return new Map(rows.map(({ seq, hash }) => [seq, hash]));
  }
}

function withAnchor({ anchor, ...row }: StoredEpoch): EpochRow {
  return { ...row, anchor: anchor === null ? null : (JSON.parse(anchor) as ClockAnchor) };
}
