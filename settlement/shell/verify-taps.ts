/**
 * Checks the signatures of every opened tap in a batch, from the bytes that arrived. Runs in a worker
 * thread (verify-worker.ts): five hundred taps are a tenth of a second of curve arithmetic.
 */
import { createHash } from 'node:crypto';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { deviceSignatureHolds, issuerSignatureHolds } from '@stile/protocol/signature.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { findIssuerKey, type IssuerKey } from '@stile/protocol/trust-list.ts';
import type { SignatureFinding } from '../core/ingest.ts';

/** Passes whose issuer signature was found good; a commuter's next tap costs one check, not two. */
const PASSES_CACHED_MAX = 50_000;

export type VerifyJob = {
  issuers: readonly IssuerKey[];
  /** The lines of a batch, without their line ends. */
  lines: readonly { seq: number; bytes: Uint8Array }[];
};

export type VerifyFinding = { seq: number; signature: SignatureFinding; account: string };

export type TapVerifier = (job: VerifyJob) => VerifyFinding[];

/** `cachePasses`: whether a pass that was checked before is believed without checking it again. */
export function createTapVerifier(options: { cachePasses: boolean }): TapVerifier {
  const verify = createNodeVerify();
  const good = new Set<string>();

  function issuerHolds(code: TransitCode, key: IssuerKey): boolean {
    const publicKey = fromHex(key.publicKey, 32) ?? new Uint8Array(0);
    if (!options.cachePasses) return issuerSignatureHolds(verify, publicKey, code);
    const hash = createHash('sha256').update(publicKey).update(code.bytes).digest('latin1');
    if (good.has(hash)) return true;
    if (!issuerSignatureHolds(verify, publicKey, code)) return false;
    if (good.size >= PASSES_CACHED_MAX) {
      const oldest = good.values().next();
      if (!oldest.done) good.delete(oldest.value);
    }
    good.add(hash);
    return true;
  }

  return ({ issuers, lines }) =>
    lines.flatMap(({ seq, bytes }): VerifyFinding[] => {
      const scan = openedScan(bytes);
      if (scan === undefined) return [];
      const reading = readTransitCode(scan);
      if (!reading.ok) return [{ seq, signature: 'MALFORMED', account: '' }];
      const code = reading.value;
      const { issuer, issuerKeyId, account } = code.pass;
      const key = findIssuerKey({ issuers: [...issuers] }, issuer, issuerKeyId);
      if (key === undefined) return [{ seq, signature: 'KEY_UNKNOWN', account }];
      if (!issuerHolds(code, key)) return [{ seq, signature: 'BAD_ISSUER_SIGNATURE', account }];
      const holds = deviceSignatureHolds(verify, code);
      return [{ seq, signature: holds ? 'OK' : 'BAD_DEVICE_SIGNATURE', account }];
    });
}

/** The code of an opened tap. What is no such record is judged by core/ingest.ts, without a finding. */
function openedScan(bytes: Uint8Array): string | undefined {
  try {
    const record: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (record === null || typeof record !== 'object') return undefined;
    const opened = 'verdict' in record && record.verdict === 'open' && 'scan' in record;
    return opened && typeof record.scan === 'string' ? record.scan : undefined;
  } catch {
    // Not JSON: a poison line, which is kept and parked, not checked.
    return undefined;
  }
}
