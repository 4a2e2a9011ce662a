/**
 * The issuer's keys: which one signs, when the next takes over, and what ends one. A new key is announced before
 * it signs, so that gates that hear of it late know it already; only a revocation does not wait.
 */
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { StoredIssuerKey } from './list-changes.ts';

const DAY_S = 86_400;
/**
 * A gate's clock may be behind when a new key reaches it. Good from before it is announced, so that it can take
 * over at once if the one before is revoked.
 */
const KEY_HEAD_START_S = DAY_S;
/** Beyond its last pass and the announcement, a key is followed so long before its end. */
const ROTATION_MARGIN_S = 30 * DAY_S;

type Now = { issuer: number; nowS: number };

/** The key that signs passes now; undefined if every one has ended. */
export function findSigningKey<T extends StoredIssuerKey>(
  keys: readonly T[],
  now: Now,
): T | undefined {
  return activeKeys(keys, now.issuer)
    .filter(({ signsFromS, notAfterS }) => signsFromS <= now.nowS && notAfterS > now.nowS)
    .at(-1);
}

/** The announced key that will sign next. */
export function findNextKey<T extends StoredIssuerKey>(
  keys: readonly T[],
  { issuer, nowS }: Now,
): T | undefined {
  return activeKeys(keys, issuer).find(({ signsFromS }) => signsFromS > nowS);
}

/** In the order in which they sign. */
function activeKeys<T extends StoredIssuerKey>(keys: readonly T[], issuer: number): T[] {
  return keys
    .filter((key) => key.issuer === issuer && key.status === 'active')
    .sort((a, b) => a.signsFromS - b.signsFromS || a.keyId - b.keyId);
}

export type KeyPlan = {
  issuer: number;
  keyId: number;
  publicKey: string;
  ceilingExponent: number;
  nowS: number;
  lifetimeS: number;
  /** 0: it signs at once. */
  announceS: number;
};

export function planIssuerKey(plan: KeyPlan): StoredIssuerKey {
  const { issuer, keyId, publicKey, ceilingExponent, nowS, lifetimeS, announceS } = plan;
  const signsFromS = nowS + announceS;
  return {
    issuer,
    keyId,
    publicKey,
    notBeforeS: Math.max(0, nowS - KEY_HEAD_START_S),
    notAfterS: signsFromS + lifetimeS,
    status: 'active',
    ceilingExponent,
    signsFromS,
  };
}

export type RotationTerms = { lifetimeS: number; announceS: number; passLifetimeS: number };

/** How long before its end a key must have a follower; of short-lived keys half their life. */
export function rotationLeadS({ lifetimeS, announceS, passLifetimeS }: RotationTerms): number {
  const lead = passLifetimeS + announceS + ROTATION_MARGIN_S;
  return Math.min(lead, Math.floor(lifetimeS / 2));
}

/** `now`: nothing may sign any more. `announced`: the end of the key that signs comes near. */
export function rotationDue(
  keys: readonly StoredIssuerKey[],
  { terms, ...now }: Now & { terms: RotationTerms },
): 'no' | 'announced' | 'now' {
  const signing = findSigningKey(keys, now);
  if (signing === undefined) return 'now';
  const isNear = signing.notAfterS - now.nowS <= rotationLeadS(terms);
  const next = findNextKey(keys, now);
  // One that begins after the end, and later than a new one would, leaves a gap.
  const inTimeS = Math.max(signing.notAfterS, now.nowS + terms.announceS);
  const isFollowed = next !== undefined && next.signsFromS <= inTimeS;
  return isNear && !isFollowed ? 'announced' : 'no';
}

/** A new key. If it signs at once, those before it are retired: their passes stay good. */
export function decideIssuerKey(
  known: readonly StoredIssuerKey[],
  { key, nowMs }: { key: StoredIssuerKey; nowMs: number },
): Decision<void> {
  const nowS = Math.floor(nowMs / 1000);
  const add: Change[] = [
    { kind: 'addIssuerKey', key },
    { kind: 'requestPublish', atMs: nowMs },
  ];
  const { issuer } = key;
  return { changes: [...add, ...retire([...known, key], { issuer, nowS })], result: undefined };
}

/** Retires keys whose follower has begun to sign. True if there was any. */
export function decideKeyTurn(
  keys: readonly StoredIssuerKey[],
  { issuer, nowMs }: { issuer: number; nowMs: number },
): Decision<boolean> {
  const retired = retire(keys, { issuer, nowS: Math.floor(nowMs / 1000) });
  if (retired.length === 0) return unchanged(false);
  return { changes: [...retired, { kind: 'requestPublish', atMs: nowMs }], result: true };
}

function retire(keys: readonly StoredIssuerKey[], now: Now): Change[] {
  const signing = findSigningKey(keys, now);
  if (signing === undefined) return [];
  return activeKeys(keys, now.issuer)
    .filter((key) => key !== signing && key.signsFromS <= now.nowS)
    .map((key) => stateOf(key, { status: 'retired' }));
}

function stateOf(
  { issuer, keyId, status, signsFromS }: StoredIssuerKey,
  changes: Partial<Pick<StoredIssuerKey, 'status' | 'signsFromS'>>,
): Change {
  return { kind: 'setIssuerKeyState', issuer, keyId, status, signsFromS, ...changes };
}

export type KeyRevocation = { issuer: number; keyId: number; nowMs: number };
export type KeyRevocationResult = 'revoked' | 'unknown' | 'already' | 'needsFollower';

/**
 * Ends a key at every gate that hears of it. The one that signs has to have a follower, which signs from now on,
 * announced or not; without one nothing changes.
 */
export function decideKeyRevocation(
  keys: readonly StoredIssuerKey[],
  { issuer, keyId, nowMs }: KeyRevocation,
): Decision<KeyRevocationResult> {
  const nowS = Math.floor(nowMs / 1000);
  const key = keys.find((one) => one.issuer === issuer && one.keyId === keyId);
  if (key === undefined) return unchanged('unknown');
  if (key.status === 'revoked') return unchanged('already');
  const others = keys.filter((one) => one !== key);
  // Gates refuse what a key signs before it begins.
  const begun = others.filter(({ notBeforeS }) => notBeforeS <= nowS);
  const follower = findNextKey(begun, { issuer, nowS });
  const changes: Change[] = [
    stateOf(key, { status: 'revoked' }),
    { kind: 'requestPublish', atMs: nowMs },
  ];
  if (findSigningKey(others, { issuer, nowS }) !== undefined) return { changes, result: 'revoked' };
  if (follower === undefined) return unchanged('needsFollower');
  return {
    changes: [...changes, stateOf(follower, { signsFromS: nowS })],
    result: 'revoked',
  };
}
