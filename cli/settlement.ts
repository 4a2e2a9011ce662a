/** `stile settlement`: prepares and runs the back office, and does what an operator does with it. */
import { writeFileSync } from 'node:fs';
import { callText } from '@stile/host/http-client.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { createOperatorClient } from './operator-client.ts';
import { print, printJson, stopped, stopSignal, wholeNumber } from './terminal.ts';

const DEFAULT_URL = 'http://127.0.0.1:8080';

type Where = { data: string; url: string };

export function addSettlementCommand(program: Command): void {
  const settlement = program
    .command('settlement')
    .description('run the back office, or operate one that runs');
  settlement
    .command('start', { isDefault: true })
    .description('run settlement on a data directory; prepares it where needed')
    .option('--data <dir>', 'data directory', './settlement-data')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0: any', wholeNumber(0, 65_535), 8080)
    .option('--log <level>', 'trace, debug, info, warn, error or silent', 'info')
    .option('--operator <name>', 'name of the operator, at the first start')
    .action(start);
  settlement
    .command('init')
    .description('prepare a data directory: keys, operator token; a second run keeps them')
    .option('--data <dir>', 'data directory', './settlement-data')
    .option('--operator <name>', 'name of the operator')
    .action(init);
  addOperatorCommands(settlement);
  addMerchantCommands(operateOn(settlement));
}

type Operate = (name: string, description: string) => Command;

function operateOn(settlement: Command): Operate {
  return (name, description) =>
    settlement
      .command(name)
      .description(description)
      .option('--data <dir>', 'data directory with the operator token', './settlement-data')
      .option('--url <url>', 'where settlement runs', DEFAULT_URL);
}

function addMerchantCommands(operate: Operate): void {
  operate('add-merchant', 'let a shop take payments; prints its token, this once')
    .requiredOption('--merchant <id>', 'lower-case letters, digits and -')
    .requiredOption('--name <name>', 'as riders see it')
    .action(async (options: Where & { merchant: string; name: string }) => {
      const { merchant, name } = options;
      printJson(
        await client(options).call('POST', 'v1/operator/merchants', { body: { merchant, name } }),
      );
    });
  operate('merchants', 'all shops').action(async (where: Where) => {
    printJson(await client(where).call('GET', 'v1/operator/merchants'));
  });
  operate('block-merchant', "end a shop's token")
    .argument('<merchant>')
    .action(async (merchant: string, where: Where) => {
      const path = `v1/operator/merchants/${encodeURIComponent(merchant)}`;
      await client(where).call('DELETE', path);
      printJson({ merchant, blocked: true });
    });
  operate('revoke-seeds', "end the payment codes of all of an account's phones")
    .argument('<account>')
    .action(async (account: string, where: Where) => {
      const path = `v1/operator/accounts/${encodeURIComponent(account)}/payment-seeds`;
      printJson(await client(where).call('DELETE', path));
    });
}

