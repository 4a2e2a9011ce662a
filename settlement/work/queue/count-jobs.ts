/** How many jobs the queue on Redis holds, for those who watch it. A Redis that is away keeps nobody waiting. */
import type { Clock } from '@stile/host/clock.ts';
import type { SharedWork } from './shared-work.ts';
import { within } from './within.ts';

const COUNT_MS_MAX = 1_000;
/** As BullMQ names them. A job that is done is none any more. */
const STATES = ['waiting', 'active', 'delayed', 'failed'] as const;

export type JobState = (typeof STATES)[number];
export type JobCounts = Readonly<Record<JobState, number>>;
/** Null: Redis is away. */
export type CountJobs = () => Promise<JobCounts | null>;

export type CountJobsParts = {
  shared: Pick<SharedWork, 'queue' | 'isReachable'>;
  /** The machine's own. */
  clock: Clock;
};

export function createCountJobs({ shared, clock }: CountJobsParts): CountJobs {
  return async () => {
    if (!shared.isReachable()) return null;
    const work = shared.queue.queue.getJobCounts(...STATES);
    const found = await within(COUNT_MS_MAX, { work, clock }).catch(() => undefined);
    if (found === undefined) return null;
    const { waiting = 0, active = 0, delayed = 0, failed = 0 } = found;
    return { waiting, active, delayed, failed };
  };
}
