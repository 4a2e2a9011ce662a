/** `stile settlement backup` and `restore`: a data directory copied beside the running settlement, and back. */
import { rmSync } from 'node:fs';
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { PRIVATE_UMASK, print } from './terminal.ts';
import { databaseOption } from './worker.ts';

/** As a shell says of a program that was ended by Ctrl-C. */
const EXIT_INTERRUPTED = 130;

export function addBackupCommands(settlement: Command): void {
  settlement
    .command('backup')
    .description('copy a settlement, also one that runs, with its keys, into a new directory')
    .option('--data <dir>', 'data directory', './settlement-data')
    .requiredOption('--to <dir>', 'a directory that does not exist yet')
    .action(async ({ data, to }: { data: string; to: string }) => {
      const { backUp } = await import('@stile/settlement/backup.ts');
      const nowMs = systemClock.now().wallMs;
      const { files } = await leavingNothing((onPart) => backUp(data, { to, nowMs, onPart }));
      print(
        `${to} has ${Object.keys(files).length} files. It holds the keys: keep it as they are kept.\n`,
      );
    });
  settlement
    .command('restore')
    .description('make a data directory of a backup; versions of lists go on far above its own')
    .requiredOption('--from <dir>', 'the backup')
    .option('--data <dir>', 'a data directory that does not exist yet', './settlement-data')
    .action(async ({ data, from }: { data: string; from: string }) => {
      const { restore } = await import('@stile/settlement/backup.ts');
      const of = { dataDir: data, nowMs: systemClock.now().wallMs };
      const { madeAtMs } = await leavingNothing((onPart) => restore(from, { ...of, onPart }));
      print(
        `${data} is as it was at ${new Date(madeAtMs).toISOString()}. Start settlement on it.\n`,
      );
    });
  settlement
    .command('restored')
    .description('after pg_restore: versions of lists go on far above those of the backup')
    .option('--data <dir>', 'data directory that was restored beside it', './settlement-data')
    .addOption(databaseOption())
    .action(goOn);
}

/** Who ends it with Ctrl-C leaves no half directory with keys in it. */
async function leavingNothing<T>(work: (onPart: (dir: string) => void) => Promise<T>): Promise<T> {
  const parts = new Set<string>();
  const end = () => {
    for (const dir of parts) rmSync(dir, { recursive: true, force: true });
    process.exit(EXIT_INTERRUPTED);
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    return await work((dir) => void parts.add(dir));
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}

async function goOn({ data, database }: { data: string; database?: string }): Promise<void> {
  process.umask(PRIVATE_UMASK);
  if (database === undefined || database === '') {
    throw new Fault(
      'REQUEST_INVALID',
      'name the restored database with --database or STILE_DATABASE',
    );
  }
  const { goOnAboveBackup } = await import('@stile/settlement/restored-database.ts');
  const parts = { database, clock: systemClock, random: systemRandom };
  const { trust, deny } = await goOnAboveBackup(data, parts);
  print(`Lists go on above ${trust}, the deny list above ${deny}. Start settlement on ${data}.\n`);
}
