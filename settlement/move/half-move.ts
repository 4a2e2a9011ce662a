/**
 * A move of the books from a file into PostgreSQL that has begun and not ended. The directory says so, and so does the
 * database: neither is used until the move has ended or was given up.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { syncPath, writePrivateFile } from '@stile/host/private-files.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';

const MOVE_FILE = 'move.json';
/** Under which name of `meta` the database says it. */
export const MOVE_KEY = 'move';

const halfMoveSchema = z.strictObject({
  stile: z.literal('move/1'),
  /** The id that the books get in the database. */
  books: z.string().regex(/^[0-9a-f]{32}$/),
  /** Where to, without who asks and their password. */
  to: z.string(),
  /** `switching`: everything is there and was compared, so the file is not the books any more. */
  stage: z.enum(['copying', 'switching']),
});
export type HalfMove = z.infer<typeof halfMoveSchema>;

/** Undefined: none has begun. @throws Fault FILE_UNREADABLE if it is damaged. */
export function findHalfMove(dataDir: string): HalfMove | undefined {
  const file = join(dataDir, MOVE_FILE);
  if (!existsSync(file)) return undefined;
  try {
    return halfMoveSchema.parse(parseStrictJson(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `${file} is damaged: a move to PostgreSQL has begun here; give it up with "stile settlement move --give-up"`,
      { cause: error },
    );
  }
}

export function writeHalfMove(dataDir: string, move: HalfMove): void {
  writePrivateFile(join(dataDir, MOVE_FILE), `${JSON.stringify(move)}\n`, { mayReplace: true });
}

export function removeHalfMove(dataDir: string): void {
  rmSync(join(dataDir, MOVE_FILE), { force: true });
  syncPath(dataDir);
}

/** @throws Fault CONFLICT if one has begun. */
export function requireNoHalfMove(dataDir: string): void {
  const move = findHalfMove(dataDir);
  if (move === undefined) return;
  const other = move.stage === 'copying' ? ', or --give-up to stay with the file' : '';
  throw new Fault(
    'CONFLICT',
    `the books of ${dataDir} are half moved to PostgreSQL at ${move.to}: run "stile settlement move" again to end it${other}`,
  );
}

/** What a database says that was begun to be filled. @throws Fault CONFLICT */
export function requireMoved(meta: ReadonlyMap<string, string>): void {
  if (!meta.has(MOVE_KEY)) return;
  throw new Fault(
    'CONFLICT',
    'the database has half of the books of a move: run "stile settlement move" again to end it, or name another one',
  );
}
