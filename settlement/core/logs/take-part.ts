/**
 * A batch, taken into its gate's log part by part: first where each record belongs, then, once what the new
 * ones speak of was looked up, what each means and what is written. Two steps, because what has to be looked
 * up for the second follows from the first. Everything that was received is stored, in the log or beside it.
 */
import type { Sha256 } from '@stile/protocol/bytes.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import { genesisHash } from '@stile/protocol/gate-log.ts';
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Change, Decision } from '../changes.ts';
import type { Checked } from './check.ts';
import type { OddWhy } from './log-changes.ts';
import {
  type Joining,
  joinWaiting,
  type LogPosition,
  placeRecords,
  type WaitingRecord,
} from './log-position.ts';
import { recordRow } from './record-row.ts';
import { type Ruled, type RulingContext, ruleRecords } from './rulings.ts';

/** Records that one transaction stores: three or four milliseconds of the event loop. */
const PART_RECORDS_MAX = 125;
/** Waiting records that join in one transaction; the rest is work for later. */
export const JOIN_RECORDS_MAX = 64;

export type CheckedRecord = { seq: number; bytes: Uint8Array; hash: Uint8Array; checked: Checked };

/** A batch whose seal held and whose records were read and checked. */
export type CheckedBatch = {
  gate: string;
  epoch: string;
  fromSeq: number;
  /** Chain hash before the first record. */
  prev: Uint8Array;
  headerBytes: Uint8Array;
  sealBytes: Uint8Array;
  gateKeyId: number;
  records: readonly CheckedRecord[];
};

/** The part of a batch that is still to be stored. */
export type BatchPart = {
  batch: CheckedBatch;
  records: readonly CheckedRecord[];
  prev: Uint8Array;
  /** The stored batch, once a record of it was new. */
  batchId: number | null;
};

export type EpochRow = { id: number; lastSeq: number; head: Uint8Array };

export type WaitingRow = WaitingRecord & {
  bytes: Uint8Array;
  checked: Checked;
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
  waiting: readonly WaitingRow[];
  /** Free for new rows. */
  nextIds: { epoch: number; batch: number; record: number };
};

export function oddKey({ seq, hash }: { seq: number; hash: Uint8Array }): string {
  return `${seq}/${toHex(hash)}`;
}

type Grown = { record: CheckedRecord; batchId: number };
type Odd = { record: CheckedRecord; prev: Uint8Array; why: OddWhy };

/** Where the records of a part belong, and so which of them have to be ruled on. */
export type Placement = {
  log: LogFacts;
  epoch: EpochRow;
  part: BatchPart | null;
  taken: readonly CheckedRecord[];
  positions: readonly LogPosition[];
  batchId: number | null;
  odd: readonly Odd[];
  joined: readonly Joining<WaitingRow>[];
  hasMoreToJoin: boolean;
  /** What the log grows by: new records, then those that waited for them. */
  grown: readonly Grown[];
};

/** @param sha256 For the head of an epoch that begins here. */
export function placePart(part: BatchPart, log: LogFacts, sha256: Sha256): Placement {
  const epoch = log.row ?? {
    id: log.nextIds.epoch,
    lastSeq: 0,
    head: genesisHash({ gate: log.gate, epoch: log.epoch, sha256 }),
  };
  const known = { lastSeq: epoch.lastSeq, head: epoch.head, stored: log.stored };
  const all = placeRecords(part.records, { prev: part.prev, known });
  const count = isPlain(all) ? PART_RECORDS_MAX : all.length;
  const taken = part.records.slice(0, count);
  const positions = all.slice(0, count);
  const odd = oddRecords(part.prev, { taken, positions }).filter(
    ({ record }) => !log.oddKeys.has(oddKey(record)),
  );
  const fresh = taken.filter((_, index) => positions[index] === 'append');
  const isNew = fresh.length + odd.length > 0;
  const batchId = part.batchId ?? (isNew ? log.nextIds.batch : null);
  const added = fresh.map((record) => ({ record, batchId: batchId ?? 0 }));
  const joining = isNew ? joinBehind(log.waiting, { epoch, added }) : NOTHING_JOINS;
  return { log, epoch, part, taken, positions, batchId, odd, ...joining };
}

