/**
 * Redis as the queue needs it: one that never throws a job away to make room. Redis is a hint and never the
 * truth (the outbox in the database is), so one that is away is waited for, however long.
 */
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';

/** Pauses between two tries to reach Redis again. */
const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 2_000;
/** How long the first try at start may take. */
const CONNECT_MS_MAX = 5_000;
const POLICY = 'noeviction';
/** Streams and blocking reads as the queue needs them. */
const MAJOR_MIN = 6;

export type RedisParts = { url: string; log: Logger };

/**
 * Connects and goes on if Redis is away: it is tried again for ever.
 * @throws Fault CONFIG_INVALID if the address is none, or Redis is too old, refuses the credential, or would throw
 * jobs away.
 */
export async function openRedis({ url, log }: RedisParts): Promise<Redis> {
  requireRedisUrl(url);
  const redis = new Redis(url, {
    lazyConnect: true,
    // The queue's blocking reads wait as long as they have to.
    maxRetriesPerRequest: null,
    connectTimeout: CONNECT_MS_MAX,
    retryStrategy: (tries) => Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(tries, 10)),
  });
  const says = sayWhetherItIsThere(redis, log);
  try {
    await redis.connect();
    await requireFitting(redis, url);
  } catch (error) {
    const refusal = refusalOf(error, url);
    if (refusal !== undefined) {
      redis.disconnect();
      throw refusal;
    }
    says(error);
  }
  return redis;
}

function requireRedisUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^rediss?:$/.test(parsed.protocol) && parsed.hostname !== '') return;
  throw new Fault('CONFIG_INVALID', 'the address of Redis has to look like redis://host:6379/0');
}

/** Without the password that the address may hold. */
export function redisName(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

async function requireFitting(redis: Redis, url: string): Promise<void> {
  const info = await redis.info();
  const major = Number(/^redis_version:(\d+)/m.exec(info)?.[1] ?? 0);
  const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
  if (major < MAJOR_MIN) {
    throw new Fault(
      'CONFIG_INVALID',
      `${redisName(url)} is Redis ${major}: version ${MAJOR_MIN} or newer is needed`,
    );
  }
  if (policy !== undefined && policy !== POLICY) {
    throw new Fault(
      'CONFIG_INVALID',
      `${redisName(url)} throws keys away if its memory is full (maxmemory-policy ${policy}), and with them jobs: ` +
        `set it to ${POLICY}`,
    );
  }
}

/** Undefined if waiting may help. */
function refusalOf(error: unknown, url: string): Fault | undefined {
  if (error instanceof Fault) return error;
  const why = describeError(error);
  if (!/NOAUTH|WRONGPASS|NOPERM|invalid password/i.test(why)) return undefined;
  return new Fault('CONFIG_INVALID', `${redisName(url)} refuses the credential: ${why}`);
}

/** One line when it goes and one when it comes back, however often it is tried in between. */
function sayWhetherItIsThere(redis: Redis, log: Logger): (error: unknown) => void {
  let isAway = false;
  const away = (error: unknown) => {
    if (isAway) return;
    isAway = true;
    const why = describeError(error);
    log.error({ why }, 'Redis is away: work goes on by the sweep of the database, more slowly');
  };
  redis.on('error', away);
  redis.on('ready', () => {
    if (isAway) log.warn('Redis is there again');
    isAway = false;
  });
  return away;
}

export function isReady(redis: Redis): boolean {
  return redis.status === 'ready';
}
