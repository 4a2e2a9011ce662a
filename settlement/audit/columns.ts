/**
 * What is stored beside a record's bytes, computed again from the bytes: kind, verdict, reason, time, clock,
 * line, the code use, and what its pass stands for. A record that somebody turned into another one is found by it.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { readTransitCode, type TransitCode } from '@stile/protocol/transit-code.ts';
import { ceilingCentsOf } from '@stile/protocol/trust-list.ts';
import { checkRecord, type RecordContent } from '../core/logs/check-record.ts';
import { authorisationKey, useKey, useKeyOfCounter } from '../core/logs/code-use.ts';
import { recordRow } from '../core/logs/record-row.ts';
import { type Check, checkOf } from './check.ts';
import { readFields } from './log-bytes.ts';
import type { IssuerKeyRow, LogRecordRow } from './port.ts';

/** Signatures are another check's matter; here only the columns are. */
const PARTS = { issuerKeys: [], verify: () => true, sha256, verifiedPasses: null };

const COMPARED = [
  'kind',
  'verdict',
  'gateReason',
  'atMs',
  'clock',
  'line',
  'ofSeq',
] as const satisfies readonly (keyof LogRecordRow)[];

/** It remembers the uses of one gate at a time. */
export function checkColumns(): Check {
  const wrong: number[] = [];
  let gate = '';
  let count = 0;
  let logs = new Map<number, Named>();
  let named: Named = { own: new Map(), before: null, baseSeq: 0 };
  const keys = new Map<string, IssuerKeyRow>();
  return {
    issuerKey: (key) => {
      keys.set(`${key.issuer}/${key.keyId}`, key);
    },
    gate: (row) => {
      gate = row.gate;
      logs = new Map();
    },
    epoch: ({ id, baseEpoch, baseSeq }) => {
      const before = baseEpoch === null ? undefined : logs.get(baseEpoch);
      named = { own: new Map(), before: before ?? null, baseSeq: baseSeq ?? 0 };
      logs.set(id, named);
    },
    logRecord: (record) => {
      count += 1;
      const content = checkRecord(record, PARTS);
      const isGood =
        areColumnsOf(record, content) && isUseOf(record, { content, gate, named, keys });
      if (!isGood) wrong.push(record.id);
      const { seq, use, receivedAtMs } = record;
      if (use !== null) named.own.set(seq, { use, receivedAtMs });
    },
    results: () => {
      const names = wrong.sort((a, b) => a - b).map((id) => `record ${id}`);
      const name = 'what is stored of a record is what its bytes say';
      return [checkOf(name, { wrong: names, good: `${count} records` })];
    },
  };
}

function areColumnsOf(record: LogRecordRow, content: RecordContent): boolean {
  const { id, seq, use } = record;
  const ruled = { seq, content, ruling: 'accepted', reason: null, use, rideTime: null } as const;
  const ids = { id, epochId: 0, batchId: 0 };
  const expected = recordRow(record, { ids, ruled, nowMs: 0 });
  return COMPARED.every((name) => expected[name] === record[name]);
}

type Keys = ReadonlyMap<string, IssuerKeyRow>;

/** Records of one log that have a use, by seq. `before`: the log that it goes on from behind `baseSeq`, as a branch. */
type Named = {
  own: Map<number, { use: string; receivedAtMs: number }>;
  before: Named | null;
  baseSeq: number;
};

type UseParts = {
  content: RecordContent;
  gate: string;
  named: Named;
  keys: Keys;
};

/** An opened tap without a use has a reason; every other use follows from the bytes. */
function isUseOf(record: LogRecordRow, { content, gate, named, keys }: UseParts): boolean {
  const { use, bytes, reason } = record;
  switch (content.kind) {
    case 'ask':
      return use === authorisationKey(gate, content.id);
    case 'void':
    case 'answer':
      return isUseOfNamed(record, named);
    case 'tap':
      if (content.verdict === 'refuse') return use === null;
      return use === null ? reason !== null : isOfCode(record, { code: codeIn(bytes), keys });
    default:
      return use === null;
  }
}

/** What an adopted record names may have come only after it; then nothing follows from it. */
function isUseOfNamed({ use, ofSeq, reason, receivedAtMs }: LogRecordRow, named: Named): boolean {
  if (use === null && reason !== null) return true;
  const seq = ofSeq ?? 0;
  let log = named;
  while (!log.own.has(seq) && log.before !== null && seq <= log.baseSeq) log = log.before;
  const found = log.own.get(seq);
  if (log === named || found === undefined || use !== null) return use === (found?.use ?? null);
  return found.receivedAtMs > receivedAtMs;
}

function codeIn(bytes: Uint8Array): TransitCode | null {
  const { scan } = readFields(bytes);
  const code = typeof scan === 'string' ? readTransitCode(scan) : undefined;
  return code?.ok ? code.value : null;
}

/**
 * Its use is that of the code, and its ceiling the pass's; an earlier version of settlement named a use by its
 * counter and stored no ceiling. That a use is one of the books, settling once more says.
 */
function isOfCode(
  { use, ceilingCents }: LogRecordRow,
  { code, keys }: { code: TransitCode | null; keys: Keys },
): boolean {
  if (code === null) return false;
  const { issuer, account, serial, issuerKeyId } = code.pass;
  const { counter, generatedAtS } = code;
  const codeUse = { issuer, account, serial, counter, generatedAtS };
  if (use !== useKey(codeUse) && use !== useKeyOfCounter(codeUse)) return false;
  const key = keys.get(`${issuer}/${issuerKeyId}`);
  return (
    ceilingCents === null || (key !== undefined && ceilingCents === ceilingCentsOf(code.pass, key))
  );
}