/** What waits behind a log that has grown already. */
export function placeWaiting(log: LogFacts): Placement | null {
  const { row: epoch } = log;
  if (epoch === null) return null;
  const joining = joinBehind(log.waiting, { epoch, added: [] });
  const nothing = { part: null, taken: [], positions: [], batchId: null, odd: [] };
  return { log, epoch, ...nothing, ...joining };
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

function oddRecords(
  prev: Uint8Array,
  { taken, positions }: { taken: readonly CheckedRecord[]; positions: readonly LogPosition[] },
): Odd[] {
  return taken.flatMap((record, index): Odd[] => {
    const position = positions[index];
    if (position !== 'gap' && position !== 'fork' && position !== 'conflict') return [];
    return [{ record, prev: taken[index - 1]?.hash ?? prev, why: WHY_ODD[position] }];
  });
}

const NOTHING_JOINS = { joined: [], hasMoreToJoin: false, grown: [] };

function joinBehind(
  waiting: readonly WaitingRow[],
  { epoch, added }: { epoch: EpochRow; added: readonly Grown[] },
): Pick<Placement, 'joined' | 'hasMoreToJoin' | 'grown'> {
  const last = added.at(-1)?.record;
  const lastSeq = last?.seq ?? epoch.lastSeq;
  const rows = waiting
    .filter(({ seq }) => seq <= lastSeq + JOIN_RECORDS_MAX)
    .slice(0, JOIN_RECORDS_MAX);
  if (rows.length === 0 || (rows[0]?.seq ?? 0) > lastSeq + 1) {
    return { ...NOTHING_JOINS, grown: added };
  }
  const hashes = new Map(added.map(({ record }) => [record.seq, record.hash]));
  const joined = joinWaiting(rows, { hashes, lastSeq, head: last?.hash ?? epoch.head });
  const appended = joined
    .filter(({ now }) => now === 'append')
    .map(({ record }): Grown => ({ record, batchId: record.batchId }));
  return {
    joined,
    hasMoreToJoin: joined.length > 0 && rows.length === JOIN_RECORDS_MAX,
    grown: [...added, ...appended],
  };
}

export type PartResult = {
  items: readonly ItemRuling[];
  ackSeq: number;
  rest: BatchPart | null;
  /** Records that the log has grown by. */
  grown: number;
};

/** Rules on what the log grows by, and says all that is written. */
export function decidePart(
  placement: Placement,
  { nowMs, ...rules }: RulingContext & { nowMs: number },
): Decision<PartResult> {
  const { log, epoch, part, grown } = placement;
  const records = grown.map(({ record }) => record);
  const ruled = ruleRecords({ gate: log.gate, epoch: log.epoch, records }, rules);
  const ackSeq = records.at(-1)?.seq ?? epoch.lastSeq;
  const isNew = grown.length + placement.odd.length > 0 || placement.joined.length > 0;
  const items = itemsOf(placement, ruled);
  const result = { items, ackSeq, rest: part && restOf(part, placement), grown: grown.length };
  // An epoch is opened by its first batch even if all of it waits or repeats.
  if (!isNew) return { changes: opening(placement), result };
  return {
    changes: [
      ...opening(placement),
      ...storing(placement, nowMs),
      ...growing(placement, { ruled, nowMs }),
      ...(part === null ? [] : [noteOf(log.gate, { taken: placement.taken, nowMs })]),
    ],
    result,
  };
}

function opening({ log, epoch }: Placement): Change[] {
  if (log.row !== null) return [];
  return [{ kind: 'addEpoch', id: epoch.id, gate: log.gate, epoch: log.epoch, head: epoch.head }];
}

/** The batch, once, and what stands beside the log. */
function storing({ epoch, part, batchId, odd }: Placement, nowMs: number): Change[] {
  const changes: Change[] = [];
  if (part !== null && part.batchId === null && batchId !== null) {
    const { headerBytes, sealBytes, gateKeyId } = part.batch;
    const bytes = { headerBytes, sealBytes, gateKeyId, receivedAtMs: nowMs };
    changes.push({ kind: 'addBatch', id: batchId, epochId: epoch.id, ...bytes });
  }
  for (const { record, prev, why } of odd) {
    const row = { ...record, epochId: epoch.id, batchId: batchId ?? 0, prev, why };
    changes.push({ kind: 'addOddRecord', record: { ...row, receivedAtMs: nowMs } });
  }
  return changes;
}

const WHY_AFTER = {
  append: 'JOINED',
  duplicate: 'JOINED',
  conflict: 'OTHER_BYTES',
  fork: 'FORK',
} as const satisfies Record<string, OddWhy>;

/** The records that are new in the log, and the work that follows from them. */
function growing(
  { log, epoch, joined, grown, hasMoreToJoin }: Placement,
  { ruled, nowMs }: { ruled: readonly Ruled[]; nowMs: number },
): Change[] {
  const changes: Change[] = joined.map(({ record, now }) => ({
    kind: 'setOddWhy',
    id: record.id,
    why: WHY_AFTER[now],
  }));
  const firstId = log.nextIds.record;
  for (const [index, { record, batchId }] of grown.entries()) {
    const ruling = ruled[index];
    assert(ruling !== undefined, 'every record has its ruling');
    const ids = { id: firstId + index, epochId: epoch.id, batchId };
    changes.push({ kind: 'addRecord', record: recordRow(record, { ids, ruling, nowMs }) });
  }
  const last = grown.at(-1)?.record;
  if (last !== undefined) {
    changes.push({ kind: 'moveEpoch', id: epoch.id, lastSeq: last.seq, head: last.hash });
  }
  if (ruled.some(({ use }) => use !== null)) {
    const until = firstId + grown.length - 1;
    const work = { kind: 'settle', cursor: firstId - 1, until, subject: '' } as const;
    changes.push({ kind: 'addWork', work, atMs: nowMs });
  }
  if (hasMoreToJoin) {
    const work = { kind: 'join', cursor: 0, until: 0, subject: String(epoch.id) } as const;
    changes.push({ kind: 'addWork', work, atMs: nowMs });
  }
  return changes;
}

/** What the gate had in force at its latest tap. */
function noteOf(
  gate: string,
  { taken, nowMs }: { taken: readonly CheckedRecord[]; nowMs: number },
): Change {
  const latest = taken.findLast(({ checked }) => checked.kind === 'tap')?.checked;
  const tap = latest?.kind === 'tap' ? latest : undefined;
  return {
    kind: 'noteGate',
    gate,
    trust: tap?.trust ?? null,
    deny: tap?.deny ?? null,
    tariff: tap?.tariff ?? null,
    atMs: nowMs,
  };
}

function restOf(part: BatchPart, { taken, batchId }: Placement): BatchPart | null {
  const records = part.records.slice(taken.length);
  if (records.length === 0) return null;
  return { batch: part.batch, records, prev: taken.at(-1)?.hash ?? part.prev, batchId };
}

function itemsOf({ taken, positions }: Placement, ruled: readonly Ruled[]): ItemRuling[] {
  const ruledBySeq = new Map(ruled.map((one) => [one.seq, one]));
  return taken.map(({ seq }, index): ItemRuling => {
    const position = positions[index];
    if (position === 'duplicate') return { seq, ruling: 'duplicate' };
    if (position === 'conflict') return { seq, ruling: 'conflict', reason: 'OTHER_BYTES' };
    if (position === 'gap') return { seq, ruling: 'parked', reason: 'GAP' };
    if (position === 'fork') return { seq, ruling: 'parked', reason: 'FORK' };
    const one = ruledBySeq.get(seq);
    assert(one !== undefined, 'an appended record was ruled on');
    const { ruling, reason } = one;
    return reason === null ? { seq, ruling } : { seq, ruling, reason };
  });
}
