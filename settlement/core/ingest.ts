/**
 * What settlement says to each line of a batch. Pure: the batch as read, what is known of this gate's
 * log, and what the signature checks found, in; one ruling and one thing to keep for each line, out.
 * Nothing is refused silently: every line is kept somewhere, and every kept line has its reason.
 */
import { equalBytes, toHex } from '@stile/protocol/bytes.ts';
import {
  type Batch,
  type ChainedLine,
  type GateRecord,
  readRecord,
} from '@stile/protocol/gate-log.ts';
import type { ItemRuling, RulingReason } from '@stile/protocol/sync.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { findFareCents, type IssuerKey, type TrustList } from '@stile/protocol/trust-list.ts';

/** How far apart a phone's and a gate's clock may be before a code counts as stale here. */
const CLOCK_SLACK_S = 120;

/** What is known of one epoch of one gate's log. */
export type KnownLog = {
  /** Last record that is here without a gap; 0: none. */
  lastSeq: number;
  /** Chain hash after it. */
  head: Uint8Array;
  /** Records that are here already, by seq, as received. */
  lines: ReadonlyMap<number, Uint8Array>;
};

export type SignatureFinding =
  | 'OK'
  | 'KEY_UNKNOWN'
  | 'BAD_ISSUER_SIGNATURE'
  | 'BAD_DEVICE_SIGNATURE'
  | 'MALFORMED';

export type IngestFacts = {
  gateLine: string;
  codeLifetimeSMax: number;
  tariff: TrustList['tariff'];
  findKey: (issuer: number, keyId: number) => IssuerKey | undefined;
  /** What the signature checks say of an opened tap. */
  findSignature: (seq: number) => SignatureFinding | undefined;
  isDevice: (account: string, serial: number) => boolean;
};

/** An opened tap whose code is good: it may carry a charge. */
export type GoodUse = {
  use: string;
  issuer: number;
  account: string;
  serial: number;
  counter: number;
  line: string;
  fareCents: number;
};

export type KeptRecord = {
  line: ChainedLine;
  /** Null where the line is no record. */
  record: GateRecord | null;
  ruling: ItemRuling['ruling'];
  reason: RulingReason | null;
  use: GoodUse | null;
};

/** Lines that are no part of the log (yet): kept byte for byte. */
export type KeptAside = { line: ChainedLine; why: 'CONFLICT' | 'FORK' | 'GAP' };

export type IngestPlan = {
  items: ItemRuling[];
  records: KeptRecord[];
  aside: KeptAside[];
  lastSeq: number;
  head: Uint8Array;
  /** Set where records are missing before this batch. */
  gap: { fromSeq: number; toSeq: number } | null;
};

export function useKey(code: TransitCode): string {
  const { issuer, account, serial } = code.pass;
  return `${issuer}/${account}/${serial}/${code.counter}`;
}

export function planIngest(batch: Batch, known: KnownLog, facts: IngestFacts): IngestPlan {
  const plan: IngestPlan = {
    items: [],
    records: [],
    aside: [],
    lastSeq: known.lastSeq,
    head: known.head,
    gap: null,
  };
  const { fromSeq, toSeq } = batch.header;
  if (fromSeq > known.lastSeq + 1) {
    plan.gap = { fromSeq: known.lastSeq + 1, toSeq: fromSeq - 1 };
    for (const line of batch.lines) setAside(plan, line, 'GAP');
    return plan;
  }
  const fresh = batch.lines.filter((line) => line.seq > known.lastSeq);
  const joins = fresh.length === 0 || toHex(hashBefore(batch, known.lastSeq)) === toHex(known.head);
  for (const line of batch.lines) {
    const here = known.lines.get(line.seq);
    if (line.seq <= known.lastSeq) {
      if (here !== undefined && equalBytes(here, line.bytes)) {
        plan.items.push({ seq: line.seq, ruling: 'duplicate' });
      } else setAside(plan, line, 'CONFLICT');
    } else if (!joins) setAside(plan, line, 'FORK');
    else keep(plan, line, facts);
  }
  if (joins && toSeq > known.lastSeq) {
    plan.lastSeq = toSeq;
    plan.head = batch.head;
  }
  return plan;
}

