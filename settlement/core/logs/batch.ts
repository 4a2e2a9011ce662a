/** A batch whose seal held and whose records were read and checked, and the part of it still to be stored. */
import type { HeldLists } from '@stile/protocol/gate-log.ts';
import type { RecordContent } from './check-record.ts';

export type CheckedRecord = {
  seq: number;
  bytes: Uint8Array;
  hash: Uint8Array;
  content: RecordContent;
};

export type CheckedBatch = {
  gate: string;
  epoch: string;
  fromSeq: number;
  /** Chain hash before the first record. */
  prev: Uint8Array;
  headerBytes: Uint8Array;
  sealBytes: Uint8Array;
  gateKeyId: number;
  /** What the gate has in force; null: sealed by a key that is the gate's no more. */
  lists: HeldLists | null;
  records: readonly CheckedRecord[];
};

export type BatchPart = {
  batch: CheckedBatch;
  records: readonly CheckedRecord[];
  prev: Uint8Array;
  /** The stored batch, once a record of it was new. */
  batchId: number | null;
};

export function wholeBatch(batch: CheckedBatch): BatchPart {
  const { records, prev } = batch;
  return { batch, records, prev, batchId: null };
}
