/** Taps of a log whose clock was not known, and the records nearest to them whose clock was. */

import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { RetimedTap, RetimePiece, RetimeQuery } from '../../../core/logs/retime.ts';
import type { RideTime } from '../../../core/logs/ride-time.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';

const CLOCKED = `SELECT seq, line AS bytes, hash FROM record
  WHERE epoch_id = $1 AND clock IN ('TRUSTED', 'HOLDOVER')`;
const BEFORE = `${CLOCKED} AND seq < $2 ORDER BY seq DESC LIMIT 1`;
const AFTER = `${CLOCKED} AND seq > $2 ORDER BY seq LIMIT 1`;
const UNCLOCKED = `kind = 'tap' AND verdict = 'open' AND clock = 'UNKNOWN'`;
const GATE = 'SELECT gate FROM gate_epoch WHERE id = $1';
const FIRST = `SELECT seq FROM record WHERE epoch_id = $1 AND seq > $2 AND seq <= $3 AND ${UNCLOCKED}
  ORDER BY seq LIMIT 1`;
const TAPS = `SELECT record.id, epoch_id AS "epochId", gate, epoch, seq, line AS bytes, hash, use,
    received_at_ms AS "receivedAtMs", outcome AS disposition, ride_ms AS "atMs",
    ride_ms_source AS source, stale,
    (SELECT coalesce(json_agg(taken.id ORDER BY taken.id), '[]') FROM record AS taken
     WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
       AND taken.kind = 'void') AS voids
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE epoch_id = $1 AND seq >= $2 AND seq <= $3 AND ${UNCLOCKED} ORDER BY seq LIMIT $4`;

type Row = Omit<RetimedTap, 'rideTime'> & {
  atMs: number | null;
  source: RideTime['source'] | null;
  stale: number;
};

export class RetimeReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** The gate is locked by whoever asks. */
  async clockNeighbours({ epochId, seq }: { epochId: number; seq: number }) {
    const of = [epochId, seq];
    return {
      before: (await this.#session.first<LogRecord>(BEFORE, of)) ?? null,
      after: (await this.#session.first<LogRecord>(AFTER, of)) ?? null,
    };
  }

  async retimePiece({ epochId, after, upTo, limit }: RetimeQuery): Promise<RetimePiece> {
    // Whose epoch it is never changes.
    const owner = await this.#session.first<{ gate: string }>(GATE, [epochId]);
    if (owner !== undefined) await lock(this.#session, { gates: [owner.gate] });
    const first = await this.#session.first<{ seq: number }>(FIRST, [epochId, after, upTo]);
    if (first === undefined) return { taps: [], before: null, after: null, upTo };
    const neighbours = await this.clockNeighbours({ epochId, seq: first.seq });
    const end = Math.min(upTo, neighbours.after?.seq ?? upTo);
    const rows = await this.#session.all<Row>(TAPS, [epochId, first.seq, end, limit]);
    return { ...neighbours, taps: rows.map(toTap), upTo: end };
  }
}

function toTap({ atMs, source, stale, ...row }: Row): RetimedTap {
  const rideTime = atMs === null || source === null ? null : { atMs, source, isStale: stale === 1 };
  return { ...row, rideTime };
}
