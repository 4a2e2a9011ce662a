/**
 * What is stored beside a record's bytes, computed again from the bytes: kind, verdict, reason, time, clock,
 * line, and the code use. A record that somebody turned into another one is found by it.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { readTransitCode } from '@stile/protocol/transit-code.ts';
import { checkRecord, type RecordContent } from '../core/logs/check-record.ts';
import { authorisationKey, useKey } from '../core/logs/code-use.ts';
import { recordRow } from '../core/logs/record-row.ts';
import { type Check, checkOf } from './check.ts';
import { readFields } from './log-bytes.ts';
import type { LogRecordRow } from './port.ts';

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

/** It remembers the uses of one epoch at a time. */
export function checkColumns(): Check {
  const wrong: number[] = [];
  let gate = '';
  let count = 0;
  let uses = new Map<number, string>();
  return {
    gate: (row) => {
      gate = row.gate;
    },
    epoch: () => {
      uses = new Map();
    },
    logRecord: (record) => {
      count += 1;
      const content = checkRecord(record, PARTS);
      const isGood = areColumnsOf(record, content) && isUseOf(record, { content, gate, uses });
      if (!isGood) wrong.push(record.id);
      if (record.use !== null) uses.set(record.seq, record.use);
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

type UseParts = { content: RecordContent; gate: string; uses: ReadonlyMap<number, string> };

/** An opened tap without a use has a reason; every other use follows from the bytes. */
function isUseOf(record: LogRecordRow, { content, gate, uses }: UseParts): boolean {
  const { use, ofSeq, bytes, reason } = record;
  switch (content.kind) {
    case 'ask':
      return use === authorisationKey(gate, content.id);
    case 'void':
    case 'answer': {
      const named = uses.get(ofSeq ?? 0) ?? null;
      return use === named || (use === null && reason !== null);
    }
    case 'tap':
      if (content.verdict === 'refuse') return use === null;
      return use === null ? reason !== null : use === useOfScan(bytes);
    default:
      return use === null;
  }
}

/** The use of the code in a tap's bytes; null if it holds no code. */
function useOfScan(bytes: Uint8Array): string | null {
  const { scan } = readFields(bytes);
  const code = typeof scan === 'string' ? readTransitCode(scan) : undefined;
  if (!code?.ok) return null;
  const { pass, counter } = code.value;
  const { issuer, account, serial } = pass;
  return useKey({ issuer, account, serial, counter });
}
