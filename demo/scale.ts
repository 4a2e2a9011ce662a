/**
 * The back office of `./scripts/demo --scale`: two API processes and two workers on one PostgreSQL and one Redis, behind
 * a relay that shares connections out. In the middle it loses a worker, the API process that leads, and all of Redis.
 */

import { type RedisServer, startPostgres, startRedis } from '@stile/host/private-servers.ts';
import { Cable } from './cable.ts';
import {
  type LogRecord,
  type ProcessOptions,
  parseRecord,
  type StileProcess,
} from './processes.ts';

const LEADS = 'this process leads';

type Start = (name: string, options: Pick<ProcessOptions, 'args' | 'env'>) => StileProcess;
type Api = { process: StileProcess; url: string };

/** What was killed and emptied in the middle, by name. */
export type Losses = { worker: string; leader: string; successor: string; redisKeys: number };

export type ScaleOptions = {
  logDir: string;
  /** The settlement's data directory, which all of them share. */
  data: string;
  start: Start;
};

export class Scale {
  readonly #options: ScaleOptions;
  readonly #ends: (() => Promise<void>)[] = [];
  #redis!: RedisServer;
  #front!: Cable;
  #apis: Api[] = [];
  #workers: StileProcess[] = [];
  #successor: { process: StileProcess; from: number } | null = null;
  database = '';

  constructor(options: ScaleOptions) {
    this.#options = options;
  }

  /** Starts all of it; `args` and `env` are of an API process. The URL under which the two are one. */
  async open({ args, env }: Required<Pick<ProcessOptions, 'args' | 'env'>>): Promise<string> {
    const { logDir, data, start } = this.#options;
    const keep = (end: () => Promise<void>) => void this.#ends.push(end);
    const [postgres, redis] = await Promise.all([
      startPostgres({ logDir, keep }),
      startRedis({ logDir, keep }),
    ]);
    this.database = postgres.url;
    this.#redis = redis;
    const servers = ['--database', postgres.url, '--redis', redis.url];
    // One after the other: the first one makes the tables, and leads.
    for (const name of ['api-1', 'api-2']) {
      const process = start(name, { args: [...args, ...servers], env });
      this.#apis.push({ process, url: await addressOf(process) });
    }
    for (const name of ['worker-1', 'worker-2']) {
      const worker = ['settlement', 'worker', '--data', data, ...servers];
      this.#workers.push(start(name, { args: worker }));
    }
    for (const worker of this.#workers) {
      const pick = (line: string) => parseRecord(line)?.msg === 'working' || undefined;
      await worker.waitFor('its work', { pick });
    }
    const [first, ...others] = this.#apis.map(({ url }) => url);
    this.#front = new Cable(first ?? '', others);
    await this.#front.plug();
    return this.#front.url;
  }

  /** All at once, and without a word to anybody. */
  async lose(): Promise<Losses> {
    const [worker] = this.#workers;
    const leader = leaderOf(this.#apis.map(({ process }) => process));
    const successor = this.#apis.find(({ process }) => process !== leader)?.process;
    if (worker === undefined || leader === undefined || successor === undefined) {
      throw new Error('nobody leads yet');
    }
    this.#successor = { process: successor, from: successor.lines.length };
    const [redisKeys] = await Promise.all([
      this.#redis.empty(),
      worker.end('SIGKILL'),
      leader.end('SIGKILL'),
    ]);
    return { worker: worker.name, leader: leader.name, successor: successor.name, redisKeys };
  }

  /** Waits until the API process that is left leads. */
  async untilSuccessorLeads(): Promise<void> {
    if (this.#successor === null) throw new Error('nobody has to follow');
    const { process, from } = this.#successor;
    await process.waitFor('that it leads', { pick: fenceOf, from });
  }

  async end(): Promise<void> {
    await this.#front?.unplug();
    await Promise.all(this.#ends.map((end) => end()));
  }
}

/** Of several API processes the one that was the last to say so: each term has a higher fence than the one before. */
export function leaderOf<P extends { readonly lines: readonly string[] }>(
  apis: readonly P[],
): P | undefined {
  const terms = apis.flatMap((api) => {
    const fences = api.lines.map(fenceOf).filter((fence) => fence !== undefined);
    return fences.length === 0 ? [] : [{ api, fence: Math.max(...fences) }];
  });
  return terms.sort((a, b) => b.fence - a.fence)[0]?.api;
}

/** Of the term that this line of a log begins. */
export function fenceOf(line: string): number | undefined {
  const record: LogRecord | undefined = parseRecord(line);
  return record?.msg === LEADS && typeof record.fence === 'number' ? record.fence : undefined;
}

/** Of a settlement that has just been started. */
export async function addressOf(settlement: StileProcess): Promise<string> {
  const { found } = await settlement.waitFor('its address', {
    pick(line) {
      const url = parseRecord(line)?.url;
      return typeof url === 'string' ? url : undefined;
    },
  });
  return found;
}
