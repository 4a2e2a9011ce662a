/**
 * A pass that settlement does not know it gave out, because a backup was restored: a person lets it count. That is
 * safe where the code says so itself: the phone's own key for an account that is here, or an account that is not
 * here at all, which is made again under the key of its pass. Never for another key on somebody's account.
 */
import type { Change } from '../changes.ts';
import type { CheckedCode } from '../logs/check-record.ts';
import { useKey } from '../logs/code-use.ts';
import type { KnownPass } from '../logs/rulings.ts';
import { kindOf, receivableOf, walletOf } from '../money/ledger.ts';
import type { Effect, ParkedRecord } from './parked-record.ts';
import type { Resolution } from './resolution-changes.ts';

/** Keys of the other algorithm have a byte more. */
const ED25519_HEX = 64;

export type AcceptFacts = {
  /** Undefined: the account has no such pass. */
  pass: KnownPass | undefined;
  isAccountKnown: boolean;
  /** The phone's key is enrolled, for whatever account. */
  isKeyTaken: boolean;
  /** The issuer's key that signed the pass was revoked. */
  isIssuerRevoked: boolean;
};

export function acceptPass(
  { subject, content }: ParkedRecord,
  { resolution, facts, nowMs }: { resolution: Resolution; facts: AcceptFacts; nowMs: number },
): Effect {
  const isGenuine =
    content.kind === 'tap' && content.verdict === 'open' && content.problem === null;
  if (!isGenuine || !isSafe(content.code, facts)) return { ok: false, reason: 'PASS_NOT_SAFE' };
  const { account } = content.code;
  return {
    ok: true,
    changes: [
      { kind: 'addResolution', resolution: { ...resolution, use: useKey(content.code) } },
      ...(facts.pass === undefined ? accountOf(content.code, nowMs) : []),
      ...(facts.pass?.isIssued ? [] : [issueOf(content.code)]),
      { kind: 'keepUnjudged', record: subject.id, account, isDue: true },
      { kind: 'judgeAgain', account },
    ],
  };
}

function isSafe(
  { deviceKey }: CheckedCode,
  { pass, isAccountKnown, isKeyTaken, isIssuerRevoked }: AcceptFacts,
): boolean {
  if (pass !== undefined) return pass.deviceKey === deviceKey;
  return !isAccountKnown && !isKeyTaken && !isIssuerRevoked;
}

/** Made again with nothing in it and nothing known of who it is; the rider's phone opens it as before. */
function accountOf({ account, serial, deviceKey: publicKey }: CheckedCode, atMs: number): Change[] {
  const algorithm = publicKey.length === ED25519_HEX ? 'Ed25519' : 'P-256';
  const pass = { account, serial, algorithm, publicKey } as const;
  return [
    { kind: 'addAccount', account, enrolledBy: 'open', personHash: null, atMs },
    { kind: 'addPass', pass, addedBy: null, atMs },
    ...[walletOf(account), receivableOf(account)].map(
      (name) => ({ kind: 'openLedgerAccount', name, ledgerKind: kindOf(name) }) as const,
    ),
  ];
}

function issueOf({ account, serial, issuer, keyId, issuedAtS, lifetimeMin }: CheckedCode): Change {
  const issue = { issuer, keyId, issuedAtS, expiresAtS: issuedAtS + lifetimeMin * 60 };
  return { kind: 'addPassIssue', account, serial, issue };
}
