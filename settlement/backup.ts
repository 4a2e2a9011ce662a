/**
 * A settlement's data directory as a backup, made beside the running settlement, and back again. A backup is a
 * new directory with everything that a restore needs, the keys too: keep it as the directory itself is kept.
 */
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { LOCK_FILE } from '@stile/host/data-dir-lock.ts';
import { asStoreFault } from '@stile/host/fault.ts';
import { makeDirs } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';
import { requireKeysOfDatabase } from './backup-keys.ts';
import { paymentLimitsOf } from './config.ts';
import type { SeenVersions } from './core/lists/version-floor.ts';
import { readConfig } from './data-dir.ts';
import { DATABASE_FILE, requireBooksInFile } from './database-place.ts';
import { openForReading, requireWholeSchema } from './store/sqlite/connection.ts';
import { openSqliteStore } from './store/sqlite/store.ts';

const MANIFEST = 'backup.json';
const manifestSchema = z.strictObject({
  stile: z.literal('settlement-backup/1'),
  madeAtMs: z.int(),
  /** SHA-256 of each file, hex. */
  files: z.record(z.string(), z.string()),
});
type Manifest = z.infer<typeof manifestSchema>;

/** The database is copied by itself, and a lock is held by a process. */
const OF_THE_MOMENT = [DATABASE_FILE, LOCK_FILE];
/** Copies of a directory whose keys change meanwhile. */
const COPIES_MAX = 3;

export type BackUp = {
  to: string;
  nowMs: number;
  /** Called between the copies of the database and of the keys. */
  onDatabaseCopied?: () => Promise<void>;
} & Parting;

/** `onPart` hears under which name the directory is made: what is left there if the process is ended meanwhile. */
export type Parting = { onPart?: (dir: string) => void };

/**
 * Copies a settlement, also one that runs, into a directory that must not exist yet.
 * @throws Fault CONFLICT if it does, FILE_UNREADABLE if there is no settlement, STORE_* if the copy fails.
 */
