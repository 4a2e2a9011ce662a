/**
 * What one line of a gate's log says, and whether the code in it was genuine: everything that can be
 * known from the received bytes and the issuers' keys alone. Signatures are checked over the bytes as
 * received. A refused tap carries no money, so its code is not looked at.
 */
import { concatBytes, type Sha256, toHex } from '@stile/protocol/bytes.ts';
import { type LogRecord, readRecord, type TapRecord } from '@stile/protocol/gate-log.ts';
import type { AuthorisationReason, Reason } from '@stile/protocol/reasons.ts';
import {
  deviceSignatureHolds,
  issuerSignatureHolds,
  type Verify,
} from '@stile/protocol/signature.ts';
import type { RulingReason } from '@stile/protocol/sync.ts';
import {
  readTransitCode,
  type SignedPass,
  type TransitCode,
} from '@stile/protocol/transit-code.ts';
import { ceilingCentsOf, type IssuerKey } from '@stile/protocol/trust-list.ts';
import type { ClockQuality } from '../rides/tariff.ts';
import type { CodeUse } from './code-use.ts';

/**
 * What is wrong with a code whatever else is known. That a key was revoked is not among it: whether the
 * pass was issued is known here, and a gate that had not heard of it has let its rider in.
 */
export type CodeProblem = Extract<
  RulingReason,
  'MALFORMED' | 'KEY_UNKNOWN' | 'KEY_EXPIRED' | 'BAD_ISSUER_SIGNATURE' | 'BAD_DEVICE_SIGNATURE'
>;

/** The signed facts of a genuine code that a ruling needs. */
export type CheckedCode = CodeUse & {
  /** The issuer's key that signed the pass. */
  keyId: number;
  /** The phone's key as the pass has it, hex. */
  deviceKey: string;
  issuedAtS: number;
  lifetimeMin: number;
  codeLifetimeS: number;
  generatedAtS: number;
  /** The greatest single fare that the pass stands for; null: stored by an earlier version of settlement. */
  ceilingCents: number | null;
};

/** What a gate's clock said besides the time. Absent: stored by an earlier version of settlement. */
type BootClock = { boot?: string; monoMs?: number };

export type CheckedTap = {
  kind: 'tap';
  atMs: number;
  clock: ClockQuality;
  line: string;
  /** Versions in force at the gate. */
  trust: number;
  deny: number;
  tariff: number;
} & BootClock &
  (
    | { verdict: 'refuse'; gateReason: Reason | null }
    | { verdict: 'open'; problem: CodeProblem }
    | { verdict: 'open'; problem: null; code: CheckedCode }
  );

/** What a gate says of a code that only settlement can judge. */
export type CheckedAuthorisation = {
  kind: 'ask';
  atMs: number;
  clock: ClockQuality;
  id: string;
  line: string;
};
export type CheckedAnswer = {
  kind: 'answer';
  atMs: number;
  clock: ClockQuality;
  of: number;
  verdict: 'open' | 'refuse';
  gateReason: AuthorisationReason | null;
};

export type RecordContent =
  | CheckedTap
  | (CheckedAuthorisation & BootClock)
  | (CheckedAnswer & BootClock)
  | ({ kind: 'void'; atMs: number; clock?: ClockQuality; of: number } & BootClock)
  | ({ kind: 'note'; atMs: number; clock?: ClockQuality } & BootClock)
  | { kind: 'unreadable'; detail: string };

export type KnownIssuerKey = IssuerKey & { publicKeyBytes: Uint8Array };

/** Passes whose issuer signature has held; whoever passes one in bounds it. */
export type VerifiedPasses = { has(id: string): boolean; add(id: string): void };

export type CheckParts = {
  issuerKeys: readonly KnownIssuerKey[];
  verify: Verify;
  sha256: Sha256;
  /** Null: verify every pass every time. */
  verifiedPasses: VerifiedPasses | null;
};

export function checkRecord(line: LogRecord, parts: CheckParts): RecordContent {
  const reading = readRecord(line);
  if (!reading.ok) return { kind: 'unreadable', detail: reading.detail };
  const { record } = reading;
  const { boot, monoMs } = record;
  switch (record.kind) {
    case 'tap':
      return checkTap(record, parts);
    case 'ask': {
      const { kind, atMs, clock, id, line: ofLine } = record;
      return { kind, atMs, clock, boot, monoMs, id, line: ofLine };
    }
    case 'answer': {
      const { kind, atMs, clock, of, verdict, reason: gateReason } = record;
      return { kind, atMs, clock, boot, monoMs, of, verdict, gateReason };
    }
    case 'void': {
      const { kind, atMs, clock, of } = record;
      return { kind, atMs, clock, boot, monoMs, of };
    }
    case 'note': {
      const { kind, atMs, clock } = record;
      return { kind, atMs, clock, boot, monoMs };
    }
  }
}

