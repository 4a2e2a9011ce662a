/**
 * When each ride was, computed again: by the gate's clock where it was known, else from the code, the list in force
 * and the nearest records of the log whose clock was known, before and after, as their bytes say it.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { checkRecord, type KnownIssuerKey } from '../core/logs/check-record.ts';
import { anchorIn, type ClockAnchor, type RideTime } from '../core/logs/ride-time.ts';
import { datedBy, type Limits } from '../core/logs/rulings.ts';
import { type Check, checkOf } from './check.ts';
import type { LogRecordRow } from './port.ts';

/** Of a list that was never published here: what hangs on its limits cannot be computed. */
const NO_LIMITS: Limits = { codeLifetimeSMax: 1, skewS: 0 };

/** `incomputable`: the gate named a list that was never published here, and the limits of then are not stored. */
type Found = 'good' | 'wrong' | 'incomputable';

type Parts = {
  issuerKeys: readonly KnownIssuerKey[];
  limits: ReadonlyMap<number, Limits>;
  listTimesS: ReadonlyMap<number, number>;
};

/** It remembers the taps of one log since the last record whose clock was known. */
export function checkRideTimes(): Check {
  const issuerKeys: KnownIssuerKey[] = [];
  const limits = new Map<number, Limits>();
  const listTimesS = new Map<number, number>();
  const found: Record<Found, number[]> = { good: [], wrong: [], incomputable: [] };
  let good = 0;
  let openWork = 0;
  let before: LogRecordRow | null = null;
  let waiting: LogRecordRow[] = [];
  const note = (record: LogRecordRow, of: Found) => {
    if (of === 'good') good += 1;
    else found[of].push(record.id);
  };
  const finish = (after: ClockAnchor | null) => {
    const parts = { issuerKeys, limits, listTimesS };
    const anchors = { before: before === null ? null : anchorIn(before), after };
    for (const tap of waiting) note(tap, judgeUnclocked(tap, { parts, ...anchors }));
    waiting = [];
  };
  return {
    issuerKey: (key) => {
      const publicKeyBytes = fromHex(key.publicKey, 32) ?? new Uint8Array(32);
      issuerKeys.push({ ...key, publicKeyBytes });
    },
    listRules: ({ version, codeLifetimeSMax, skewS, issuedAtS }) => {
      limits.set(version, { codeLifetimeSMax, skewS });
      listTimesS.set(version, issuedAtS);
    },
    epoch: () => {
      before = null;
      waiting = [];
    },
    logRecord: (record) => {
      const isClocked = record.clock === 'TRUSTED' || record.clock === 'HOLDOVER';
      if (isClocked) {
        if (waiting.length > 0) finish(anchorIn(record));
        before = record;
      }
      if (!isTimed(record)) return;
      if (isClocked) note(record, judgeClocked(record));
      else waiting.push(record);
    },
    epochEnd: () => finish(null),
    work: () => {
      openWork += 1;
    },
    results: () => {
      const name = 'every ride was when its record and its neighbours say';
      if (openWork > 0)
        return [{ name, ok: true, detail: `not looked at: ${openWork} jobs are not done yet` }];
      const names = found.wrong.sort((a, b) => a - b).map((id) => `record ${id}`);
      const { length } = found.incomputable;
      const rest = length === 0 ? '' : `, ${length} by lists that are not known`;
      return [checkOf(name, { wrong: names, good: `${good} rides${rest}` })];
    },
  };
}

/** An opened tap that says when it was, or that money hangs on. */
function isTimed({ kind, verdict, use, rideMs, rideMsSource }: LogRecordRow): boolean {
  if (kind !== 'tap' || verdict !== 'open') return false;
  return use !== null || rideMs !== null || rideMsSource !== null;
}

/** Stored by an earlier version of settlement, which had neither time nor ceiling: it goes by the gate's clock. */
function isOfEarlierVersion({ rideMs, rideMsSource, ceilingCents, stale }: LogRecordRow): boolean {
  return rideMs === null && rideMsSource === null && ceilingCents === null && stale === 0;
}

function judgeClocked(record: LogRecordRow): Found {
  const { rideMs, rideMsSource, atMs, use, stale } = record;
  if (isOfEarlierVersion(record)) return 'good';
  const isGood = rideMs === atMs && rideMsSource === 'GATE' && (use === null || stale === 0);
  return isGood ? 'good' : 'wrong';
}

function judgeUnclocked(
  record: LogRecordRow,
  { parts, before, after }: { parts: Parts; before: ClockAnchor | null; after: ClockAnchor | null },
): Found {
  if (isOfEarlierVersion(record)) return 'good';
  const { issuerKeys, ...facts } = parts;
  const check = { issuerKeys, verify: () => true, sha256, verifiedPasses: null };
  const content = checkRecord(record, check);
  const context = { facts, limitsNow: NO_LIMITS, nowMs: record.receivedAtMs };
  const expected = datedBy(content, { before, after, context });
  if (expected === null || content.kind !== 'tap') return 'wrong';
  if (facts.limits.has(content.trust)) return isStored(expected, record) ? 'good' : 'wrong';
  // Counted from a clock it hangs on no limit; only whether the code was good then does.
  if (expected.source !== 'BOOT') return 'incomputable';
  return isStored({ ...expected, isStale: record.stale === 1 }, record) ? 'good' : 'wrong';
}

function isStored({ atMs, source, isStale }: RideTime, record: LogRecordRow): boolean {
  const { rideMs, rideMsSource, stale } = record;
  return rideMs === atMs && rideMsSource === source && stale === (isStale ? 1 : 0);
}
