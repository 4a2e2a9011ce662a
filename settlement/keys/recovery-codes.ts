/**
 * Recovery codes as they lie at rest: a slow hash, so that a copied database opens no account, not even by many
 * guesses at a code of which a part is known (docs/decisions/0026). Beside it lie a few bits of a quick, keyed hash:
 * what does not begin like any code that is stored is refused for nothing (docs/decisions/0039).
 */
import { scrypt } from 'node:crypto';
import type { Random } from '@stile/host/random.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { DOMAINS } from '@stile/protocol/domains.ts';
import {
  RECOVERY_CODE_BYTES,
  readRecoveryCode,
  writeRecoveryCode,
} from '@stile/protocol/recovery-code.ts';

/** 16 MB and some 40 ms on one thread. */
const COST = { N: 2 ** 14, r: 8, p: 1 };
const HASH_BYTES = 32;
/** Among a million stored codes one made-up one in four thousand looks known. Who has database and key learns no more. */
const QUICK_HASH_BYTES = 4;

/** What of a code is stored. */
export type CodeHashes = { codeHash: string; quickHash: string };

export type RecoveryCodes = ReturnType<typeof createRecoveryCodes>;

/** `keyedHash`: under a key made of that of the books, the same in every process. */
export function createRecoveryCodes({
  keyedHash,
  random,
}: {
  keyedHash: (message: Uint8Array) => Uint8Array;
  random: Random;
}) {
  const quickHash = (code: string) => toHex(keyedHash(utf8(code)).subarray(0, QUICK_HASH_BYTES));
  return {
    /** Of a code as `readRecoveryCode` reads it, hex. */
    quickHash,
    slowHash,
    /** A new one: the text for its rider, once, and what is stored of it. */
    async make(): Promise<{ code: string; hashes: CodeHashes }> {
      const code = writeRecoveryCode(random.bytes(RECOVERY_CODE_BYTES));
      const plain = readRecoveryCode(code) ?? '';
      return { code, hashes: { codeHash: await slowHash(plain), quickHash: quickHash(plain) } };
    },
  };
}

/** Hex. The same work for every code, known or not. */
function slowHash(code: string): Promise<string> {
  return new Promise((resolve, reject) => {
    scrypt(code, DOMAINS.recoveryCode, HASH_BYTES, COST, (error, hash) => {
      if (error === null) resolve(hash.toString('hex'));
      else reject(error);
    });
  });
}