function checkTap(record: TapRecord, parts: CheckParts): CheckedTap {
  const { atMs, clock, boot, monoMs, line, trust, deny, tariff } = record;
  const stamp = { kind: 'tap', atMs, clock, boot, monoMs } as const;
  const tap = { ...stamp, line, trust, deny, tariff };
  if (record.verdict === 'refuse') return { ...tap, verdict: 'refuse', gateReason: record.reason };
  const reading = record.scan === null ? undefined : readTransitCode(record.scan);
  if (!reading?.ok) return { ...tap, verdict: 'open', problem: 'MALFORMED' };
  const { pass } = reading.value;
  const key = parts.issuerKeys.find(
    (one) => one.issuer === pass.issuer && one.keyId === pass.issuerKeyId,
  );
  if (key === undefined) return { ...tap, verdict: 'open', problem: 'KEY_UNKNOWN' };
  const problem = findProblem(reading.value, { tap: record, key, parts });
  if (problem !== null) return { ...tap, verdict: 'open', problem };
  return { ...tap, verdict: 'open', problem: null, code: checkedCode(reading.value, key) };
}

function checkedCode(
  { pass, counter, generatedAtS }: TransitCode,
  key: KnownIssuerKey | null,
): CheckedCode {
  const { issuer, account, serial, issuedAtS, lifetimeMin, codeLifetimeS } = pass;
  const signer = { keyId: pass.issuerKeyId, deviceKey: toHex(pass.deviceKey) };
  const times = { issuedAtS, lifetimeMin, codeLifetimeS, generatedAtS };
  const ceilingCents = key && ceilingCentsOf(pass, key);
  return { issuer, account, serial, counter, ...signer, ...times, ceilingCents };
}

/**
 * What was checked of a record that waits for the ones before it, as it was stored: an earlier version of
 * settlement stored less of a code, and the rest is in the record itself.
 */
export function completeContent(content: RecordContent, record: LogRecord): RecordContent {
  const isOpened = content.kind === 'tap' && content.verdict === 'open';
  if (!isOpened || content.problem !== null || content.code.deviceKey !== undefined) return content;
  const code = codeIn(record);
  return code === null ? content : { ...content, code: checkedCode(code, null) };
}

/** The code in a tap's bytes, if there is one. */
function codeIn(record: LogRecord): TransitCode | null {
  const reading = readRecord(record);
  const scan = reading.ok && reading.record.kind === 'tap' ? reading.record.scan : null;
  const code = scan === null ? undefined : readTransitCode(scan);
  return code?.ok ? code.value : null;
}

/** Of a key what says how much the passes that it signed stand for. */
export type CeilingKey = Pick<IssuerKey, 'issuer' | 'keyId' | 'ceilingExponent'>;

/** What the pass in a tap's bytes stands for; null if there is none, or none of a known key. */
export function ceilingCentsIn(record: LogRecord, keys: readonly CeilingKey[]): number | null {
  const pass = codeIn(record)?.pass;
  const key = keys.find((one) => one.issuer === pass?.issuer && one.keyId === pass.issuerKeyId);
  return pass === undefined || key === undefined ? null : ceilingCentsOf(pass, key);
}

function findProblem(
  code: TransitCode,
  { tap, key, parts }: { tap: TapRecord; key: KnownIssuerKey; parts: CheckParts },
): CodeProblem | null {
  const { issuedAtS } = code.pass;
  const tapS = Math.floor(tap.atMs / 1000);
  const isLate = tap.clock !== 'UNKNOWN' && isOutside(tapS, key);
  if (isLate || isOutside(issuedAtS, key)) return 'KEY_EXPIRED';
  if (!passHolds(code, key, parts)) return 'BAD_ISSUER_SIGNATURE';
  return deviceSignatureHolds(parts.verify, code) ? null : 'BAD_DEVICE_SIGNATURE';
}

function isOutside(atS: number, key: IssuerKey): boolean {
  return atS < key.notBeforeS || atS > key.notAfterS;
}

function passHolds(pass: SignedPass, key: KnownIssuerKey, parts: CheckParts): boolean {
  const { verifiedPasses, sha256, verify } = parts;
  if (verifiedPasses === null)
    return issuerSignatureHolds(verify, { issuerKey: key.publicKeyBytes, pass });
  // The key belongs to the name of what was verified: the same bytes under another key prove nothing.
  const id = toHex(sha256(concatBytes(key.publicKeyBytes, pass.bytes)));
  if (verifiedPasses.has(id)) return true;
  const isGood = issuerSignatureHolds(verify, { issuerKey: key.publicKeyBytes, pass });
  if (isGood) verifiedPasses.add(id);
  return isGood;
}
