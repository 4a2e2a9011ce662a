/** A request to recover an account and what settlement knows of it, for tests of what becomes of its phones. */
import type { RecoveryFacts } from '../core/access/recovery.ts';
import type { AccountCode, StoredRecoveryCode } from '../core/access/recovery-codes.ts';

export const nowMs = 1_000_000;
export const account = '00000000000000aa';
export const issuer = 1;
export const issuesMax = 8;
/** Of the phone that asks. */
export const publicKey = 'new key';

export const stored: StoredRecoveryCode = {
  account,
  kind: 'RECOVERY',
  drawnBy: 2,
  madeAtMs: 1,
  expiresAtMs: null,
  replacedAtMs: null,
  disownedAtMs: null,
  endedAtMs: null,
  usedSerial: null,
};

/** A code of the account that has not ended. */
export function drawn(codeHash: string, rest: Partial<AccountCode> = {}): AccountCode {
  const code = { kind: 'RECOVERY', drawnBy: null, madeAtMs: 1, expiresAtMs: null } as const;
  return { codeHash, ...code, replacedAtMs: null, disownedAtMs: null, ...rest };
}

export const factsOfCode: Omit<RecoveryFacts, 'access'> = {
  code: stored,
  isKeyTaken: false,
  openIssues: 0,
  openPhones: 1,
};

export const pass = { account, serial: 3, algorithm: 'Ed25519', publicKey } as const;

export const request = {
  codeHash: 'code',
  pass,
  issue: { issuer, keyId: 1, issuedAtS: 1, expiresAtS: 2 },
  hasRides: true,
  issuesMax,
  next: { codeHash: 'next', quickHash: null },
  nowMs,
};
