/**
 * Who this gate is: its id and signing key, its line, and the operator's root that it believes.
 * Written at enrolment, and again when that root is followed by another or ends a key; readable by the gate's
 * user only. Nothing in it forges a rider's code. The private half of the key may lie in a file of its own, which
 * a supervisor opens for this process alone.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromJwk, type PrivateJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { adviceOnMode, makePrivateDir, writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { type RootState, rootStateSchema } from '@stile/protocol/root-trust.ts';
import { z } from 'zod';
import { quarantine } from './store/quarantine.ts';

const IDENTITY_FILE = 'identity.json';
const OTHERS = 0o077;
/** A supervisor may open it to this process by an access list, which shows as rights of the group. */
const OTHERS_OF_KEY_FILE = 0o007;

const jwkSchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  /** Left out: the private half is in a file of its own. */
  d: z.string().optional(),
});
const privateJwkSchema = jwkSchema.required();

const identitySchema = z.strictObject({
  gate: gateIdSchema,
  line: z.string().min(1).max(32),
  scope: z.int().min(0).max(0xffff),
  operator: z.string(),
  key: jwkSchema,
  /** Whom this gate believes. It follows its operator's root to the next one. */
  root: rootStateSchema,
});

export type IdentityFile = z.infer<typeof identitySchema>;
export type Identity = Omit<IdentityFile, 'key'> & { key: SigningKey };

/**
 * @param keyFile Where the private key is, if it is not in the identity.
 * @throws Fault FILE_UNREADABLE if the gate is not enrolled, a file is damaged, or the key is not this gate's.
 */
export function readIdentity(dataDir: string, keyFile?: string): Identity {
  const identity = readIdentityFile(dataDir);
  refuseOpen(join(dataDir, IDENTITY_FILE), OTHERS);
  if (keyFile !== undefined) {
    const key = readKeyFile(keyFile, identity.key.x);
    refuseOpen(keyFile, OTHERS_OF_KEY_FILE);
    return { ...identity, key };
  }
  const key = privateJwkSchema.safeParse(identity.key);
  if (key.success) return { ...identity, key: keyFromJwk(key.data) };
  throw new Fault(
    'FILE_UNREADABLE',
    `the private key of gate ${identity.gate} is in a file of its own: say where, with --key-file`,
  );
}

function refuseOpen(file: string, others: number): void {
  const advice = adviceOnMode(file, { others });
  if (advice !== undefined) {
    throw new Fault(
      'CONFIG_INVALID',
      `others may read this gate's key: ${advice}, then start again`,
    );
  }
}

/** A key as it was made for this gate, or a new one in a new file: an enrolment that failed is tried again. */
export function ensureKeyFile(keyFile: string): SigningKey {
  if (existsSync(keyFile)) return readKeyFile(keyFile);
  const key = generateKey('Ed25519');
  writePrivateFile(keyFile, `${JSON.stringify(key.privateJwk)}\n`);
  return key;
}

function readKeyFile(keyFile: string, publicX?: string): SigningKey {
  let key: SigningKey;
  try {
    key = keyFromJwk(privateJwkSchema.parse(JSON.parse(readFileSync(keyFile, 'utf8'))));
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `${keyFile} holds no key of a gate: ${describeError(error).split('\n')[0]}`,
      { cause: error },
    );
  }
  if (publicX === undefined || key.privateJwk.x === publicX) return key;
  throw new Fault('FILE_UNREADABLE', `${keyFile} is the key of another gate`);
}

/**
 * What is in the data directory, which may not be all of the key.
 * @throws Fault FILE_UNREADABLE if the gate is not enrolled or its identity is damaged.
 */
export function readIdentityFile(dataDir: string): IdentityFile {
  const identity = findIdentity(dataDir);
  if (identity !== undefined && !('damage' in identity)) return identity;
  const file = join(dataDir, IDENTITY_FILE);
  throw new Fault(
    'FILE_UNREADABLE',
    identity === undefined
      ? `this gate is not enrolled: ${file} is missing. Run "stile gate enrol" first.`
      : `${file} is damaged (${identity.damage}). Enrol the gate again.`,
  );
}

/**
 * Undefined: there is none. With `damage` it names nobody, and only another enrolment makes this box a gate.
 * @throws Fault FILE_UNREADABLE if it cannot be read, which is no damage.
 */
export function findIdentity(dataDir: string): IdentityFile | { damage: string } | undefined {
  const file = join(dataDir, IDENTITY_FILE);
  if (!existsSync(file)) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('FILE_UNREADABLE', `cannot read ${file}: ${describeError(error)}`, {
      cause: error,
    });
  }
  try {
    const parsed = identitySchema.parse(JSON.parse(text));
    const { d } = parsed.key;
    // A key that is there must be whole.
    if (d !== undefined) keyFromJwk({ ...parsed.key, d });
    return parsed;
  } catch (error) {
    return { damage: describeError(error).split('\n')[0] ?? '' };
  }
}

/** Moves a damaged one aside, as evidence; returns the folder. */
export function moveIdentityAside(dataDir: string, wallMs: number): string {
  return quarantine({ dataDir, belongs: (name) => name === IDENTITY_FILE, wallMs });
}

/** `keyElsewhere`: the private half is in a file of its own. */
export function writeIdentity(
  dataDir: string,
  {
    keyElsewhere = false,
    ...identity
  }: Omit<IdentityFile, 'key'> & { key: PrivateJwk; keyElsewhere?: boolean },
): void {
  makePrivateDir(dataDir);
  const { kty, crv, x, d } = identity.key;
  const key = keyElsewhere ? { kty, crv, x } : { kty, crv, x, d };
  replaceIdentity(dataDir, { ...identity, key });
}

/** On disk when it returns: what has ended stays ended through any restart. The key stays where it is. */
export function keepRoot(dataDir: string, root: RootState): void {
  replaceIdentity(dataDir, { ...readIdentityFile(dataDir), root });
}

function replaceIdentity(dataDir: string, identity: object): void {
  const file = join(dataDir, IDENTITY_FILE);
  writePrivateFile(file, `${JSON.stringify(identity, null, 2)}\n`, { mayReplace: true });
}
