/**
 * `stile`, the one command line. Each command lives in a file of its own and loads its room only when
 * it runs. What goes wrong is said in a sentence on stderr, with exit code 1 (the world) or 2 (usage).
 */
import { readFileSync } from 'node:fs';
import { describeSystemError } from '@stile/host/fault.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { Command, CommanderError } from 'commander';
import { addAuditCommand } from './audit.ts';
import { addCodeCommand } from './code.ts';
import { addGateCommand } from './gate.ts';
import { addHardwareCommands } from './hardware/hardware.ts';
import { addKeysCommand } from './keys.ts';
import { addRiderCommand } from './rider/rider.ts';
import { addRootCommand } from './roots.ts';
import { addSettlementCommand } from './settlement.ts';
import { print, sayError } from './terminal.ts';

const EXIT_WORLD = 1;
const EXIT_USAGE = 2;

async function main(): Promise<number> {
  const program = new Command('stile')
    .description(
      'Lets a rider whose phone has no network through a gate that has no network,\nand gets every fare paid exactly once afterwards.',
    )
    .version(readVersion())
    .showHelpAfterError('(add --help to see what is possible)')
    .configureOutput({ writeOut: print, writeErr: sayError })
    .exitOverride();
  addUpCommand(program);
  addSettlementCommand(program);
  addGateCommand(program);
  addHardwareCommands(program);
  addRiderCommand(program);
  addCodeCommand(program);
  addKeysCommand(program);
  addRootCommand(program);
  addAuditCommand(program);
  for (const command of everyCommand(program)) command.copyInheritedSettings(program);
  try {
    await program.parseAsync();
    return typeof process.exitCode === 'number' ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    const refused = describeSystemError(error);
    if (refused !== undefined) {
      sayError(`stile: ${refused}\n`);
      return EXIT_WORLD;
    }
    if (!(error instanceof Fault)) throw error;
    sayError(`stile: ${error.message}\n`);
    return error.code === 'REQUEST_INVALID' ? EXIT_USAGE : EXIT_WORLD;
  }
}

/** It starts the others as processes, so it is a program beside this one: scripts/stile hands over to demo/up.ts. */
function addUpCommand(program: Command): void {
  program
    .command('up')
    .description('all of it on this machine, to play with: settlement, gate, shop, rider and pages')
    .action(() => {
      throw new Fault('REQUEST_INVALID', 'start it as ./scripts/stile up');
    });
}

function everyCommand(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...everyCommand(child)]);
}

function readVersion(): string {
  const file = new URL('../package.json', import.meta.url);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

if (import.meta.main) process.exitCode = await main();
