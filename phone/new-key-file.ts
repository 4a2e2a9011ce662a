/**
 * The key of a scripted phone that has no account yet, in a file beside the phone's own. It is on disk before
 * settlement is asked: if the response is lost, or the process dies, the next try asks with the same key.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { syncPath, writePrivateFile } from '@stile/host/private-files.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import { z } from 'zod';
import { keySchema } from './phone-file.ts';

const newKeySchema = z.strictObject({ stile: z.literal('new-key/1'), key: keySchema });

export type NewKey = {
  key: SigningKey;
  file: string;
  /** Of a try before, whatever has come of it. */
  isEarlier: boolean;
};

/** The key of a try before, of whichever algorithm, or a new one that is on disk. @throws Fault. */
export function keepNewKey(phone: string, algorithm: Algorithm): NewKey {
  const file = fileOf(phone);
  if (existsSync(file)) return { key: readNewKey(file), file, isEarlier: true };
  const key = generateKey(algorithm);
  const kept = { stile: 'new-key/1', key: { ...key.privateJwk, crv: key.algorithm } };
  writePrivateFile(file, `${JSON.stringify(kept, null, 2)}\n`);
  return { key, file, isEarlier: false };
}

/** Once the phone's own file has the key. */
export function removeNewKey(phone: string): void {
  const file = fileOf(phone);
  rmSync(file, { force: true });
  syncPath(dirname(file));
}

function fileOf(phone: string): string {
  return `${phone}.new-key`;
}

function readNewKey(file: string): SigningKey {
  try {
    return keyFromJwk(newKeySchema.parse(JSON.parse(readFileSync(file, 'utf8'))).key);
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `${file} is not the key of a phone that was being made: ${describeError(error).split('\n')[0]}. An account may be its: remove it only if you can do without`,
      { cause: error },
    );
  }
}
