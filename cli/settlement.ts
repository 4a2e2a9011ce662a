/** `stile settlement`: prepares and runs the back office; what an operator does with it is in operator.ts. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { callText } from '@stile/host/http-client.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { isTimeZone } from '@stile/protocol/calendar/local-day.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { addBackupCommands } from './backup.ts';
import { addMerchantCommands } from './merchants.ts';
import { addMoveCommand } from './move.ts';
import { addOperatorCommands } from './operator.ts';
import { DEFAULT_URL } from './operator-client.ts';
import { addStaffCommands } from './staff.ts';
import { oneOf, PRIVATE_UMASK, print, stopped, stopSignal, wholeNumber } from './terminal.ts';
import { addWorkerCommands, databaseOption, redisOption } from './worker.ts';

/** `database`: of its books, if they are not in the directory. */
type Place = { data: string; database?: string };

/** What a first start writes into the settings; later ones leave them as they are. */
type FirstSettings = {
  operator?: string;
  enrolment?: 'open' | 'invite' | 'deposit' | 'verified';
  topUps?: 'off' | 'sandbox';
  settings?: string;
  timeZone?: string;
};
const policy = oneOf(['open', 'invite', 'deposit', 'verified']);
const mode = oneOf(['off', 'sandbox']);

/** An option changes its own field and leaves the others of the file. */
function settingsOf({
  data,
  operator,
  enrolment,
  topUps,
  settings,
  timeZone,
}: Place & FirstSettings) {
  const fromFile: Record<string, unknown> =
    settings === undefined ? {} : { ...readSettings(settings) };
  const withField = (section: string, field: object) => {
    const stored = fromFile[section];
    return { [section]: { ...(typeof stored === 'object' ? stored : {}), ...field } };
  };
  // What was prepared before keeps what it has; a new one gets what this machine goes by.
  const isNew = !existsSync(join(data, 'settlement.json'));
  return {
    ...(isNew ? { timeZone: systemTimeZone() } : {}),
    ...fromFile,
    ...(timeZone === undefined ? {} : { timeZone }),
    ...(operator === undefined ? {} : { operator }),
    ...(enrolment === undefined ? {} : withField('enrolment', { policy: enrolment })),
    ...(topUps === undefined ? {} : withField('topUps', { mode: topUps })),
  };
}

function systemTimeZone(): string {
  const name = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  return isTimeZone(name) ? name : 'UTC';
}

/** What is in it is checked by settlement. */
function readSettings(file: string): object {
  try {
    return parseStrictJson(readFileSync(file, 'utf8')) as object;
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `cannot read settings from ${file}: ${describeError(error)}`,
      {
        cause: error,
      },
    );
  }
}

export function addSettlementCommand(program: Command): void {
  const settlement = program
    .command('settlement')
    .description('run the back office, or operate one that runs');
  settlement
    .command('start', { isDefault: true })
    .description('run settlement on a data directory; prepares it where needed')
    .option('--data <dir>', 'data directory', './settlement-data')
    .addOption(databaseOption())
    .addOption(redisOption())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0: any', wholeNumber(0, 65_535), 8080)
    .option('--log <level>', 'trace, debug, info, warn, error or silent', 'info')
    .option(
      '--forget-seeds',
      'a key of STILE_SEED_KEY is lost: end the payment seeds that it sealed',
    )
    .option('--operator <name>', 'name of the operator, at the first start')
    .option('--enrolment <policy>', 'who may enrol, at the first start: open, invite, …', policy)
    .option('--top-ups <mode>', 'off or sandbox (made-up money), at the first start', mode)
    .option('--time-zone <name>', "of its days, at the first start; default: this machine's")
    .option('--settings <file>', 'further settings as JSON, at the first start')
    .action(start);
  settlement
    .command('init')
    .description('prepare a data directory: keys, operator token; a second run keeps them')
    .option('--data <dir>', 'data directory', './settlement-data')
    .addOption(databaseOption())
    .option('--operator <name>', 'name of the operator')
    .option('--enrolment <policy>', 'who may enrol: open, invite, deposit or verified', policy)
    .option('--top-ups <mode>', 'off or sandbox (made-up money)', mode)
    .option('--time-zone <name>', "of its days, such as Europe/Berlin; default: this machine's")
    .option('--settings <file>', 'further settings as JSON')
    .action(init);
  addWorkerCommands(settlement);
  addMoveCommand(settlement);
  addBackupCommands(settlement);
  addOperatorCommands(settlement);
  addTrustListCommand(settlement);
  addMerchantCommands(settlement);
  addStaffCommands(settlement);
}

