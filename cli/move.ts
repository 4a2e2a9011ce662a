/** `stile settlement move`: the books of a data directory go from their file into PostgreSQL, with its progress. */
import { systemRandom } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Moved, MoveProgress } from '@stile/settlement/move/move.ts';
import { type Command, Option } from 'commander';
import { PRIVATE_UMASK, print } from './terminal.ts';

const BAR_CHARS = 30;
const STAGES = {
  begun: 'copying',
  comparing: 'comparing rows, balances and chains',
  switching: 'everything is there: switching over',
} as const;

type MoveOptions = { from: string; to?: string; startOver?: boolean; giveUp?: boolean };

export function addMoveCommand(settlement: Command): void {
  settlement
    .command('move')
    .description('move the books of a stopped settlement from their file into PostgreSQL')
    .requiredOption('--from <dir>', 'data directory of the settlement')
    .addOption(
      new Option('--to <url>', 'an empty PostgreSQL database (postgres://…)').env('STILE_DATABASE'),
    )
    .option('--start-over', 'begin a half-finished move anew; what is in the database of it goes')
    .option('--give-up', 'forget a half-finished move and stay with the file')
    .action(move);
}

async function move({ from, to, startOver = false, giveUp = false }: MoveOptions): Promise<void> {
  process.umask(PRIVATE_UMASK);
  const { giveUpMove, moveBooks } = await import('@stile/settlement/move/move.ts');
  if (giveUp) {
    const half = giveUpMove(from);
    print(
      half === null
        ? `The books are in ${from}: no move of them is under way.\n`
        : `The books stay in ${from}. What is in PostgreSQL at ${half.to} is nobody's: drop it.\n`,
    );
    return;
  }
  if (to === undefined || to === '') {
    throw new Fault('REQUEST_INVALID', 'name the database with --to or STILE_DATABASE');
  }
  const parts = { to, random: systemRandom, startsOver: startOver };
  const onProgress = process.stdout.isTTY ? showBar : showLines();
  say(await moveBooks(from, { ...parts, onProgress }), from);
}

function say({ compared, keptAs }: Moved, from: string): void {
  if (compared !== null) {
    const { rows, accounts, transfers, chainEnd } = compared;
    print(
      `${rows} rows and ${accounts} balances are the same there, and ${transfers} transfers, which end in ` +
        `${chainEnd.slice(0, 16)} as they did in the file.\n`,
    );
  }
  print(
    `The books of ${from} are in PostgreSQL now: start settlement with --database. The file is kept as ${keptAs}.\n`,
  );
}

/** One line that is written over. */
function showBar(progress: MoveProgress): void {
  if (progress.kind === 'stage') {
    showStage(progress.stage);
    return;
  }
  const { table, rows, of } = progress;
  const filled = Math.round((BAR_CHARS * rows) / Math.max(of, 1));
  const bar = '#'.repeat(filled).padEnd(BAR_CHARS, '.');
  print(`\r\u001b[K[${bar}] ${table} ${rows} of ${of}${rows < of ? '' : '\n'}`);
}

/** For a log: each table once, when it is whole. */
function showLines(): (progress: MoveProgress) => void {
  return (progress) => {
    if (progress.kind === 'stage') showStage(progress.stage);
    else if (progress.rows === progress.of) print(`${progress.table}: ${progress.rows}\n`);
  };
}

function showStage(stage: string): void {
  const words = stage in STAGES ? STAGES[stage as keyof typeof STAGES] : undefined;
  if (words !== undefined) print(`${words}\n`);
}
