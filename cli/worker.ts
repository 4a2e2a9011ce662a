/** `stile settlement worker` and `migrate`: what a settlement on PostgreSQL has besides its API. */
import { Fault } from '@stile/protocol/fault.ts';
import { type Command, Option } from 'commander';
import { PRIVATE_UMASK, print, stopped, stopSignal } from './terminal.ts';

/** In the environment it is not in the list of processes, where others could read the password. */
export function databaseOption(): Option {
  return new Option(
    '--database <url>',
    'PostgreSQL database of the books (postgres://…); default: a file in the data directory',
  ).env('STILE_DATABASE');
}

export function redisOption(): Option {
  return new Option(
    '--redis <url>',
    'Redis through which workers hear of work (redis://…); default: the work is done here',
  ).env('STILE_REDIS');
}

export function addWorkerCommands(settlement: Command): void {
  settlement
    .command('worker')
    .description("do a settlement's work beside its API; any number of them, wherever they run")
    .option('--data <dir>', 'data directory of the settlement, or a copy', './settlement-data')
    .addOption(databaseOption())
    .addOption(redisOption())
    .option('--log <level>', 'trace, debug, info, warn, error or silent', 'info')
    .action(work);
  settlement
    .command('migrate')
    .description('bring a PostgreSQL database to the tables of this version; start does it too')
    .addOption(databaseOption())
    .action(migrateDatabase);
}

type WorkerOptions = { data: string; database?: string; redis?: string; log: string };

async function work(options: WorkerOptions): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const { openLog } = await import('./log.ts');
  const { startWorker } = await import('@stile/settlement/worker.ts');
  const { data: dataDir } = options;
  const database = needed(options.database, '--database or STILE_DATABASE');
  const redis = needed(options.redis, '--redis or STILE_REDIS');
  const log = openLog(options.log);
  const signal = stopSignal();
  const worker = await startWorker({ dataDir, database, redis }, { log });
  log.info('working');
  await stopped(signal);
  await worker.close();
}

async function migrateDatabase(options: { database?: string }): Promise<void> {
  const { migrate } = await import('@stile/settlement/store/postgres/migrate.ts');
  const { MIGRATIONS } = await import('@stile/settlement/store/postgres/migrations/all.ts');
  const url = needed(options.database, '--database or STILE_DATABASE');
  const steps = await migrate({ url, migrations: MIGRATIONS });
  print(steps === 0 ? 'the database is up to date\n' : `${steps} steps done\n`);
}

function needed(value: string | undefined, name: string): string {
  if (value !== undefined && value !== '') return value;
  throw new Fault('REQUEST_INVALID', `name it with ${name}`);
}
