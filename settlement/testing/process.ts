/** Settlement as a process of its own, to be killed. Prints its address and runs on, with
 * the instant of the scripted town on its clock. Arguments: data directory, `run` or `hold`, database and Redis if any.
 */

import { systemClock } from '@stile/host/clock.ts';
import { pino } from 'pino';
import { startSettlement } from '../main.ts';
import { TEST_SEED_KEY } from './scratch-settlement.ts';
import { START_MS } from './town.ts';

const [, , dataDir = '', jobs, database, redis] = process.argv;
const { url } = await startSettlement(
  {
    dataDir,
    port: 0,
    seedKeys: TEST_SEED_KEY,
    jobs: jobs === 'hold' ? 'hold' : 'run',
    ...(database && { database }),
    ...(redis && { redis }),
  },
  {
    log: pino({ level: 'silent' }),
    clock: { ...systemClock, now: () => ({ ...systemClock.now(), wallMs: START_MS }) },
  },
);
process.stdout.write(`${url}\n`);
