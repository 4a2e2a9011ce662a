/**
 * Who this gate is: its id and signing key, its line, and the operator's root keys that it believes.
 * Written once at enrolment, readable by the gate's user only. Nothing in it forges a rider's code.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFromJwk, type PrivateJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { makePrivateDir, writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { z } from 'zod';

const IDENTITY_FILE = 'identity.json';

const jwkSchema = z.strictObject({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
});

const identitySchema = z.strictObject({
  gate: gateIdSchema,
  line: z.string().min(1).max(32),
  scope: z.int().min(0).max(0xffff),
  operator: z.string(),
  key: jwkSchema,
  rootKeys: z
    .array(z.strictObject({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }))
    .min(1),
});

export type IdentityFile = z.infer<typeof identitySchema>;
export type Identity = Omit<IdentityFile, 'key'> & { key: SigningKey };

/** @throws Fault FILE_UNREADABLE if the gate is not enrolled or the file is damaged. */
export function readIdentity(dataDir: string): Identity {
  const file = join(dataDir, IDENTITY_FILE);
  if (!existsSync(file)) {
    throw new Fault(
      'FILE_UNREADABLE',
      `this gate is not enrolled: ${file} is missing. Run "stile gate enrol" first.`,
    );
  }
  try {
    const parsed = identitySchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ...parsed, key: keyFromJwk(parsed.key) };
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `${file} is damaged (${describeError(error).split('\n')[0]}). Enrol the gate again.`,
      { cause: error },
    );
  }
}

/** Whether this data directory already belongs to a gate. */
export function hasIdentity(dataDir: string): boolean {
  return existsSync(join(dataDir, IDENTITY_FILE));
}

export function writeIdentity(
  dataDir: string,
  identity: Omit<IdentityFile, 'key'> & { key: PrivateJwk },
): void {
  makePrivateDir(dataDir);
  const { kty, crv, x, d } = identity.key;
  const text = JSON.stringify({ ...identity, key: { kty, crv, x, d } }, null, 2);
  const file = join(dataDir, IDENTITY_FILE);
  writePrivateFile(file, `${text}\n`, { mayReplace: true });
}
