/** The taps' checks: nothing received is lost, and every opened tap has exactly one end. */
import { type Check, checkOf } from './check.ts';
import type { RecordRow } from './port.ts';

/** Dispositions that wait for somebody: a fare, an account, a look at the bytes. */
const PARKED: readonly string[] = [
  'FARE_UNKNOWN',
  'ACCOUNT_UNKNOWN',
  'PASS_NOT_ISSUED',
  'KEY_UNKNOWN',
  'KEY_EXPIRED',
  'UNREADABLE',
];
/** Why a record waits beside its log; one that joined it, or that a person has decided about, does not. */
const BESIDE_LOG: readonly string[] = ['GAP', 'FORK', 'OTHER_BYTES'];
/** Dispositions that say by themselves how a tap has ended; others need a reason. */
const PLAIN: readonly string[] = [
  'CHARGED',
  'EXTRA_USE',
  'VOIDED',
  'STALE_CODE',
  'FARE_UNKNOWN',
  'WRITTEN_OFF',
];

/** An opened tap is not pending any more, and if its end is not plain a reason is stored with it. */
export function checkEnds(): Check {
  const wrong: string[] = [];
  const counts = new Map<string | null, number>();
  return {
    record: (record) => {
      const { id, kind, verdict, disposition } = record;
      if (kind !== 'tap' || verdict !== 'open') return;
      counts.set(disposition, (counts.get(disposition) ?? 0) + 1);
      if (!hasEnded(record)) wrong.push(`record ${id}`);
    },
    results: () => {
      const good = describeEnds(counts);
      return [checkOf('every opened tap ends in one charge or one reason', { wrong, good })];
    },
  };
}

function hasEnded({ disposition, reason }: RecordRow): boolean {
  if (disposition === null || disposition === 'PENDING') return false;
  return PLAIN.includes(disposition) || reason !== null;
}

/** The most frequent first; those that are equally frequent by name. */
function describeEnds(counts: ReadonlyMap<string | null, number>): string {
  const ends = [...counts].sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
  const sorted = ends.sort(([, a], [, b]) => b - a);
  return sorted.map(([disposition, count]) => `${count} ${disposition}`).join(', ') || 'no tap yet';
}

/**
 * A record is CHARGED if and only if the charge of its use names it and was not given back. Records
 * that end nowhere, such as notes, are not looked at.
 */
export function checkPairs(): Check {
  const wrong: string[] = [];
  return {
    record: ({ id, disposition, charge }) => {
      if (disposition === null) return;
      const isCharged = charge !== null && charge.record === id && charge.state !== 'REFUNDED';
      if ((disposition === 'CHARGED') !== isCharged) wrong.push(`record ${id}`);
    },
    results: () => {
      const name = 'charges and charged taps belong together, one to one';
      return [checkOf(name, { wrong, good: 'all' })];
    },
  };
}

/** Every record falls into exactly one of these groups, so that their counts add up. */
const GROUPS = {
  charged: (record: RecordRow) => isTap(record) && record.disposition === 'CHARGED',
  pending: (record: RecordRow) => isTap(record) && record.disposition === 'PENDING',
  parked: (record: RecordRow) => isTap(record) && PARKED.includes(record.disposition ?? ''),
  rejected: (record: RecordRow) => isTap(record) && isRejected(record),
  voided: (record: RecordRow) => isTap(record) && record.disposition === 'VOIDED',
  'written off': (record: RecordRow) => isTap(record) && record.disposition === 'WRITTEN_OFF',
  refused: ({ kind, verdict }: RecordRow) => kind === 'tap' && verdict === 'refuse',
  asks: ({ kind, use }: RecordRow) => kind === 'ask' && use !== null,
  answers: ({ kind, verdict, disposition }: RecordRow) =>
    kind === 'answer' && (verdict === 'refuse' || disposition !== null),
  others: ({ kind }: RecordRow) => kind === 'void' || kind === 'note',
};

/** An unreadable record counts as a tap, because it may be one. */
function isTap({ kind }: RecordRow): boolean {
  return kind === 'tap' || kind === 'unreadable';
}

function isRejected({ disposition }: RecordRow): boolean {
  if (disposition === null || PARKED.includes(disposition)) return false;
  return !['CHARGED', 'PENDING', 'VOIDED', 'WRITTEN_OFF'].includes(disposition);
}

export function checkReceived(): Check {
  const groups = Object.entries(GROUPS).map(([name, isIn]) => ({ name, isIn, count: 0 }));
  let received = 0;
  let waiting = 0;
  return {
    record: (record) => {
      received += 1;
      for (const group of groups) if (group.isIn(record)) group.count += 1;
    },
    strayRecord: ({ why }) => {
      if (BESIDE_LOG.includes(why)) waiting += 1;
    },
    results: () => {
      const sum = groups.reduce((total, { count }) => total + count, 0);
      const parts = groups.map(({ name, count }) => `${count} ${name}`);
      const detail = `${received} = ${parts.join(' + ')}; ${waiting} beside the logs`;
      return [{ name: 'every record received is accounted for', ok: sum === received, detail }];
    },
  };
}
