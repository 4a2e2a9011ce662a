/**
 * What lies in a settlement's data directory besides its database: its configuration (`settlement.json`), the
 * signing keys, the operator's token. All of it is its owner's alone, nothing that exists is ever replaced, and
 * what is missing from a directory that was initialised is never taken for new.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import {
  adviceOnMode,
  makePrivateDir,
  requirePrivateDir,
  writePrivateFile,
} from '@stile/host/private-files.ts';
import type { Random } from '@stile/host/random.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { type RootKey, rootKeySchema } from '@stile/protocol/signed.ts';
import { z } from 'zod';
import { configSchema, type SettlementFile, type SettlementOptions } from './config.ts';
import { DATABASE_FILE, PLACE_FILE } from './database-place.ts';
import { randomToken } from './keys/tokens.ts';

const CONFIG_FILE = 'settlement.json';
/** Written when the first initialisation has ended. */
const MARK_FILE = 'initialised';
/** Of a token that is one; an empty or cut file is no token. */
const TOKEN_CHARS_MIN = 32;
export const TOKEN_FILE = 'operator-token';
const ROOT_KEY = join('keys', 'root.jwk.json');
const ROOT_KEY_NAME = /^root(-\d+)?\.jwk\.json$/;
/** Says that the root keys were taken out on purpose, and when. */
const ROOT_AWAY = join('keys', 'root-away.json');
/** The public half of the first root. */
const FIRST_ROOT = join('keys', 'first-root.json');
const SECRETS = [ROOT_KEY, TOKEN_FILE];
const RESTORE = 'restore it from the backup';

/** @throws Fault FILE_UNREADABLE if the directory was never initialised or the file is wrong. */
export function readConfig(dataDir: string): SettlementFile {
  const file = join(dataDir, CONFIG_FILE);
  if (!existsSync(file)) {
    throw new Fault('FILE_UNREADABLE', `there is no settlement in ${dataDir}: initialise it first`);
  }
  try {
    return configSchema.parse(parseStrictJson(readFileSync(file, 'utf8')));
  } catch (error) {
    const why =
      error instanceof z.ZodError
        ? `${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`
        : describeError(error);
    throw new Fault('CONFIG_INVALID', `${file}: ${why}`, { cause: error });
  }
}

/** Writes the configuration unless there is one; returns the one that is in force. */
export function ensureConfig(dataDir: string, options: SettlementOptions): SettlementFile {
  const config = checkedConfig(options);
  makePrivateDir(dataDir);
  const file = join(dataDir, CONFIG_FILE);
  if (!existsSync(file)) writePrivateFile(file, `${JSON.stringify(config, null, 2)}\n`);
  return readConfig(dataDir);
}

/** @throws Fault CONFIG_INVALID with the field that is wrong. */
export function checkedConfig(options: SettlementOptions): SettlementFile {
  const parsed = configSchema.safeParse({ stile: 'settlement/1', ...options });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Fault('CONFIG_INVALID', `${issue?.path.join('.')}: ${issue?.message}`);
}

/** The first root has the name that it has always had. */
export function rootKeyFile(dataDir: string, generation: number): string {
  return generation === 1
    ? join(dataDir, ROOT_KEY)
    : join(dataDir, 'keys', `root-${generation}.jwk.json`);
}

export function onlineKeyFile(dataDir: string, number: number): string {
  return join(dataDir, 'keys', `online-${number}.jwk.json`);
}

/** Which root was the first: from it on whoever follows is found, and without it no list is believed. */
export function writeFirstRoot(dataDir: string, root: RootKey): void {
  const file = join(dataDir, FIRST_ROOT);
  if (!existsSync(file)) writePrivateFile(file, `${JSON.stringify(root)}\n`);
}

/** Undefined if it is not there. @throws Fault FILE_UNREADABLE if it is damaged. */
export function findFirstRoot(dataDir: string): RootKey | undefined {
  const file = join(dataDir, FIRST_ROOT);
  if (!existsSync(file)) return undefined;
  try {
    return rootKeySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `${file} is damaged: restore it from the backup`, {
      cause: error,
    });
  }
}

/** @throws Fault FILE_UNREADABLE if it is missing or another one. */
export function requireFirstRoot(dataDir: string, root: RootKey): void {
  const first = findFirstRoot(dataDir);
  if (first === undefined) throw missingFrom(dataDir, [FIRST_ROOT]);
  if (first.x === root.x) return;
  throw new Fault('FILE_UNREADABLE', `${FIRST_ROOT} is not the first root that the database has`);
}

/** Whether the root keys are kept elsewhere. */
export function isRootAway(dataDir: string): boolean {
  return existsSync(join(dataDir, ROOT_AWAY));
}

export function recordRootAway(dataDir: string, record: { sinceMs: number; root: string }): void {
  const file = join(dataDir, ROOT_AWAY);
  writePrivateFile(file, `${JSON.stringify(record)}\n`, { mayReplace: true });
}

/** Which root it has to be is said by the database, once it is open. */
function isRootAccountedFor(dataDir: string): boolean {
  return isRootAway(dataDir) || rootKeyFilesIn(dataDir).length > 0;
}

