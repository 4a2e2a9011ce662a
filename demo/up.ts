/**
 * `stile up`: all of Stile on this machine, to play with: a settlement with made-up money, a gate on virtual hardware, a
 * shop and a rider. Ctrl-C ends all of it; the next start begins afresh.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeError } from '@stile/protocol/fault.ts';
import { addressesOf } from './addresses.ts';
import { plainMoney } from './money.ts';
import { stile } from './processes.ts';
import { openShop } from './shop.ts';
import { FARE_CENTS, LINE, Stage } from './stage.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PORT = 8080;
const MONEY_CENTS = 5_000;
/** In a folder that an `up` has made, and may take away again. */
const MARK = 'made-by-stile-up';

const HELP = `All of Stile on this machine: settlement, a gate on virtual hardware, a shop, a rider with made-up money.

  ./scripts/stile up                 start it, print where everything is; Ctrl-C ends all of it
  ./scripts/stile up --port 8081     settlement and pages on another port of this machine (default ${PORT})
  ./scripts/stile up --data DIR      what it writes goes there (default run/up); the next start begins afresh
`;

async function main(): Promise<number> {
  const options = readArguments();
  if (options === null) return 2;
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const folder = resolve(options.data);
  claim(folder);
  const stopped = new Promise<'stopped'>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => stop('stopped'));
    }
  });
  process.stderr.write('stile: starting settlement, gate, shop and rider …\n');
  const stage = new Stage(folder, { port: options.port });
  writeFileSync(join(folder, MARK), '');
  try {
    const ended = await Promise.race([furnish(stage), stopped, stage.ended]);
    if (typeof ended === 'object') {
      process.stdout.write(textOf(stage, ended));
      const why = await Promise.race([stopped, stage.ended]);
      if (why !== 'stopped') throw new Error(why);
    } else if (ended !== 'stopped') throw new Error(ended);
    process.stderr.write('\nstile: ending all of it …\n');
    return 0;
  } finally {
    await stage.end();
    rmSync(pidFile(folder), { force: true });
  }
}

function readArguments() {
  const options = {
    port: { type: 'string', default: String(PORT) },
    data: { type: 'string', default: join(ROOT, 'run', 'up') },
    help: { type: 'boolean', default: false, short: 'h' },
  } as const;
  try {
    const { port: text, ...values } = parseArgs({ options }).values;
    const port = Number(text);
    if (!/^\d+$/.test(text) || port > 65_535) throw new Error(`--port ${text}: no port`);
    return { ...values, port };
  } catch (error) {
    process.stderr.write(`stile up: ${describeError(error)}\n\n${HELP}`);
    return null;
  }
}

/** Nobody's files are taken away, and no other `up` is disturbed. */
function claim(folder: string): void {
  const pid = existsSync(pidFile(folder)) ? readFileSync(pidFile(folder), 'utf8') : '';
  if (isUp(pid)) {
    throw new Error(
      `it runs already in ${folder} (process ${pid}): end that one, or name another --data`,
    );
  }
  const isOthers = existsSync(folder) && !existsSync(join(folder, MARK));
  if (isOthers && readdirSync(folder).length > 0) {
    throw new Error(`${folder} holds files that no \`stile up\` has made: name another --data`);
  }
  mkdirSync(dirname(folder), { recursive: true });
  writeFileSync(pidFile(folder), String(process.pid));
}

function pidFile(folder: string): string {
  return `${folder}.up`;
}

function isUp(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('demo/up.ts');
  } catch {
    // No such process: its `up` was killed.
    return false;
  }
}

type Furniture = { token: string; phone: string };

async function furnish(stage: Stage): Promise<Furniture> {
  await stage.startSettlement();
  await stage.startHardware();
  await stage.enrolGate();
  const { token } = await openShop(stage);
  const rider = { algorithm: 'Ed25519', topUpCents: MONEY_CENTS, isVerified: false };
  const phone = await stage.enrolRider('rider', rider);
  // Payment codes are made from it, without a network.
  await stile(['rider', 'seed', '--phone', phone.file]);
  return { token, phone: phone.file };
}

function textOf(stage: Stage, { token, phone }: Furniture): string {
  const { wallet, scanner, till, port } = addressesOf(stage, token);
  const at = (name: string) => relative(process.cwd(), stage.path(name));
  return `
Everything runs. Money is made up; what it writes is in ${at('.')}.

  wallet      ${wallet}
              A rider's phone: enrol, top up, show a code. It goes on without a network.
  scanner     ${scanner}
              Hold a phone before this computer's camera: the gate of line ${LINE} opens for ${plainMoney(FARE_CENTS)}.
  till        ${till}
              Harbour Kiosk's till: take a payment code, an online code, or show an order.
  rider       ${relative(process.cwd(), phone)}, with ${plainMoney(MONEY_CENTS)}

In another terminal, a ride and what it cost:
  ./scripts/stile rider code --phone ${relative(process.cwd(), phone)} --png ${at('pictures/ride.png')}
  ./scripts/stile rider payment-code --phone ${relative(process.cwd(), phone)}     # type it at the till
  ./scripts/stile settlement gates --data ${at('settlement')} --url ${stage.settlementUrl}
  ./scripts/stile audit ${at('settlement')}
What each part says: tail -f ${at('logs')}/*.log
A phone needs https: a TLS proxy (deploy/nginx.conf), or for Android  adb reverse tcp:${port} tcp:${port}
Ctrl-C ends all of it.
`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`stile up: ${describeError(error)}\n`);
  process.exitCode = 1;
}
