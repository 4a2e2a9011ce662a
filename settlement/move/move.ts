/**
 * Moves the books of a data directory from their file into a PostgreSQL database. Settlement must not run meanwhile. It
 * may be killed anywhere: the same again goes on from there. The file is kept aside, and is not the books any more.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import type { Random } from '@stile/host/random.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { requireSameBooks } from '../books.ts';
import { readConfig, requireWhole } from '../data-dir.ts';
import {
  BOOKS_KEY,
  DATABASE_FILE,
  findBooksId,
  newBooksId,
  writePlace,
} from '../database-place.ts';
import { openStore } from '../open-store.ts';
import { bookKeyFile, findBookKey, keyedHashOf } from '../store/book-key.ts';
import { peekMeta } from '../store/postgres/peek.ts';
import { sealEmptyBooks } from '../store/postgres/seals.ts';
import { openAuditReader } from '../store/sqlite/audit/reader.ts';
import { type Connection, openForReading } from '../store/sqlite/connection.ts';
import { type Compared, compare, endOf, wrongSeals } from './compare.ts';
import { type Copied, type Copying, copyAll, PAGE_ROWS, stepsOf } from './copy.ts';
import {
  findHalfMove,
  type HalfMove,
  MOVE_KEY,
  removeHalfMove,
  writeHalfMove,
} from './half-move.ts';
import { KEPT_FILE, leaveFile } from './left-file.ts';
import { readNewIds } from './new-ids.ts';
import { migrateTarget, type Target, withTarget } from './target.ts';

export type MoveParts = {
  /** postgres://… of a database with nothing in it. */
  to: string;
  random: Random;
  /** A move that has begun is begun anew: what is in the database of it goes. */
  startsOver?: boolean;
  /** Rows of one transaction. */
  pageRows?: number;
  onProgress?: (progress: MoveProgress) => void | Promise<void>;
};
/** `switched`: the database has the books; `placed`: the directory says so; `left`: the file is aside. */
type MoveStage = 'begun' | 'comparing' | 'switching' | 'switched' | 'placed' | 'left';
export type MoveProgress = ({ kind: 'copied' } & Copied) | { kind: 'stage'; stage: MoveStage };

/** `compared` is null if only the end of the move was left to do. */
export type Moved = { compared: Compared | null; keptAs: string };

const LAST_ROWS = `SELECT (SELECT count(*) FROM record) || '/' || (SELECT count(*) FROM act) || '/' ||
  (SELECT count(*) FROM charge_event) || '/' || (SELECT count(*) FROM payment)`;
