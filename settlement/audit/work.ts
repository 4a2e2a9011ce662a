/** The checks of the database's files, and of work that should have been done. */
import { type Check, checkOf } from './check.ts';

export const GUARDS = 'every table, index and guard is there';

export function checkFiles(): Check {
  let found = '';
  return {
    files: (says) => {
      found = says;
    },
    results: () => [{ name: 'the file is sound', ok: found === 'ok', detail: found }],
  };
}

/** Whoever changes books by hand takes the guards away first. */
export function checkGuards(): Check {
  const lost: string[] = [];
  return {
    lost: (one) => {
      lost.push(one);
    },
    results: () => [checkOf(GUARDS, { wrong: lost, good: 'all are there' })],
  };
}

export function checkWork(): Check {
  const counts = { open: 0, failed: 0 };
  return {
    work: ({ failed }) => {
      counts.open += 1;
      if (failed !== null) counts.failed += 1;
    },
    results: () => {
      const detail = `${counts.open} open, of which ${counts.failed} failed`;
      return [{ name: 'no job is left over', ok: counts.open === 0, detail }];
    },
  };
}