export async function backUp(dataDir: string, of: BackUp): Promise<Manifest> {
  const to = resolve(of.to);
  readConfig(dataDir);
  requireBooksInFile(dataDir);
  refuseExisting(to, 'a backup goes into a new directory');
  refuseInside(to, dataDir);
  return await buildAside(to, {
    ...of,
    build: async (part) => {
      await copyWhole(dataDir, { ...of, part });
      const files = Object.fromEntries(
        namesIn(part).map((name) => [name, digestOf(join(part, name))]),
      );
      const manifest: Manifest = { stile: 'settlement-backup/1', madeAtMs: of.nowMs, files };
      writeFileSync(join(part, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`, {
        mode: 0o600,
      });
      return manifest;
    },
  });
}

/**
 * The database first: a key that it names was on disk before it was named. But a root that another one follows goes
 * from the disk: if that fell between the two copies they do not fit, and both are made again.
 */
async function copyWhole(
  dataDir: string,
  { part, nowMs, onDatabaseCopied }: BackUp & { part: string },
): Promise<void> {
  for (let turn = 1; ; turn += 1) {
    await copyDatabase(join(dataDir, DATABASE_FILE), join(part, DATABASE_FILE));
    await onDatabaseCopied?.();
    try {
      copyRest({
        from: dataDir,
        to: part,
        isLeftOut: (name) => OF_THE_MOMENT.some((one) => name.startsWith(one)),
      });
      await requireKeysOfDatabase(part, nowMs);
      return;
    } catch (error) {
      if (turn === COPIES_MAX) throw error;
      for (const name of readdirSync(part)) rmSync(join(part, name), { recursive: true });
    }
  }
}

export type Restored = { madeAtMs: number; floors: SeenVersions };

/**
 * Makes a data directory of a backup. Versions go on far above those of the backup, because gates hold later
 * lists than it knows, and would refuse its next ones.
 * @throws Fault CONFLICT if the directory is there, STORE_CORRUPT if the backup is not whole.
 */
export async function restore(
  from: string,
  of: { dataDir: string; nowMs: number } & Parting,
): Promise<Restored> {
  const { madeAtMs } = checkWhole(from);
  const dataDir = resolve(of.dataDir);
  refuseExisting(dataDir, 'move it away first; nothing is overwritten');
  refuseInside(dataDir, from);
  return await buildAside(dataDir, {
    ...of,
    build: async (part) => {
      copyRest({ from, to: part, isLeftOut: (name) => name === MANIFEST });
      await requireKeysOfDatabase(part, of.nowMs);
      const config = readConfig(part);
      const rules = { limitsNow: config.limits, paymentLimits: paymentLimitsOf(config) };
      const file = join(part, DATABASE_FILE);
      const store = await openSqliteStore({ file, ...rules });
      try {
        return { madeAtMs, floors: await store.jumpAhead(of.nowMs) };
      } finally {
        await store.close();
      }
    },
  });
}

function refuseExisting(dir: string, what: string): void {
  if (existsSync(dir)) throw new Fault('CONFLICT', `${dir} exists already: ${what}`);
}

/** What lies in it would be part of every further copy. */
function refuseInside(dir: string, home: string): void {
  const inside = relative(realpathSync(home), realPathOf(dir));
  if (inside.startsWith('..') || isAbsolute(inside)) return;
  throw new Fault('CONFLICT', `${dir} lies in ${home}: take another place`);
}

/** Of what is not there yet: by the folder that is. */
function realPathOf(path: string): string {
  if (existsSync(path) || path === dirname(path)) return realpathSync(path);
  return join(realPathOf(dirname(path)), basename(path));
}

/** Under another name until it is whole and on disk. */
async function buildAside<T>(
  dir: string,
  { onPart, build }: Parting & { build: (part: string) => Promise<T> },
): Promise<T> {
  makeDirs(dirname(dir));
  // A name of its own: whatever stands there already is somebody's.
  const part = mkdtempSync(`${dir}.part-`);
  onPart?.(part);
  try {
    const result = await build(part);
    for (const name of namesIn(part)) syncPath(join(part, name));
    for (const folder of foldersIn(part)) syncPath(folder);
    renameSync(part, dir);
    syncPath(dirname(dir));
    return result;
  } catch (error) {
    rmSync(part, { recursive: true, force: true });
    throw error instanceof Fault ? error : asStoreFault(error, dir);
  }
}

/** SQLite's own online copy: one instant, whatever is written meanwhile. */
async function copyDatabase(from: string, to: string): Promise<void> {
  const source = openForReading(from);
  try {
    // A backup that could not be started from would take the place of one that can.
    requireWholeSchema(source, from);
    await source.db.backup(to);
  } finally {
    source.close();
  }
  const copy = openForReading(to);
  try {
    const says = copy.db.pragma('integrity_check', { simple: true });
    if (says !== 'ok') throw new Fault('STORE_CORRUPT', `${from}: its copy is damaged: ${says}`);
  } finally {
    copy.close();
  }
  for (const end of ['-wal', '-shm']) rmSync(`${to}${end}`, { force: true });
}

type Copying = { from: string; to: string; isLeftOut: (name: string) => boolean };

function copyRest({ from, to, isLeftOut }: Copying): void {
  for (const name of namesIn(from)) {
    if (isLeftOut(name)) continue;
    const target = join(to, name);
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    copyFileSync(join(from, name), target);
  }
}

function checkWhole(from: string): Manifest {
  const file = join(from, MANIFEST);
  if (!existsSync(file)) throw new Fault('FILE_UNREADABLE', `there is no backup in ${from}`);
  const manifest = manifestSchema.safeParse(readJson(file));
  if (!manifest.success) throw new Fault('STORE_CORRUPT', `${file} is not that of a backup`);
  const files = Object.entries(manifest.data.files);
  // Earlier backups list what belonged to the lock of that moment.
  const kept = files.filter(([name]) => !name.startsWith(LOCK_FILE));
  const missing = kept.find(([name]) => !existsSync(join(from, name)));
  if (missing) throw new Fault('STORE_CORRUPT', `the backup lacks ${missing[0]}`);
  const added = namesIn(from).find((name) => name !== MANIFEST && !(name in manifest.data.files));
  if (added) throw new Fault('STORE_CORRUPT', `${join(from, added)} is not in the backup's list`);
  for (const [name, digest] of kept) {
    const path = join(from, name);
    if (digestOf(path) !== digest) throw new Fault('STORE_CORRUPT', `${path} is damaged`);
  }
  return manifest.data;
}

/** Undefined if there is no JSON in it, or it is no file. */
function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Plain files beneath it, by their paths within. */
function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)));
}

function foldersIn(dir: string): string[] {
  const inside = readdirSync(dir, { recursive: true, withFileTypes: true });
  return [
    dir,
    ...inside.filter((one) => one.isDirectory()).map((one) => join(one.parentPath, one.name)),
  ];
}

function digestOf(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
  return createHash('sha256').update(bytes).digest('hex');
}

function syncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
