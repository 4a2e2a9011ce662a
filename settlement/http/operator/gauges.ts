/**
 * What settlement says of itself to those who watch it: names, labels and units of its metrics. Ages are seconds by the
 * clock that is believed; a kind or a reason of which there is nothing says 0, so that an alert has something to read.
 */
import { PARKED_WHYS } from '../../core/parked/parked-record.ts';
import type { Load } from '../../store/views.ts';
import type { JobCounts } from '../../work/queue/count-jobs.ts';
import type { Gauge, Sample } from './exposition.ts';

const KINDS = ['settle', 'reprice', 'join', 'retime', 'use', 'publish'] as const;

export type Watched = {
  version: string;
  nowMs: number;
  isLeader: boolean;
  load: Load;
  /** Top-ups of which nobody knows yet whether the money is in. */
  topUps: { open: number; oldestMs: number | null };
  lists: {
    version: number;
    issuedAtS: number;
    expiresAtS: number;
    deny: { version: number; count: number };
  };
  isClockDoubted: boolean;
  streams: Readonly<Record<'rider' | 'merchant', number>>;
  /** Undefined: no Redis is used; null: it is away. */
  jobs: JobCounts | null | undefined;
};

export function gaugesOf(watched: Watched): Gauge[] {
  return [
    ...processGauges(watched),
    ...outboxGauges(watched),
    ...openGauges(watched),
    ...listGauges(watched),
    ...queueGauges(watched),
  ];
}

function processGauges({ version, isLeader, streams }: Watched): Gauge[] {
  return [
    {
      name: 'stile_build_info',
      help: 'Always 1; the version of this process.',
      samples: [{ labels: { version }, value: 1 }],
    },
    {
      name: 'stile_leader',
      help: '1 if this process signs and publishes; of all processes one does.',
      samples: one(Number(isLeader)),
    },
    {
      name: 'stile_event_streams',
      help: 'Event streams that are open at this process.',
      samples: samplesBy('subject', Object.entries(streams)),
    },
  ];
}

function outboxGauges({ load, nowMs }: Watched): Gauge[] {
  const rows = KINDS.map((kind) => {
    const row = load.outbox.find((of) => of.kind === kind);
    return row ?? { kind, waiting: 0, failed: 0, oldestMs: null, failedSinceMs: null };
  });
  const failing = rows.flatMap(({ failedSinceMs }) => failedSinceMs ?? []);
  return [
    {
      name: 'stile_outbox_rows',
      help: 'Pieces of work that wait, or that failed and wait.',
      samples: rows.flatMap(({ kind, waiting, failed }) => [
        { labels: { kind, state: 'waiting' }, value: waiting },
        { labels: { kind, state: 'failed' }, value: failed },
      ]),
    },
    {
      name: 'stile_outbox_oldest_age_seconds',
      help: 'For how long the oldest work of a kind has been there, failed or not; 0: none is.',
      samples: samplesBy(
        'kind',
        rows.map(({ kind, oldestMs }) => [kind, ageS(oldestMs, nowMs)]),
      ),
    },
    {
      name: 'stile_failed_work_oldest_age_seconds',
      help: 'For how long work has failed; 0: none does.',
      samples: one(ageS(failing.length === 0 ? null : Math.min(...failing), nowMs)),
    },
  ];
}

function openGauges({ load, topUps, nowMs }: Watched): Gauge[] {
  const parkedBy = new Map(load.parked.map(({ why, records }) => [why, records]));
  return [
    {
      name: 'stile_parked_records',
      help: 'Records of gates that wait for a person, by the reason.',
      samples: samplesBy(
        'why',
        PARKED_WHYS.map((why) => [why, parkedBy.get(why) ?? 0]),
      ),
    },
    {
      name: 'stile_unjudged_records',
      help: 'Taps that are judged again once more is known.',
      samples: one(load.unjudged),
    },
    {
      name: 'stile_open_top_ups',
      help: 'Top-ups without a word of the provider.',
      samples: one(topUps.open),
    },
    {
      name: 'stile_open_top_up_oldest_age_seconds',
      help: 'Age of the oldest of them; 0: there is none.',
      samples: one(ageS(topUps.oldestMs, nowMs)),
    },
  ];
}

function listGauges({ lists, isClockDoubted, nowMs }: Watched): Gauge[] {
  const { version, issuedAtS, expiresAtS, deny } = lists;
  return [
    {
      name: 'stile_trust_list_version',
      help: 'Version of the trust list in force.',
      samples: one(version),
    },
    {
      name: 'stile_trust_list_age_seconds',
      help: 'For how long it has been signed.',
      samples: one(ageS(issuedAtS * 1000, nowMs)),
    },
    {
      name: 'stile_trust_list_left_seconds',
      help: 'Until it ends; below 0: it has ended.',
      samples: one(expiresAtS - nowMs / 1000),
    },
    {
      name: 'stile_deny_list_version',
      help: 'Version of the deny list in force.',
      samples: one(deny.version),
    },
    {
      name: 'stile_deny_list_ids',
      help: 'Passes and accounts that are on it.',
      samples: one(deny.count),
    },
    {
      name: 'stile_clock_doubted',
      help: '1 while the clock is not believed and nothing is signed.',
      samples: one(Number(isClockDoubted)),
    },
  ];
}

function queueGauges({ jobs }: Watched): Gauge[] {
  if (jobs === undefined) return [];
  const up: Gauge = {
    name: 'stile_redis_up',
    help: '1 if Redis answers this process.',
    samples: one(Number(jobs !== null)),
  };
  if (jobs === null) return [up];
  const counts: Gauge = {
    name: 'stile_queue_jobs',
    help: 'Jobs on Redis: each names a shard that has work; what the work is, the outbox knows.',
    samples: samplesBy('state', Object.entries(jobs)),
  };
  return [up, counts];
}

function one(value: number): Sample[] {
  return [{ value }];
}

function samplesBy(label: string, values: readonly (readonly [string, number])[]): Sample[] {
  return values.map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** A clock that was set back makes nothing younger than new. */
function ageS(sinceMs: number | null, nowMs: number): number {
  return sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs) / 1000;
}