const UNMARK = 'DELETE FROM meta WHERE key = $1';
const NAME_BOOKS = `INSERT INTO meta (key, value) VALUES ($1, $2)
  ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
const BOOKS_THERE = 'SELECT value FROM meta WHERE key = $1';

/**
 * @throws Fault CONFLICT if the database is not empty, settlement runs, or a move has begun elsewhere; CONFIG_INVALID,
 * STORE_CORRUPT, STORE_FAILED or STORE_FULL with what to look at. The file is as it was.
 */
export async function moveBooks(dataDir: string, parts: MoveParts): Promise<Moved> {
  readConfig(dataDir);
  const begun = findHalfMove(dataDir);
  if (begun === undefined && (await isMoved(dataDir, parts))) {
    return { compared: null, keptAs: join(dataDir, KEPT_FILE) };
  }
  if (begun?.stage !== 'switching') requireFile(dataDir);
  const unlock = lockDataDir(dataDir, 'settlement');
  try {
    return await withTarget(parts.to, async (target) => {
      const tell = async (stage: MoveStage) => await parts.onProgress?.({ kind: 'stage', stage });
      if (begun?.stage === 'switching') {
        return await switchOver(dataDir, { target, move: begun, tell });
      }
      await requireRoom(target, { begun, startsOver: parts.startsOver ?? false });
      await migrateTarget(parts.to);
      const compared = await copyInto(target, { dataDir, begun, tell, parts });
      const move = findHalfMove(dataDir);
      if (move === undefined) throw new Fault('STORE_FAILED', `${dataDir} forgot its move`);
      const switching: HalfMove = { ...move, stage: 'switching' };
      writeHalfMove(dataDir, switching);
      const moved = await switchOver(dataDir, { target, move: switching, tell });
      return { ...moved, compared };
    });
  } finally {
    unlock();
  }
}

/** Done before, to this very database: the same once more is nothing new. */
async function isMoved(dataDir: string, { to, startsOver = false }: MoveParts): Promise<boolean> {
  const books = findBooksId(dataDir);
  if (startsOver || books === undefined || !existsSync(join(dataDir, KEPT_FILE))) return false;
  return (await peekMeta(to, [BOOKS_KEY])).get(BOOKS_KEY) === books;
}

/**
 * The file stays what the books are. What is in the database of the move is nobody's.
 * Null: none has begun, or it was given up before.
 * @throws Fault CONFLICT if one has come so far that only its end is left, or has ended.
 */
export function giveUpMove(dataDir: string): HalfMove | null {
  readConfig(dataDir);
  const unlock = lockDataDir(dataDir, 'settlement');
  try {
    const move = findHalfMove(dataDir);
    if (move === undefined) {
      requireBooksHere(dataDir);
      return null;
    }
    if (move.stage === 'switching') {
      throw new Fault(
        'CONFLICT',
        `everything of ${dataDir} is in PostgreSQL at ${move.to} already: move again to end it`,
      );
    }
    removeHalfMove(dataDir);
    return move;
  } finally {
    unlock();
  }
}

function requireBooksHere(dataDir: string): void {
  if (existsSync(join(dataDir, DATABASE_FILE))) return;
  throw new Fault(
    'CONFLICT',
    `there is no ${DATABASE_FILE} in ${dataDir}: its books are elsewhere already`,
  );
}

function requireFile(dataDir: string): void {
  requireBooksHere(dataDir);
  requireWhole(dataDir);
  if (!existsSync(join(dataDir, KEPT_FILE))) return;
  throw new Fault(
    'CONFLICT',
    `${join(dataDir, KEPT_FILE)} is there from an earlier move: keep it somewhere else first`,
  );
}

type Room = { begun: HalfMove | undefined; startsOver: boolean };

/** What is in the database has to be nothing, or this move's. Looked at before anything is written. */
async function requireRoom(target: Target, { begun, startsOver }: Room): Promise<void> {
  const progress = await target.readProgress();
  if (progress === undefined) {
    const filled = await target.findFilled();
    if (filled.length > 0) {
      const names = filled.slice(0, 3).join(', ');
      throw new Fault(
        'CONFLICT',
        `${target.place} is not empty (there is something in ${names}): name a database with nothing in it`,
      );
    }
    if (begun === undefined || begun.to === target.place || startsOver) return;
    throw new Fault(
      'CONFLICT',
      `the move has begun to ${begun.to}: name that database, or begin anew with --start-over`,
    );
  }
  if (startsOver) return await target.empty();
  if (progress.books === begun?.books) return;
  throw new Fault(
    'CONFLICT',
    `${target.place} has half of the books of another move: name another database, or empty it with --start-over`,
  );
}

type CopyParts = {
  dataDir: string;
  begun: HalfMove | undefined;
  tell: (stage: MoveStage) => Promise<void>;
  parts: MoveParts;
};

async function copyInto(target: Target, of: CopyParts): Promise<Compared> {
  const { dataDir, begun, tell, parts } = of;
  const { pageRows = PAGE_ROWS } = parts;
  const keyedHash = await openOnce(dataDir, parts.random);
  const file = openForReading(join(dataDir, DATABASE_FILE));
  try {
    const books = begun?.books ?? newBooksId(parts.random);
    writeHalfMove(dataDir, { stile: 'move/1', books, to: target.place, stage: 'copying' });
    const progress = await begin(target, { books, file: nameOf(file), keyedHash });
    await tell('begun');
    const copying: Copying = { file, target, ids: readNewIds(file), keyedHash };
    const steps = stepsOf(copying);
    const onCopied = async (copied: Copied) =>
      await parts.onProgress?.({ kind: 'copied', ...copied });
    await copyAll(steps, { file, target, progress, pageRows, onCopied });
    await target.setCounters();
    await tell('comparing');
    return await compare(steps, copying);
  } finally {
    file.close();
  }
}

/** The file as this version has it, with its key; books that are not as they were sealed are not sealed anew. */
async function openOnce(dataDir: string, random: Random) {
  const config = readConfig(dataDir);
  const clock = systemClock;
  const store = await openStore(dataDir, { config, database: undefined, clock, random });
  try {
    await requireSameBooks(store, { ...config, dataDir });
  } finally {
    await store.close();
  }
  const key = findBookKey(bookKeyFile(join(dataDir, DATABASE_FILE)));
  if (key === undefined) throw new Fault('STORE_CORRUPT', `${dataDir} has no key of its books`);
  const keyedHash = keyedHashOf(key);
  const { reader, close } = openAuditReader(join(dataDir, DATABASE_FILE));
  try {
    const [wrong] = await wrongSeals(reader, keyedHash);
    if (wrong === undefined) return keyedHash;
    throw new Fault('STORE_CORRUPT', `${dataDir} is not moved, ${wrong}: look with "stile audit"`);
  } finally {
    close();
  }
}

/** What it was when the move began; a file that was put in its place meanwhile is another one. */
function nameOf(file: Connection): string {
  return `${endOf(file)}/${String(file.db.prepare(LAST_ROWS).pluck().get())}`;
}

async function begin(
  target: Target,
  of: { books: string; file: string; keyedHash: Copying['keyedHash'] },
) {
  const { books, file, keyedHash } = of;
  const known = await target.readProgress();
  if (known !== undefined) {
    if (known.file === file) return known;
    throw new Fault(
      'CONFLICT',
      'the books in the file are not those with which the move began: begin anew with --start-over',
    );
  }
  const progress = { books, file, rows: {} };
  await target.together(async () => {
    await sealEmptyBooks(target.session, keyedHash);
    await target.saveProgress(progress);
  });
  return progress;
}

type SwitchParts = { target: Target; move: HalfMove; tell: (stage: MoveStage) => Promise<void> };

/** From here on the database is the truth; each step may have been done before. */
async function switchOver(dataDir: string, { target, move, tell }: SwitchParts): Promise<Moved> {
  const { session, place } = target;
  await tell('switching');
  const progress = await target.readProgress();
  const there = progress?.books ?? (await findBooks(target));
  if (there !== move.books) {
    throw new Fault(
      'CONFLICT',
      `${place} does not have the books of ${dataDir}, which are at ${move.to}: name that database`,
    );
  }
  await target.together(async () => {
    await session.run(NAME_BOOKS, [BOOKS_KEY, move.books]);
    await session.run(UNMARK, [MOVE_KEY]);
  });
  await tell('switched');
  writePlace(dataDir, move.books);
  await tell('placed');
  leaveFile(dataDir);
  await tell('left');
  removeHalfMove(dataDir);
  return { compared: null, keptAs: join(dataDir, KEPT_FILE) };
}

async function findBooks({ session, isOurs }: Target): Promise<string | undefined> {
  if (!(await isOurs())) return undefined;
  return (await session.first<{ value: string }>(BOOKS_THERE, [BOOKS_KEY]))?.value;
}
