/**
 * The demo: a ride without any network, end to end, in separate processes. It ends with a table and
 * with exit code 0 only when every number is as it must be.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeError } from '@stile/protocol/fault.ts';
import { addressesOf } from './addresses.ts';
import { play, type Scene } from './play.ts';
import { Stage } from './stage.ts';
import { showTables } from './tables.ts';

const FOLDER = fileURLToPath(new URL('../run/demo', import.meta.url));

const HELP = `The main job, end to end, in separate processes; under a minute.

  ./scripts/demo            play it, print the tables, exit 0 if every number is right
  ./scripts/demo --keep     play it, then leave everything running to play with
  ./scripts/demo --quiet    print the tables only
  ./scripts/demo --scale    the same ride on PostgreSQL and Redis of its own, with two API processes and two
                            workers; in the middle one of each is killed and Redis is emptied

Everything it makes is in run/demo: logs, pictures, databases, the ports' links.
`;

function print(text: string): void {
  process.stdout.write(text);
}

async function main(): Promise<number> {
  const values = readArguments();
  if (values === null) return 2;
  if (values.help) {
    print(HELP);
    return 0;
  }
  const from = performance.now();
  const stage = new Stage(FOLDER, { isScaled: values.scale });
  const interrupted = new Promise<void>((stop) => process.once('SIGINT', () => stop()));
  void interrupted.then(async () => {
    if (!values.keep) {
      await stage.end();
      process.exit(130);
    }
  });
  const say = (scene: Scene) => {
    if (!values.quiet) print(scene.heading ? `\n${scene.text}\n` : `  ${scene.text}\n`);
  };
  try {
    const result = await play(stage, say);
    const right = showTables(result, print);
    const seconds = ((performance.now() - from) / 1000).toFixed(0);
    print(right ? `\nEvery number is right. ${seconds} s.\n` : '\nSomething is WRONG (above).\n');
    if (values.keep) {
      print(keepText(stage, result.merchantToken));
      await interrupted;
    }
    return right ? 0 : 1;
  } finally {
    await stage.end();
  }
}

function readArguments() {
  const options = {
    keep: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
    scale: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false, short: 'h' },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    process.stderr.write(`demo: ${describeError(error)}\n\n${HELP}`);
    return null;
  }
}

function keepText(stage: Stage, token: string): string {
  const database = stage.scale === null ? '' : ` --database '${stage.scale.database}'`;
  const { wallet, scanner, till, port } = addressesOf(stage, token);
  return `
Everything is still running. In a browser on this machine:
  ${wallet}
      A rider's phone. Enrol, top up, show a code; it goes on without a network.
  ${scanner}
      Hold a phone before this computer's camera: the virtual gate opens.
  ${till}
      Harbour Kiosk's till: take a payment code, an online code, or show an order.
A phone needs https for its keys and camera: a TLS proxy, or for Android
  adb reverse tcp:${port} tcp:${port}   and the addresses above.

In another terminal:
  ./scripts/stile rider code --phone run/demo/phones/ada.json --png run/demo/pictures/a.png
      Ada's phone makes a code; the picture lands before the scanner.
  tail -f run/demo/logs/barrier.log run/demo/logs/display.log
  ./scripts/stile settlement gates --data run/demo/settlement --url ${stage.settlementUrl}
  ./scripts/stile audit run/demo/settlement${database}
Ctrl-C ends it.
`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${describeError(error)}\n`);
  process.stderr.write('demo: what each process said is in run/demo/logs\n');
  process.exitCode = 1;
}
