/**
 * Reads one received batch and checks everything in it that needs no database: chain, seal, records, codes
 * and their signatures, all over the bytes as received. The seal comes first, so that bytes which no gate of
 * ours has sealed cost one check and not five hundred.
 */
import { equalBytes, fromHex } from '@stile/protocol/bytes.ts';
import { type Batch, type BatchRefusal, readBatch, sealHolds } from '@stile/protocol/gate-log.ts';
import type { CheckedBatch, CheckedRecord } from './batch.ts';
import { type CheckParts, checkRecord, type KnownIssuerKey } from './check-record.ts';

const LF = 0x0a;
const HASH_BYTES = 32;
/** How far a gate's clock may run ahead when its key is replaced. */
const KEY_GRACE_MS = 10 * 60_000;

/**
 * A key that a gate seals with. `untilMs`: when it was replaced, it still speaks for what was recorded before.
 * `revokedAtMs`: when it was revoked, since then nothing that it seals counts, whatever time stands in it.
 */
export type GateKey = {
  id: number;
  publicKey: Uint8Array;
  untilMs: number | null;
  revokedAtMs: number | null;
};

/** A batch as it came in, and the keys of whom it was sent in the name of. */
export type SentBatch = {
  body: Uint8Array;
  gate: string;
  gateKeys: readonly GateKey[];
  issuerKeys: readonly KnownIssuerKey[];
};

export type BatchCheck =
  | { ok: true; batch: CheckedBatch }
  | { ok: false; reason: BatchRefusal | 'GATE_MISMATCH' | 'GATE_REVOKED'; detail: string };

export function checkBatch(
  { body, gate, gateKeys, issuerKeys }: SentBatch,
  tools: Omit<CheckParts, 'issuerKeys'>,
): BatchCheck {
  const reading = readBatch(body, tools.sha256);
  if (!reading.ok) return reading;
  const { batch } = reading;
  if (batch.header.gate !== gate) {
    return { ok: false, reason: 'GATE_MISMATCH', detail: `this batch is of ${batch.header.gate}` };
  }
  const key = gateKeys.find(({ publicKey }) => equalBytes(publicKey, batch.seal.key));
  if (key === undefined || !sealHolds(batch, { gateKey: key.publicKey, verify: tools.verify }))
    return refuseSeal('no key of this gate sealed these bytes');
  if (key.revokedAtMs !== null) {
    const detail = 'this key of the gate was revoked: enrol the gate anew';
    return { ok: false, reason: 'GATE_REVOKED', detail };
  }
  const records = checkRecords(batch, { ...tools, issuerKeys });
  if (key.untilMs !== null && latestMs(records) > key.untilMs + KEY_GRACE_MS) {
    return refuseSeal('sealed by a key that was replaced before these records were made');
  }
  const sealFrom = body.lastIndexOf(LF, body.length - 2) + 1;
  const { epoch, fromSeq, prev, lists } = batch.header;
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
      lists: key.untilMs === null ? lists : null,
      records,
    },
  };
}

/** Their hashes share one buffer, because what leaves a worker is copied buffer by buffer. */
function checkRecords(batch: Batch, parts: CheckParts): CheckedRecord[] {
  const hashes = new Uint8Array(batch.records.length * HASH_BYTES);
  return batch.records.map((record, index) => {
    hashes.set(record.hash, index * HASH_BYTES);
    const hash = hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
    return { seq: record.seq, bytes: record.bytes, hash, content: checkRecord(record, parts) };
  });
}

function refuseSeal(detail: string): BatchCheck {
  return { ok: false, reason: 'SEAL_BROKEN', detail };
}

/** A replaced key still speaks for what was recorded while it was the gate's. */
function latestMs(records: readonly CheckedRecord[]): number {
  return records.reduce(
    (max, { content }) => (content.kind === 'unreadable' ? max : Math.max(max, content.atMs)),
    0,
  );
}
