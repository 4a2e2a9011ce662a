/**
 * A move as a process of its own, in pages of two rows, which kills itself at a point of its progress. Arguments: data
 * directory, database, the point: a stage, or TABLE:ROWS.
 */
import { systemRandom } from '@stile/host/random.ts';
import { type MoveProgress, moveBooks } from '../move/move.ts';

const PAGE_ROWS = 2;
const [, , dataDir = '', to = '', point = ''] = process.argv;

async function onProgress(progress: MoveProgress): Promise<void> {
  const here = progress.kind === 'stage' ? progress.stage : `${progress.table}:${progress.rows}`;
  if (here !== point) return;
  process.kill(process.pid, 'SIGKILL');
  // Nothing is done any more until the signal comes.
  await new Promise(() => undefined);
}
await moveBooks(dataDir, { to, random: systemRandom, pageRows: PAGE_ROWS, onProgress });
