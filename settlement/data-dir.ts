/**
 * What lies in a settlement's data directory besides its database: who the operator is and within which
 * limits (`settlement.json`), the signing keys, the operator's token. Secrets are readable by their
 * owner only, and nothing that exists is ever replaced.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
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
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { AMOUNT_CENTS_MAX } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import { DEFAULT_PAYMENT_LIMITS } from './core/payments/payment-rules.ts';

const CONFIG_FILE = 'settlement.json';
export const TOKEN_FILE = 'operator-token';
export const DATABASE_FILE = 'settlement.db';
const TOKEN_BYTES = 32;

const limit = (max: number, byDefault: number) => z.int().min(1).max(max).default(byDefault);
const DEFAULTS = DEFAULT_PAYMENT_LIMITS;
const paymentsSchema = z
  .strictObject({
    offlineCentsMax: limit(AMOUNT_CENTS_MAX, DEFAULTS.offlineCentsMax),
    offlineTotalCentsMax: limit(1_000_000_000, DEFAULTS.offlineTotalCentsMax),
    onlineCentsMax: limit(AMOUNT_CENTS_MAX, DEFAULTS.onlineCentsMax),
    dayCentsMax: limit(1_000_000_000, DEFAULTS.dayCentsMax),
    seedDaysMax: limit(366, DEFAULTS.seedDaysMax),
    handleFailuresMax: limit(1_000, DEFAULTS.handleFailuresMax),
    payeeFailuresPerHourMax: limit(100_000, DEFAULTS.payeeFailuresPerHourMax),
    onlineCodeS: limit(3_600, DEFAULTS.onlineCodeS),
    orderS: limit(86_400, DEFAULTS.orderS),
  })
  .prefault({});

export const configSchema = z.strictObject({
  stile: z.literal('settlement/1'),
  operator: z.string().min(1).max(100).default('Stile'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/)
    .default('EUR'),
  issuer: z.int().min(0).max(0xffff).default(1),
  limits: z
    .strictObject({
      codeLifetimeSMax: z.int().min(1).max(3600).default(120),
      skewS: z.int().min(0).max(300).default(20),
    })
    .prefault({}),
  pass: z
    .strictObject({
      lifetimeMin: z.int().min(1).max(0xffff).default(10_080),
      codeLifetimeS: z.int().min(1).max(3600).default(60),
      ceiling: z.int().min(0).max(0xffff).default(3_500),
      /** The ceiling is in minor units × 10^this. */
      ceilingExponent: z.int().min(0).max(6).default(0),
      allowance: z.int().min(0).max(0xff).default(12),
      scope: z.int().min(0).max(0xffff).default(1),
      product: z.int().min(0).max(0xff).default(1),
    })
    .prefault({}),
  lists: z
    .strictObject({
      expiresS: z
        .int()
        .min(60)
        .default(30 * 86_400),
      /** A list is signed anew after this time even if nothing has changed. */
      refreshS: z
        .int()
        .min(1)
        .default(6 * 3_600),
      issuerKeyLifetimeS: z
        .int()
        .min(3_600)
        .default(2 * 365 * 86_400),
    })
    .prefault({}),
  http: z
    .strictObject({
      /** Of each address, known or not; batches of gates do not count. */
      requestsPerMinute: z.int().min(1).default(6_000),
      /** Of each rider's account, and of each merchant, wherever they ask from. */
      riderRequestsPerMinute: z.int().min(1).default(600),
      merchantRequestsPerMinute: z.int().min(1).default(3_000),
      challengesPerMinute: z.int().min(1).default(600),
      /** Of each merchant, of those requests. */
      paymentsPerMinute: z.int().min(1).default(1_200),
      /** Of each address that gates come from. */
      gateAsksPerMinute: z.int().min(1).default(6_000),
      /** Addresses of proxies whose word on the client's address is taken; none by default. */
      trustedProxies: z.array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()])).default([]),
      /** What order links begin with, where a proxy hides the name that riders know. */
      publicUrl: z.url().optional(),
    })
    .prefault({}),
  payments: paymentsSchema,
});

export type SettlementFile = z.infer<typeof configSchema>;
export type SettlementOptions = Omit<z.input<typeof configSchema>, 'stile'>;

/** @throws Fault FILE_UNREADABLE where the directory was never initialised or the file is wrong. */
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
    throw new Fault('CONFIG_INVALID', `${file}: ${why}`, error);
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

export function issuerKeyFile(dataDir: string, issuer: number, keyId: number): string {
  return join(dataDir, 'keys', `issuer-${issuer}-${keyId}.jwk.json`);
}

/** Opens a key file, making a new Ed25519 key where there is none. */
export function ensureKey(file: string): SigningKey {
  if (!existsSync(file)) {
    const key = generateKey('Ed25519');
    writeSecret(file, `${JSON.stringify(key.privateJwk)}\n`);
  }
  return readKey(file);
}

/** @throws Fault FILE_UNREADABLE where the key is missing or damaged. */
export function readKey(file: string): SigningKey {
  try {
    return keyFromJwk(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `the key ${file}: ${describeError(error)}`, error);
  }
}

/** The operator's token, made where there is none. Only its hash goes anywhere else. */
export function ensureOperatorToken(dataDir: string): string {
  const file = join(dataDir, TOKEN_FILE);
  if (!existsSync(file)) writeSecret(file, `${randomToken()}\n`);
  return readFileSync(file, 'utf8').trim();
}

export function randomToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url');
}

/** Tokens are stored as this: reading the database opens nothing. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(`Stile-token\0${token}`).digest('hex');
}

export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

function writeSecret(file: string, text: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    const handle = openSync(file, 'wx', 0o600);
    writeSync(handle, text);
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    throw new Fault('STORE_FAILED', `cannot write ${file}: ${describeError(error)}`, error);
  }
}
