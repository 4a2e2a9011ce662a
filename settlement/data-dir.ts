/**
 * What lies in a settlement's data directory besides its database: its configuration (`settlement.json`), the
 * signing keys, the operator's token. Secrets are readable by their
 * owner only, and nothing that exists is ever replaced.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import type { Random } from '@stile/host/random.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';
import { configSchema, type SettlementFile, type SettlementOptions } from './config.ts';
import { randomToken } from './keys/tokens.ts';

const CONFIG_FILE = 'settlement.json';
export const TOKEN_FILE = 'operator-token';
export const DATABASE_FILE = 'settlement.db';

/** @throws Fault FILE_UNREADABLE if the directory was never initialised or the file is wrong. */
export function readConfig(dataDir: string): SettlementFile {
  const file = join(dataDir, CONFIG_FILE);
  if (!existsSync(file)) {
    throw new Fault('FILE_UNREADABLE', `there is no settlement in ${dataDir}: initialise it first`);
  }
  try {
    return configSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
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
  const parsed = configSchema.safeParse({ stile: 'settlement/1', ...options });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new Fault('CONFIG_INVALID', `${issue?.path.join('.')}: ${issue?.message}`);
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, CONFIG_FILE);
  if (!existsSync(file)) writeSecret(file, `${JSON.stringify(parsed.data, null, 2)}\n`);
  return readConfig(dataDir);
}

export function rootKeyFile(dataDir: string): string {
  return join(dataDir, 'keys', 'root.jwk.json');
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
    const key = generateKey('Ed25519');
    writeSecret(file, `${JSON.stringify(key.privateJwk)}\n`);
  }
  return readKey(file);
}

/** @throws Fault FILE_UNREADABLE if the key is missing or damaged. */
export function readKey(file: string): SigningKey {
  try {
    return keyFromJwk(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `the key ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** The operator's token, made if there is none. Only its hash goes anywhere else. */
export function ensureOperatorToken(dataDir: string, random: Random): string {
  const file = join(dataDir, TOKEN_FILE);
  if (!existsSync(file)) writeSecret(file, `${randomToken(random)}\n`);
  return readFileSync(file, 'utf8').trim();
}

function writeSecret(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
}
