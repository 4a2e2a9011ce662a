/**
 * The slow checks, which verify signatures again: every seal of a batch, and every code on which money
 * hangs. They hold the seals of one epoch at a time.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { sealMessage } from '@stile/protocol/gate-log.ts';
import { signatureHolds, type Verify } from '@stile/protocol/signature.ts';
import { checkRecord, type KnownIssuerKey } from '../core/logs/check-record.ts';
import { type Check, checkOf } from './check.ts';
import { readFields } from './log-bytes.ts';
import type { BatchRow } from './port.ts';

type Seal = { batch: number; isSealed: boolean; place: string };

/** Each seal is its gate's, over a head that a record of the epoch has, in the log or beside it. */
export function checkSeals(verify: Verify): Check {
  const wrong: number[] = [];
  let count = 0;
  let seals: Seal[] = [];
  let waiting = new Set<string>();
  const meet = ({ seq, hash }: { seq: number; hash: Uint8Array }) => {
    if (waiting.size > 0) waiting.delete(placeOf(seq, hash));
  };
  return {
    epoch: () => {
      seals = [];
      waiting = new Set();
    },
    batch: (batch) => {
      count += 1;
      const seal = openSeal(batch, verify);
      seals.push(seal);
      waiting.add(seal.place);
    },
    strayRecordOf: meet,
    logRecord: meet,
    epochEnd: () => {
      for (const { batch, isSealed, place } of seals) {
        if (!isSealed || waiting.has(place)) wrong.push(batch);
      }
    },
    results: () => {
      const names = wrong.sort((a, b) => a - b).map((batch) => `batch ${batch}`);
      const good = `${count} batches`;
      return [checkOf('every batch is sealed by its gate', { wrong: names, good })];
    },
  };
}

function openSeal({ id, headerBytes, sealBytes, publicKey }: BatchRow, verify: Verify): Seal {
  const { head, sig } = readFields(sealBytes);
  const { toSeq } = readFields(headerBytes);
  const hash = bytesOf(head, 32);
  const message = sealMessage({ headerBytes, head: hash, sha256 });
  const isSealed = signatureHolds(verify, {
    algorithm: 'Ed25519',
    publicKey: new Uint8Array(publicKey),
    message,
    signature: bytesOf(sig, 64),
  });
  return { batch: id, isSealed, place: placeOf(toSeq, hash) };
}

/** Zeros if it is no hex of that length: nothing is sealed by them. */
function bytesOf(hex: unknown, length: number): Uint8Array {
  return (typeof hex === 'string' ? fromHex(hex, length) : undefined) ?? new Uint8Array(length);
}

function placeOf(seq: unknown, hash: Uint8Array): string {
  return `${seq}/${toHex(hash)}`;
}

/** Each tap that was charged, voided or found an extra use holds a code that is genuine. */
export function checkCodes(verify: Verify): Check {
  const issuerKeys: KnownIssuerKey[] = [];
  const parts = { issuerKeys, verify, sha256, verifiedPasses: null };
  const wrong: string[] = [];
  let count = 0;
  return {
    issuerKey: (key) => {
      issuerKeys.push({ ...key, publicKeyBytes: bytesOf(key.publicKey, 32) });
    },
    code: ({ id, seq, bytes, hash }) => {
      count += 1;
      const content = checkRecord({ seq, bytes, hash }, parts);
      const isGood =
        content.kind === 'tap' && content.verdict === 'open' && content.problem === null;
      if (!isGood) wrong.push(`record ${id}`);
    },
    results: () => {
      const name = 'every code that money hangs on is genuine';
      return [checkOf(name, { wrong, good: `${count} codes` })];
    },
  };
}