function addTrustListCommand(settlement: Command): void {
  settlement
    .command('trust-list')
    .description('fetch the signed trust list, as "code inspect --trust" takes it')
    .option('--url <url>', 'where settlement runs', DEFAULT_URL)
    .option('--plain-http', 'speak http to another machine: anybody on the way can read it')
    .option('--out <file>', 'write it there instead of printing it')
    .action(fetchTrustList);
}

async function fetchTrustList(options: {
  url: string;
  out?: string;
  plainHttp?: boolean;
}): Promise<void> {
  if (!URL.canParse(options.url)) throw new Fault('REQUEST_INVALID', `${options.url} is not a URL`);
  const { url, plainHttp = false } = options;
  refusePlainHttp(url, { isAllowed: plainHttp, setting: '--plain-http' });
  const text = await callText(url, 'v1/trust-list');
  if (options.out === undefined) return print(`${text.trim()}\n`);
  try {
    writeFileSync(options.out, `${text.trim()}\n`);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write the list: ${describeError(error)}`, {
      cause: error,
    });
  }
}

async function init(options: Place & FirstSettings): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const { initSettlement } = await import('@stile/settlement/main.ts');
  const { data, database } = options;
  const { notInForce } = await initSettlement(data, settingsOf(options), { database });
  if (notInForce.length > 0) {
    throw new Fault(
      'CONFLICT',
      `${data} was prepared before and keeps its settings: ${notInForce.join('; ')}. ` +
        `To change them edit ${data}/settlement.json; they take force at the next start`,
    );
  }
  print(`${data} is ready. The operator's token is in ${data}/operator-token.\n`);
}

async function start(
  options: Place &
    FirstSettings & {
      redis?: string;
      host: string;
      port: number;
      log: string;
      forgetSeeds?: boolean;
    },
): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const { openLog } = await import('./log.ts');
  const { initSettlement, startSettlement } = await import('@stile/settlement/main.ts');
  const { requireStartable } = await import('@stile/settlement/first-start.ts');
  const { data: dataDir, database, redis, host, port, forgetSeeds = false } = options;
  const log = openLog(options.log);
  // Never in the data directory and never in an argument: backups and process lists are read by others.
  const seedKeys = process.env.STILE_SEED_KEY;
  const sealed = seedKeys === undefined || seedKeys === '' ? {} : { seedKeys };
  if (forgetSeeds && !('seedKeys' in sealed)) {
    throw new Fault('REQUEST_INVALID', '--forget-seeds goes with the new key in STILE_SEED_KEY');
  }
  const place = { dataDir, database, redis, host, port, forgetSeeds, ...sealed };
  const settings = settingsOf(options);
  await requireStartable(place, settings);
  const { notInForce } = await initSettlement(dataDir, settings, { database });
  if (notInForce.length > 0) {
    log.warn({ notInForce }, 'options of the first start change nothing now: edit settlement.json');
  }
  const signal = stopSignal();
  if (!('seedKeys' in sealed)) log.warn('STILE_SEED_KEY is not set: payment codes are off');
  const failed = new AbortController();
  const onFatal = (fault: Fault) => {
    log.fatal({ error: describeError(fault) }, 'settlement stops; start it again');
    process.exitCode = 1;
    failed.abort();
  };
  const settlement = await startSettlement(place, { log, onFatal });
  log.info({ url: settlement.url }, 'listening');
  await Promise.race([stopped(signal), stopped(failed.signal)]);
  await settlement.close();
}
