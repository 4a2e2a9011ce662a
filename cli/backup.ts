/** `stile settlement backup` and `restore`: a data directory copied beside the running settlement, and back. */
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';
import { PRIVATE_UMASK, print } from './terminal.ts';
import { databaseOption } from './worker.ts';

export function addBackupCommands(settlement: Command): void {
  settlement
    .command('backup')
    .description('copy a settlement, also one that runs, with its keys, into a new directory')
    .option('--data <dir>', 'data directory', './settlement-data')
    .requiredOption('--to <dir>', 'a directory that does not exist yet')
    .action(async ({ data, to }: { data: string; to: string }) => {
      const { backUp } = await import('@stile/settlement/backup.ts');
      const { files } = await backUp(data, { to, nowMs: systemClock.now().wallMs });
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
      const { madeAtMs } = await restore(from, {
        dataDir: data,
        nowMs: systemClock.now().wallMs,
      });
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
