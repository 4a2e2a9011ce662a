/** Copies the books of a file into PostgreSQL, page by page, from where it has come to. */
import type { KeyedHash, SealedTransfer } from '../core/money/book-seal.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import { TRANSFERS } from '../store/sqlite/seals.ts';
import { addDecisions, DECISIONS } from './decisions.ts';
import { addTransfers } from './ledger.ts';
import type { NewIds } from './new-ids.ts';
import { type Row, type TableCopy, tablesToCopy } from './tables.ts';
import type { Progress, Target } from './target.ts';
import { addWork, WORK, type WorkRow } from './work.ts';

/** Rows of one transaction. */
export const PAGE_ROWS = 1_000;

export type Copying = {
  file: Connection;
  target: Target;
  ids: NewIds;
  keyedHash: KeyedHash;
};

/** Of one table: how many of its rows are there. */
export type Copied = { table: string; rows: number; of: number };

export type CopyStep = Pick<TableCopy, 'table' | 'select' | 'pageRows' | 'isCounted'> & {
  write: (page: readonly Row[]) => Promise<void>;
};

export function stepsOf({ file, target, ids, keyedHash }: Copying): CopyStep[] {
  const { session } = target;
  return [
    ...tablesToCopy({ ids, keyedHash }).map(({ toRow = (row: Row) => row, ...copy }) => ({
      ...copy,
      write: async (page: readonly Row[]) => await target.insert(copy.table, page.map(toRow)),
    })),
    {
      table: 'transfer',
      select: TRANSFERS,
      write: async (page) =>
        await addTransfers(session, { page: page as unknown as SealedTransfer[], keyedHash }),
    },
    {
      table: 'resolution',
      select: DECISIONS,
      write: async (page) => await addDecisions(session, { page, ids, keyedHash }),
    },
    {
      table: 'outbox',
      select: WORK,
      isCounted: false,
      write: async (page) =>
        await addWork(session, { page: page as unknown as WorkRow[], file, ids }),
    },
  ];
}

export function countIn({ db }: Connection, { select }: Pick<CopyStep, 'select'>): number {
  return db.prepare(`SELECT count(*) FROM (${select})`).pluck().get() as number;
}

export async function copyAll(
  steps: readonly CopyStep[],
  of: Pick<Copying, 'file' | 'target'> & {
    progress: Progress;
    pageRows: number;
    onCopied: (copied: Copied) => Promise<void>;
  },
): Promise<void> {
  const { file, target, pageRows, onCopied } = of;
  let { progress } = of;
  for (const step of steps) {
    const total = countIn(file, step);
    let done = progress.rows[step.table] ?? 0;
    for (const page of pagesOf(file, { step, after: done, pageRows })) {
      done += page.length;
      progress = { ...progress, rows: { ...progress.rows, [step.table]: done } };
      await target.together(async () => {
        await step.write(page);
        await target.saveProgress(progress);
      });
      await onCopied({ table: step.table, rows: done, of: total });
    }
  }
}

function* pagesOf(
  { db }: Connection,
  of: { step: CopyStep; after: number; pageRows: number },
): Iterable<Row[]> {
  const { select, pageRows = of.pageRows } = of.step;
  let page: Row[] = [];
  for (const row of db.prepare(`${select} LIMIT -1 OFFSET ?`).iterate(of.after)) {
    page.push(row as Row);
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