function addOperatorCommands(settlement: Command): void {
  const operate = operateOn(settlement);
  operate('add-gate', 'announce a gate; prints the one-time token for its enrolment')
    .requiredOption('--gate <id>', 'letters, digits, - and _')
    .requiredOption('--line <line>', 'the line whose fare it takes')
    .action(async ({ gate, line, ...where }: Where & { gate: string; line: string }) => {
      printJson(await client(where).call('POST', 'v1/operator/gates', { body: { gate, line } }));
    });
  operate('gates', 'what is known of each gate').action(async (where: Where) => {
    printJson(await client(where).call('GET', 'v1/operator/gates'));
  });
  operate('set-fare', 'set the flat fare of a line')
    .argument('<line>')
    .argument('<cents>', 'minor units', wholeNumber(0, 10_000_000))
    .option('--from <unix-s>', 'in force from then on', wholeNumber(0, 0xffffffff))
    .action(async (line: string, fareCents: number, where: Where & { from?: number }) => {
      const body = { fareCents, ...(where.from === undefined ? {} : { fromS: where.from }) };
      const path = `v1/operator/lines/${encodeURIComponent(line)}`;
      printJson(await client(where).call('PUT', path, { body }));
    });
  for (const [name, method, description] of [
    ['deny', 'POST', 'put an account (or one of its passes) onto the deny list'],
    ['allow', 'DELETE', 'take back what "deny" did'],
  ] as const) {
    operate(name, description)
      .argument('<account>', '16 hexadecimal digits')
      .option('--serial <number>', 'only this pass', wholeNumber(1, 0xffffffff))
      .option('--note <text>', 'why', 'denied by the operator')
      .action(async (account: string, options: Where & { serial?: number; note: string }) => {
        const { serial, note } = options;
        const body = {
          account,
          ...(serial === undefined ? {} : { serial }),
          ...(method === 'POST' ? { note } : {}),
        };
        printJson(await client(options).call(method, 'v1/operator/denials', { body }));
      });
  }
  operate('account', 'money, debts and passes of one account')
    .argument('<account>')
    .action(async (account: string, where: Where) => {
      const path = `v1/operator/accounts/${encodeURIComponent(account)}`;
      printJson(await client(where).call('GET', path));
    });
  operate('taps', 'records as they arrived, with what became of them')
    .option('--gate <id>', 'only of this gate')
    .option('--after <number>', 'continue after this record', wholeNumber(0, 2 ** 53 - 1), 0)
    .option('--limit <number>', 'at most so many', wholeNumber(1, 500), 100)
    .action(async (options: Where & { gate?: string; after: number; limit: number }) => {
      const { gate, after, limit } = options;
      const query = new URLSearchParams({ after: String(after), limit: String(limit) });
      if (gate !== undefined) query.set('gate', gate);
      printJson(await client(options).call('GET', `v1/operator/taps?${query}`));
    });
  operate('parked', 'records that wait for a person').action(async (where: Where) => {
    printJson(await client(where).call('GET', 'v1/operator/parked'));
  });
  operate('trial-balance', 'all ledger accounts, and whether debits equal credits').action(
    async (where: Where) => {
      printJson(await client(where).call('GET', 'v1/operator/trial-balance'));
    },
  );
  settlement
    .command('trust-list')
    .description('fetch the signed trust list, as "code inspect --trust" takes it')
    .option('--url <url>', 'where settlement runs', DEFAULT_URL)
    .option('--out <file>', 'write it there instead of printing it')
    .action(fetchTrustList);
}

function client({ url, data }: Where) {
  if (!URL.canParse(url)) throw new Fault('REQUEST_INVALID', `${url} is not a URL`);
  return createOperatorClient(url, data);
}

async function fetchTrustList(options: { url: string; out?: string }): Promise<void> {
  if (!URL.canParse(options.url)) throw new Fault('REQUEST_INVALID', `${options.url} is not a URL`);
  const text = await callText(options.url, 'v1/trust-list');
  if (options.out === undefined) return print(`${text.trim()}\n`);
  try {
    writeFileSync(options.out, `${text.trim()}\n`);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write the list: ${describeError(error)}`, {
      cause: error,
    });
  }
}

async function init(options: { data: string; operator?: string }): Promise<void> {
  const { initSettlement } = await import('@stile/settlement/main.ts');
  const { data, operator } = options;
  await initSettlement(data, operator === undefined ? {} : { operator });
  print(`${data} is ready. The operator's token is in ${data}/operator-token.\n`);
}

async function start(options: {
  data: string;
  host: string;
  port: number;
  log: string;
  operator?: string;
}): Promise<void> {
  const { pino } = await import('pino');
  const { initSettlement, startSettlement } = await import('@stile/settlement/main.ts');
  const { data: dataDir, host, port, operator } = options;
  const log = pino({
    level: options.log,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  await initSettlement(dataDir, operator === undefined ? {} : { operator });
  const signal = stopSignal();
  // Never in the data directory and never in an argument: backups and process lists are read by others.
  const seedKeys = process.env.STILE_SEED_KEY;
  const sealed = seedKeys === undefined || seedKeys === '' ? {} : { seedKeys };
  if (!('seedKeys' in sealed)) log.warn('STILE_SEED_KEY is not set: payment codes are off');
  const settlement = await startSettlement({ dataDir, host, port, ...sealed }, { log });
  log.info({ url: settlement.url }, 'listening');
  await stopped(signal);
  await settlement.close();
}
