/**
 * How rows are named and where they belong, without a sequence: a gate has a slot, an epoch a number within its
 * slot, a record, a batch or an odd line a number within its epoch; a rider has a part of the ledger. All are
 * whole numbers below 2^53, and the slot can be read from any of them.
 */
import { hash } from 'node:crypto';
import { assert } from '@stile/protocol/fault.ts';

/** Gates, payees and denials are spread over so many slots. */
export const SLOTS = 256;
/** Parts of ledger accounts that many riders pay into, and chains of the ledger; shards of the outbox. */
export const PARTS = 64;
/** Epochs and keys of the gates of one slot. */
export const EPOCHS_OF_SLOT = 2 ** 18;
/** Records, batches and odd lines of one epoch. */
export const RECORDS_OF_EPOCH = 2 ** 27;
/** Payments and denials of one slot. */
export const ROWS_OF_SLOT = 2 ** 45;

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}

/** Of a gate or a payee, by its name. */
export function slotOf(name: string): number {
  return digestOf(name).readUInt8(0);
}

/** Of an epoch or of a key of a gate, by its id. */
export function slotOfEpoch(id: number): number {
  return Math.floor(id / EPOCHS_OF_SLOT);
}

/** Of a record, a batch or an odd line, by its id. */
export function slotOfRecord(id: number): number {
  return Math.floor(id / (EPOCHS_OF_SLOT * RECORDS_OF_EPOCH));
}

/** Ids of the epochs, or of the keys, of a slot lie above the first and below the second. */
export function epochRange(slot: number): readonly [above: number, below: number] {
  return [slot * EPOCHS_OF_SLOT, (slot + 1) * EPOCHS_OF_SLOT];
}

/** Ids of the records, batches or odd lines of an epoch lie above the first and below the second. */
export function recordRange(epochId: number): readonly [above: number, below: number] {
  return [epochId * RECORDS_OF_EPOCH, (epochId + 1) * RECORDS_OF_EPOCH];
}

/** Ids of the payments, or numbers of the denials, of a slot lie above the first and below the second. */
export function rowRange(slot: number): readonly [above: number, below: number] {
  return [slot * ROWS_OF_SLOT, (slot + 1) * ROWS_OF_SLOT];
}

/** The id of a record of this epoch. */
export function recordId(epochId: number, seq: number): number {
  assert(seq > 0 && seq < RECORDS_OF_EPOCH, `an epoch has no record ${seq}`);
  return epochId * RECORDS_OF_EPOCH + seq;
}

/** The part of the ledger, and so the chain and the shard of the outbox, of an account. */
export function partOf(account: string): number {
  return digestOf(account).readUInt8(1) % PARTS;
}

/** The shard of the outbox in which a gate's work waits. */
export function shardOfSlot(slot: number): number {
  return slot % PARTS;
}
