/** A worker as a process of its own, to be killed. Arguments: data directory, database, Redis, lock in ms. */
import { systemClock } from '@stile/host/clock.ts';
import { pino } from 'pino';
import { startWorker } from '../worker.ts';
import { START_MS } from './town.ts';

const [, , dataDir = '', database = '', redis = '', lockMs = '30000'] = process.argv;
await startWorker(
  { dataDir, database, redis, lockMs: Number(lockMs) },
  {
    log: pino({ level: 'silent' }),
    clock: { ...systemClock, now: () => ({ ...systemClock.now(), wallMs: START_MS }) },
  },
);
process.stdout.write('working\n');