export function rootKeyFilesIn(dataDir: string): string[] {
  const folder = join(dataDir, 'keys');
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there === undefined) return [];
  if (!there.isDirectory()) {
    throw new Fault('FILE_UNREADABLE', `${folder} is no directory: ${RESTORE}`);
  }
  const names = readdirSync(folder).filter((name) => ROOT_KEY_NAME.test(name));
  return names.map((name) => join(folder, name));
}

export function issuerKeyFile(
  dataDir: string,
  { issuer, keyId }: { issuer: number; keyId: number },
): string {
  return join(dataDir, 'keys', `issuer-${issuer}-${keyId}.jwk.json`);
}

/** Opens a key file, making a new Ed25519 key if there is none. */
export function ensureKey(file: string): SigningKey {
  if (!existsSync(file)) {
    makePrivateDir(dirname(file));
    const key = generateKey('Ed25519');
    writePrivateFile(file, `${JSON.stringify(key.privateJwk)}\n`);
  }
  return readKey(file);
}

/** @throws Fault FILE_UNREADABLE if the key is missing or damaged. */
export function readKey(file: string): SigningKey {
  const text = existsSync(file) ? readText(file) : undefined;
  try {
    if (text !== undefined) return keyFromJwk(JSON.parse(text));
  } catch (error) {
    // What the error itself says may quote the key.
    throw new Fault('FILE_UNREADABLE', `the key ${file} is damaged: ${RESTORE}`, { cause: error });
  }
  throw new Fault('FILE_UNREADABLE', `the key ${file} is missing: ${RESTORE}`);
}

/** The operator's token, made if there is none. Only its hash goes anywhere else. */
export function ensureOperatorToken(dataDir: string, random: Random): string {
  const file = join(dataDir, TOKEN_FILE);
  if (!existsSync(file)) writePrivateFile(file, `${randomToken(random)}\n`);
  const token = readText(file).trim();
  if (token.length >= TOKEN_CHARS_MIN) return token;
  throw new Fault(
    'FILE_UNREADABLE',
    `${file} holds no token, or only a part of one: restore it from the backup`,
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/**
 * Refuses a directory that was initialised and has lost a part: a new root key is one that no gate believes, a
 * new database has no books. The first initialisation makes settings and database before any secret, so that one
 * that was cut off goes on.
 * `database`: the URL of the one that has the books instead of the file.
 * @throws Fault FILE_UNREADABLE with the part's name, CONFIG_INVALID if others may look into the directory.
 */
export function requireWhole(
  dataDir: string,
  { database }: { database?: string | undefined } = {},
): void {
  if (!existsSync(dataDir)) return;
  requirePrivateDir(dataDir);
  // A key that is made later would be refused there.
  const keys = join(dataDir, 'keys');
  if (existsSync(keys)) requirePrivateDir(keys);
  const isThere = (part: string) => isPartThere(dataDir, part);
  const books = database === undefined && !isThere(PLACE_FILE) ? DATABASE_FILE : PLACE_FILE;
  const plain = [CONFIG_FILE, books];
  const hasBegun = isThere(books) || SECRETS.some(isThere);
  const expected = isThere(MARK_FILE) ? [...plain, ...SECRETS] : hasBegun ? plain : [];
  requireParts(dataDir, expected);
}

/** @throws Fault FILE_UNREADABLE with the name of the one that is missing. */
export function requireSecrets(dataDir: string): void {
  requireParts(dataDir, SECRETS);
}

function isPartThere(dataDir: string, part: string): boolean {
  return part === ROOT_KEY ? isRootAccountedFor(dataDir) : existsSync(join(dataDir, part));
}

/** @throws Fault FILE_UNREADABLE with the name of the one that is missing. */
function requireParts(dataDir: string, parts: readonly string[]): void {
  const missing = parts.filter((part) => !isPartThere(dataDir, part));
  if (missing.length > 0) throw missingFrom(dataDir, missing);
}

function missingFrom(dataDir: string, missing: readonly string[]): Fault {
  return new Fault(
    'FILE_UNREADABLE',
    `${missing.join(' and ')} is missing from ${dataDir}, which was initialised. Nothing new is made in its ` +
      `place: restore it from the backup, or begin with an empty directory.`,
  );
}

/** Whether a first initialisation has ended here. */
export function isMarkedInitialised(dataDir: string): boolean {
  return existsSync(join(dataDir, MARK_FILE));
}

/** From now on every part has to be there. */
export function markInitialised(dataDir: string): void {
  if (isMarkedInitialised(dataDir)) return;
  const why = 'settlement was initialised here: a part that is missing is lost, not new';
  writePrivateFile(join(dataDir, MARK_FILE), `${why}\n`);
}

/** Of settings and secrets, those whose mode lets others at them: words for the log. The directory keeps them out. */
export function adviceOnModes(dataDir: string): string[] {
  const keys = readdirSync(join(dataDir, 'keys')).map((name) => join('keys', name));
  return [CONFIG_FILE, TOKEN_FILE, ...keys].flatMap((name) => {
    const file = join(dataDir, name);
    return existsSync(file) ? (adviceOnMode(file) ?? []) : [];
  });
}
