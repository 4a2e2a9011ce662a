/**
 * Where the records of a part of a batch belong in their gate's log, and what joins behind them: the first of
 * the two steps in which a part is taken in, because what has to be looked up for a ruling follows from it.
 */
import { type Sha256, toHex } from '@stile/protocol/bytes.ts';
import { genesisHash } from '@stile/protocol/gate-log.ts';
import type { BatchPart, CheckedRecord } from './batch.ts';
import type { RecordContent } from './check-record.ts';
import type { OddWhy } from './log-changes.ts';
import {
  type Joining,
  joinWaiting,
  type LogPosition,
  placeRecords,
  type WaitingLink,
} from './log-position.ts';
import type { ClockAnchor } from './ride-time.ts';

/** Records that one transaction stores: three or four milliseconds of the event loop. */
export const PART_RECORDS_MAX = 125;
/** Waiting records that join in one transaction; the rest is work for later. */
export const JOIN_RECORDS_MAX = 64;

/** `gateKeyId`: the key that opened it; null: none can add to it. */
export type EpochRow = {
  id: number;
  lastSeq: number;
  head: Uint8Array;
  gateKeyId: number | null;
  /** The last record whose clock was known. */
  anchor: ClockAnchor | null;
};

/** A record that stands beside its log until what comes before it has arrived. */
export type WaitingRecord = WaitingLink & {
  bytes: Uint8Array;
  content: RecordContent;
  batchId: number;
};

/** What is stored of the log that a part belongs to. */
export type LogFacts = {
  gate: string;
  epoch: string;
  /** Null: nothing was received of this epoch yet. */
  row: EpochRow | null;
  /** Stored bytes of every seq of the part. */
  stored: ReadonlyMap<number, Uint8Array>;
  /** Those of the part that stand beside the log already, as `oddKey`. */
  oddKeys: ReadonlySet<string>;
  /** What waits behind a gap up to JOIN_RECORDS_MAX behind the part, in order of seq. */
  waiting: readonly WaitingRecord[];
  /** Of those of `waiting` that the log has reached already: the hashes that it has in their place. */
  reached: ReadonlyMap<number, Uint8Array>;
  /** Free for new rows. */
  nextIds: { epoch: number; batch: number; record: number };
};

export function oddKey({ seq, hash }: { seq: number; hash: Uint8Array }): string {
  return `${seq}/${toHex(hash)}`;
}

export type NewRecord = { record: CheckedRecord; batchId: number };
export type OddRecord = { record: CheckedRecord; prev: Uint8Array; why: OddWhy };

export type Placement = {
  log: LogFacts;
  epoch: EpochRow;
  /** Null: nothing was sent, records that waited are joined. */
  part: BatchPart | null;
  /** As many of the part as one transaction stores, and where each belongs. */
  records: readonly CheckedRecord[];
  positions: readonly LogPosition[];
  batchId: number | null;
  /** What is to stand beside the log and does not yet. */
  oddRecords: readonly OddRecord[];
  joinings: readonly Joining<WaitingRecord>[];
  hasMoreToJoin: boolean;
  /** What the log grows by: new records, then those that waited for them. */
  newRecords: readonly NewRecord[];
};

/** @param sha256 For the head of an epoch that begins here. */
export function placePart(
  part: BatchPart,
  { log, sha256 }: { log: LogFacts; sha256: Sha256 },
): Placement {
  const epoch = log.row ?? {
    id: log.nextIds.epoch,
    lastSeq: 0,
    head: genesisHash({ gate: log.gate, epoch: log.epoch, sha256 }),
    gateKeyId: part.batch.gateKeyId,
    anchor: null,
  };
  const known = { lastSeq: epoch.lastSeq, head: epoch.head, stored: log.stored };
  const all = placeRecords(part.records, { prev: part.prev, known });
  const count = isPlain(all) ? PART_RECORDS_MAX : all.length;
  const records = part.records.slice(0, count);
  const positions = all.slice(0, count);
  const oddRecords = oddAmong(records, { prev: part.prev, positions }).filter(
    ({ record }) => !log.oddKeys.has(oddKey(record)),
  );
  const appended = records.filter((_, index) => positions[index] === 'append');
  const isNew = appended.length + oddRecords.length > 0;
  const batchId = part.batchId ?? (isNew ? log.nextIds.batch : null);
  const added = appended.map((record) => ({ record, batchId: batchId ?? 0 }));
  const joining = isNew ? joinBehind(added, { epoch, log }) : NOTHING_JOINS;
  return { log, epoch, part, records, positions, batchId, oddRecords, ...joining };
}

/** An epoch belongs to the key that opened it; what another key of the gate seals has no place there. */
export function isOfOtherKey({ part, epoch }: Placement): boolean {
  return part !== null && epoch.gateKeyId !== part.batch.gateKeyId;
}

/** What waits behind a log that has grown already; null: there is no such log. */
export function placeWaiting(log: LogFacts): Placement | null {
  const { row: epoch } = log;
  if (epoch === null) return null;
  return {
    log,
    epoch,
    part: null,
    records: [],
    positions: [],
    batchId: null,
    oddRecords: [],
    ...joinBehind([], { epoch, log }),
  };
}

/**
 * Only records that are there already or continue the log, or that all wait behind the same gap, are taken
 * in parts: their beginning is as good as a batch. A fork is only known by where the batch began.
 */
function isPlain(positions: readonly LogPosition[]): boolean {
  return (
    positions.every((position) => position === 'append' || position === 'duplicate') ||
    positions.every((position) => position === 'gap')
  );
}

const WHY_ODD = { gap: 'GAP', fork: 'FORK', conflict: 'OTHER_BYTES' } as const;

function oddAmong(
  records: readonly CheckedRecord[],
  { prev, positions }: { prev: Uint8Array; positions: readonly LogPosition[] },
): OddRecord[] {
  return records.flatMap((record, index): OddRecord[] => {
    const position = positions[index];
    if (position !== 'gap' && position !== 'fork' && position !== 'conflict') return [];
    return [{ record, prev: records[index - 1]?.hash ?? prev, why: WHY_ODD[position] }];
  });
}

type JoinPart = Pick<Placement, 'joinings' | 'hasMoreToJoin' | 'newRecords'>;
const NOTHING_JOINS: JoinPart = { joinings: [], hasMoreToJoin: false, newRecords: [] };

function joinBehind(
  added: readonly NewRecord[],
  { epoch, log: { waiting, reached } }: { epoch: EpochRow; log: LogFacts },
): JoinPart {
  const last = added.at(-1)?.record;
  const lastSeq = last?.seq ?? epoch.lastSeq;
  const near = waiting
    .filter(({ seq }) => seq <= lastSeq + JOIN_RECORDS_MAX)
    .slice(0, JOIN_RECORDS_MAX);
  if (near.length === 0 || (near[0]?.seq ?? 0) > lastSeq + 1) {
    return { ...NOTHING_JOINS, newRecords: added };
  }
  const grown = added.map(({ record }) => [record.seq, record.hash] as const);
  const hashes = new Map([...reached, ...grown]);
  const joinings = joinWaiting(near, { hashes, lastSeq, head: last?.hash ?? epoch.head });
  const appended = joinings
    .filter(({ now }) => now === 'append')
    .map(({ record }): NewRecord => ({ record, batchId: record.batchId }));
  return {
    joinings,
    hasMoreToJoin: joinings.length > 0 && near.length === JOIN_RECORDS_MAX,
    newRecords: [...added, ...appended],
  };
}
