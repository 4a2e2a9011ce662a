/**
 * Reads one received batch and checks everything in it that needs no database: chain, seal, records,
 * codes and their signatures, all over the bytes as received. Runs in a worker; the seal comes first,
 * so that bytes which no gate of ours has sealed cost one check and not five hundred.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import { type Batch, type BatchRefusal, readBatch, sealHolds } from '@stile/protocol/gate-log.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { GateKeyRow } from '../../store/views.ts';
import type { CheckedBatch } from './batch.ts';
import { type CheckParts, checkRecord, type RecordContent } from './check-record.ts';

const LF = 0x0a;
const HASH_BYTES = 32;
/** How far a gate's clock may run ahead when its key is replaced. */
const KEY_GRACE_MS = 10 * 60_000;

export type BatchCheck =
  | { ok: true; batch: CheckedBatch }
  | { ok: false; reason: BatchRefusal | 'GATE_MISMATCH'; detail: string };

/** `gate` and `gateKeys` belong to whom the batch was sent in the name of. */
export function checkBatch(
  body: Uint8Array,
  gate: string,
  gateKeys: readonly GateKeyRow[],
  parts: CheckParts,
): BatchCheck {
  const reading = readBatch(body, sha256);
  if (!reading.ok) return reading;
  const { batch } = reading;
  if (batch.header.gate !== gate) {
    return { ok: false, reason: 'GATE_MISMATCH', detail: `this batch is of ${batch.header.gate}` };
  }
  const key = gateKeys.find((one) => isSealedBy(batch, one, parts.verify));
  if (key === undefined) return refuseSeal('no key of this gate sealed these bytes');
  const content = batch.records.map((line) => checkRecord(line, parts));
  if (key.untilMs !== null && latestMs(content) > key.untilMs + KEY_GRACE_MS) {
    return refuseSeal('sealed by a key that was replaced before these records were made');
  }
  const hashes = new Uint8Array(batch.records.length * HASH_BYTES);
  const records = batch.records.map(({ seq, bytes, hash }, index) => {
    const one = content[index];
    assert(one !== undefined, 'every line was content');
    hashes.set(hash, index * HASH_BYTES);
    const view = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    return { seq, bytes, hash: view, content: one };
  });
  const sealFrom = body.lastIndexOf(LF, body.length - 2) + 1;
  const { epoch, fromSeq, prev } = batch.header;
  return {
    ok: true,
    batch: {
      gate,
      epoch,
      fromSeq,
      prev: fromHex(prev, HASH_BYTES) ?? new Uint8Array(HASH_BYTES),
      headerBytes: body.subarray(0, body.indexOf(LF)),
      sealBytes: body.subarray(sealFrom, body.length - 1),
      gateKeyId: key.id,
      records,
    },
  };
}

function isSealedBy(batch: Batch, key: GateKeyRow, verify: Verify): boolean {
  return sealHolds(batch, { gateKey: key.publicKey, verify });
}

function refuseSeal(detail: string): BatchCheck {
  return { ok: false, reason: 'SEAL_BROKEN', detail };
}

/** A replaced key still speaks for what was recorded while it was the gate's. */
function latestMs(content: readonly RecordContent[]): number {
  return content.reduce(
    (max, one) => (one.kind === 'unreadable' ? max : Math.max(max, one.atMs)),
    0,
  );
}
