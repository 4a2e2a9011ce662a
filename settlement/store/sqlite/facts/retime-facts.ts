/** Taps of a log whose clock was not known, and the records nearest to them whose clock was. */

import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { RetimedTap, RetimePiece, RetimeQuery } from '../../../core/logs/retime.ts';
import type { RideTime } from '../../../core/logs/ride-time.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { Connection } from '../connection.ts';

const CLOCKED = `SELECT seq, line AS bytes, hash FROM record
  WHERE epoch_id = ? AND clock IN ('TRUSTED', 'HOLDOVER')`;
const UNCLOCKED = `kind = 'tap' AND verdict = 'open' AND clock = 'UNKNOWN'`;

function prepare(db: Connection['db']) {
  return {
    before: db.prepare(`${CLOCKED} AND seq < ? ORDER BY seq DESC LIMIT 1`),
    after: db.prepare(`${CLOCKED} AND seq > ? ORDER BY seq LIMIT 1`),
    first: db
      .prepare(
        `SELECT seq FROM record WHERE epoch_id = ? AND seq > ? AND seq <= ? AND ${UNCLOCKED}
         ORDER BY seq LIMIT 1`,
      )
      .pluck(),
    taps: db.prepare(
      `SELECT record.id, epoch_id AS epochId, gate, epoch, seq, line AS bytes, hash, use,
         received_at_ms AS receivedAtMs, outcome AS disposition, ride_ms AS atMs,
         ride_ms_source AS source, stale, (
         SELECT json_group_array(taken.id) FROM record AS taken
         WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
           AND taken.kind = 'void') AS voids
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
       WHERE epoch_id = ? AND seq >= ? AND seq <= ? AND ${UNCLOCKED} ORDER BY seq LIMIT ?`,
    ),
  };
}

type Row = Omit<RetimedTap, 'voids' | 'rideTime'> & {
  voids: string;
  atMs: number | null;
  source: RideTime['source'] | null;
  stale: number;
};

export class RetimeReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  clockNeighbours({ epochId, seq }: { epochId: number; seq: number }) {
    const { before, after } = this.#sql;
    return {
      before: (before.get(epochId, seq) as LogRecord | undefined) ?? null,
      after: (after.get(epochId, seq) as LogRecord | undefined) ?? null,
    };
  }

  retimePiece({ epochId, after, upTo, limit }: RetimeQuery): RetimePiece {
    const first = this.#sql.first.get(epochId, after, upTo) as number | undefined;
    if (first === undefined) return { taps: [], before: null, after: null, upTo };
    const neighbours = this.clockNeighbours({ epochId, seq: first });
    const end = Math.min(upTo, neighbours.after?.seq ?? upTo);
    const rows = this.#sql.taps.all(epochId, first, end, limit) as Row[];
    return { ...neighbours, taps: rows.map(toTap), upTo: end };
  }
}

function toTap({ voids, atMs, source, stale, ...row }: Row): RetimedTap {
  const rideTime = atMs === null || source === null ? null : { atMs, source, isStale: stale === 1 };
  return { ...row, voids: JSON.parse(voids) as number[], rideTime };
}