/** The chain hash that the batch itself has after `seq`. */
function hashBefore(batch: Batch, seq: number): Uint8Array {
  const line = batch.lines[seq - batch.header.fromSeq];
  if (line !== undefined) return line.hash;
  return Uint8Array.from(batch.header.prev.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function setAside(plan: IngestPlan, line: ChainedLine, why: KeptAside['why']): void {
  plan.aside.push({ line, why });
  plan.items.push(
    why === 'CONFLICT'
      ? { seq: line.seq, ruling: 'conflict', reason: 'OTHER_BYTES' }
      : { seq: line.seq, ruling: 'parked', reason: why },
  );
}

function keep(plan: IngestPlan, line: ChainedLine, facts: IngestFacts): void {
  const kept = judge(line, facts);
  plan.records.push(kept);
  plan.items.push({
    seq: line.seq,
    ruling: kept.ruling,
    ...(kept.reason === null ? {} : { reason: kept.reason }),
  });
}

function judge(line: ChainedLine, facts: IngestFacts): KeptRecord {
  const read = readRecord(line);
  if (!read.ok) return { line, record: null, ruling: 'parked', reason: 'UNREADABLE', use: null };
  const { record } = read;
  if (record.kind !== 'tap' || record.verdict !== 'open') {
    return { line, record, ruling: 'accepted', reason: null, use: null };
  }
  const reading = readTransitCode(record.scan ?? '');
  if (!reading.ok) return { line, record, ruling: 'rejected', reason: 'MALFORMED', use: null };
  const code = reading.value;
  const refused = refuseCode(code, record, facts);
  if (refused !== null) return { line, record, ruling: 'rejected', reason: refused, use: null };
  const { issuer, account, serial } = code.pass;
  if (!facts.isDevice(account, serial)) {
    return { line, record, ruling: 'parked', reason: 'ACCOUNT_UNKNOWN', use: null };
  }
  const fareCents = findFareCents(facts.tariff, record.line, Math.floor(record.atMs / 1000));
  if (fareCents === undefined || record.line !== facts.gateLine) {
    return { line, record, ruling: 'parked', reason: 'FARE_UNKNOWN', use: null };
  }
  const { counter } = code;
  const use = { use: useKey(code), issuer, account, serial, counter, line: record.line, fareCents };
  return { line, record, ruling: 'accepted', reason: null, use };
}

function refuseCode(
  code: TransitCode,
  record: Extract<GateRecord, { kind: 'tap' }>,
  facts: IngestFacts,
): RulingReason | null {
  const { pass, generatedAtS } = code;
  const key = facts.findKey(pass.issuer, pass.issuerKeyId);
  if (key === undefined) return 'KEY_UNKNOWN';
  // Whether a key was good is judged by when the pass was signed, not by when the tap arrives.
  if (pass.issuedAtS < key.notBeforeS || pass.issuedAtS > key.notAfterS) return 'KEY_EXPIRED';
  const finding = facts.findSignature(record.seq);
  if (finding !== 'OK') return finding ?? 'MALFORMED';
  if (record.clock === 'UNKNOWN') return null;
  const atS = Math.floor(record.atMs / 1000);
  const lifetimeS = Math.min(pass.codeLifetimeS, facts.codeLifetimeSMax);
  const stale =
    atS > generatedAtS + lifetimeS + CLOCK_SLACK_S ||
    atS < generatedAtS - CLOCK_SLACK_S ||
    atS > pass.issuedAtS + pass.lifetimeMin * 60 + CLOCK_SLACK_S;
  return stale ? 'STALE_CODE' : null;
}
