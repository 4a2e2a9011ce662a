/**
 * Recovery codes as they lie at rest: a slow hash, so that a copied database opens no account, not even by many
 * guesses at a code of which a part is known. No key goes with it: a code has 120 bits of its own, and a key that
 * is lost would be the riders' loss (docs/decisions/0026).
 */
import { scrypt } from 'node:crypto';
import type { Random } from '@stile/host/random.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import {
  RECOVERY_CODE_BYTES,
  readRecoveryCode,
  writeRecoveryCode,
} from '@stile/protocol/recovery-code.ts';

/** 16 MB and some 40 ms on one thread. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;

/** Hex; undefined if the text cannot be a code. The same work for every code, known or not. */
export async function recoveryCodeHash(text: string): Promise<string | undefined> {
  const code = readRecoveryCode(text);
  return code === undefined ? undefined : await slowHash(code);
}

/** A new one: the text for its rider, once, and what is stored of it. */
export async function makeRecoveryCode(
  random: Random,
): Promise<{ code: string; codeHash: string }> {
  const code = writeRecoveryCode(random.bytes(RECOVERY_CODE_BYTES));
  return { code, codeHash: await slowHash(code.replaceAll('-', '')) };
}

function slowHash(code: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(code, DOMAINS.recoveryCode, HASH_BYTES, COST, (error, hash) => {
      if (error === null) resolve(hash.toString('hex'));
      else reject(error);
    });
  });
}
