/**
 * Which of an account's codes stay good when one of them is used or confirmed, or when a phone that drew some is
 * blocked. A phone may have been in a thief's hands since yesterday: what is older than that outlives what it drew.
 */
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { NewRecoveryCode } from './recovery-changes.ts';

/** As it is stored. */
export type StoredRecoveryCode = Omit<NewRecoveryCode, 'codeHash' | 'quickHash'> & {
  /** When another one was confirmed in its place: it works until it expires. Null: none was. */
  replacedAtMs: number | null;
  /** When a phone said that it may be a thief's: it blocks until it expires, and takes nothing over. */
  disownedAtMs: number | null;
  endedAtMs: number | null;
  usedSerial: number | null;
};

/** Among all codes that may still do something, used ones too. */
export type CodeMatch = {
  /** One of them has this quick hash. */
  isKnown: boolean;
  /** One of them has none: it may be any. */
  hasOlder: boolean;
};

/** One that nothing has ended. */
export type AccountCode = { codeHash: string } & Pick<
  StoredRecoveryCode,
  'kind' | 'madeAtMs' | 'expiresAtMs' | 'drawnBy' | 'replacedAtMs' | 'disownedAtMs'
>;

/** A recovery code of which nobody has said that it is written down works too, as it may be, and ends by itself late. */
export const UNCONFIRMED_CODE_MS = 365 * 86_400_000;
/** So many of them, the newest: each response that made one may have been lost. */
const UNCONFIRMED_MAX = 3;
/**
 * The code on paper outlives a newer one by so much: who finds a phone can draw and confirm one at once, and its rider
 * may need some days to miss the phone and get at the paper. So much longer works what a blocked phone drew before that
 * time, to block.
 */
export const GRACE_MS = 7 * 86_400_000;
/** So many in their grace at once, the oldest. */
const GRACE_MAX = 5;

/** Whether this code still does what its kind does. */
export function isOpenCode(
  code: Pick<StoredRecoveryCode, 'endedAtMs' | 'expiresAtMs'>,
  nowMs: number,
): boolean {
  return code.endedAtMs === null && (code.expiresAtMs === null || code.expiresAtMs > nowMs);
}

type Lifetime = Pick<StoredRecoveryCode, 'kind' | 'expiresAtMs' | 'replacedAtMs' | 'disownedAtMs'>;

function isInGrace({ replacedAtMs }: Lifetime): boolean {
  return replacedAtMs !== null;
}

function isConfirmed({ kind, expiresAtMs }: Lifetime): boolean {
  return kind === 'RECOVERY' && expiresAtMs === null;
}

/** Those that were confirmed longest ago come first, what nobody has confirmed comes last. */
function rankOf(code: Lifetime): number {
  if (code.replacedAtMs !== null) return code.replacedAtMs;
  return isConfirmed(code) ? Number.MAX_SAFE_INTEGER : Number.POSITIVE_INFINITY;
}

type CodeInHand = { code: Lifetime; codeHash: string; nowMs: number };

function othersThan(
  codes: readonly AccountCode[],
  { code, codeHash }: Omit<CodeInHand, 'nowMs'>,
): { older: AccountCode[]; younger: AccountCode[] } {
  // An operator has seen who stands there: nothing is older than what they gave, and nobody's paper ends it.
  const others = codes.filter(
    (other) => other.codeHash !== codeHash && (code.kind === 'MOVE' || other.kind !== 'MOVE'),
  );
  const isOlder = (other: AccountCode) =>
    code.kind === 'RECOVERY' && other.kind === 'RECOVERY' && rankOf(other) < rankOf(code);
  return {
    older: others.filter(isOlder),
    younger: others.filter((other) => !isOlder(other)),
  };
}

/** This code becomes the account's: younger ones end, and the one that was confirmed before it has its grace. */
export function replaceOthers(codes: readonly AccountCode[], of: CodeInHand): Change[] {
  const { older, younger } = othersThan(codes, of);
  const { nowMs } = of;
  const inGrace = older.filter(
    (code) => isInGrace(code) && isOpenCode({ ...code, endedAtMs: null }, nowMs),
  );
  const before = older.filter((code) => !isInGrace(code));
  const expiresAtMs = nowMs + GRACE_MS;
  const replaced =
    inGrace.length < GRACE_MAX
      ? before.map(
          ({ codeHash }) =>
            ({ kind: 'replaceRecoveryCode', codeHash, atMs: nowMs, expiresAtMs }) as const,
        )
      : endCodes(before, nowMs);
  return [...endCodes(younger, nowMs), ...replaced];
}

/** Whether a key may take the account over with this open code. */
export function takesOver({ disownedAtMs }: Pick<StoredRecoveryCode, 'disownedAtMs'>): boolean {
  return disownedAtMs === null;
}

/** Only younger codes end, and this one no more by itself if it was in its grace and nobody has disowned it. */
export function endYounger(codes: readonly AccountCode[], of: CodeInHand): Change[] {
  const { codeHash, code, nowMs } = of;
  return [
    ...endCodes(othersThan(codes, of).younger, nowMs),
    ...(isInGrace(code) && takesOver(code)
      ? [{ kind: 'confirmRecoveryCode', codeHash, usedSerial: null } as const]
      : []),
  ];
}

type DrawnBy = {
  /** The phones that are blocked. */
  serials: readonly number[];
  /** Since when the phone that blocks it has the account; null: an operator denies it. */
  blockerSinceMs: number | null;
  nowMs: number;
};

/**
 * All that these phones drew ends, but for what its rider has on paper: confirmed, and older than the phone that blocks
 * it (a thief's second phone must not kill the paper by blocking the first one). What is confirmed and younger than that,
 * but older than the grace, may be either's, the thief's or the paper: it takes nothing over any more, and blocks for a
 * while, so that neither has the account by it. An operator's denial leaves that as it is: a move ends it.
 */
export function endCodesOfPhones(
  codes: readonly AccountCode[],
  { serials, blockerSinceMs, nowMs }: DrawnBy,
): Change[] {
  const sinceMs = Math.max(blockerSinceMs ?? 0, nowMs - GRACE_MS);
  const isOnPaper = (code: AccountCode) =>
    (isConfirmed(code) || isInGrace(code)) && code.madeAtMs < sinceMs;
  const isDoubted = (code: AccountCode) =>
    isOnPaper(code) && blockerSinceMs !== null && code.madeAtMs >= blockerSinceMs;
  // Of those from before it was noted who drew them: what is not confirmed may be this phone's.
  const isDrawn = (code: AccountCode) =>
    (code.drawnBy !== null && serials.includes(code.drawnBy)) ||
    (code.drawnBy === null && code.kind !== 'MOVE' && !isConfirmed(code) && !isInGrace(code));
  const drawn = codes.filter(isDrawn);
  return [
    ...endCodes(
      drawn.filter((code) => !isOnPaper(code)),
      nowMs,
    ),
    ...drawn
      .filter((code) => isDoubted(code) && takesOver(code))
      .map((code) => disown(code, nowMs)),
  ];
}

/** From now on it is an earlier one, which ends by itself. */
function disown({ codeHash, replacedAtMs, expiresAtMs }: AccountCode, nowMs: number): Change {
  return {
    kind: 'disownRecoveryCode',
    codeHash,
    atMs: nowMs,
    replacedAtMs: replacedAtMs ?? nowMs,
    expiresAtMs: replacedAtMs === null ? nowMs + GRACE_MS : expiresAtMs,
  };
}

type Passes = readonly { serial: number; endedAtMs: number | null }[];

export type NewCodeFacts = {
  passes: Passes;
  codes: readonly AccountCode[];
  /** The operator has denied the very phone that draws it. */
  isDenied: boolean;
};

/** `ended`, `denied`: the phone that draws it was blocked, or denied, meanwhile. */
export type NewCodeResult = 'drawn' | 'ended' | 'denied';

/** Of one kind an account has one that works; a recovery code takes the place of the one before when it is confirmed. */
export function decideNewCode(
  { passes, codes, isDenied }: NewCodeFacts,
  code: NewRecoveryCode,
): Decision<NewCodeResult> {
  const drawer = passes.find(({ serial }) => serial === code.drawnBy);
  if (drawer !== undefined && drawer.endedAtMs !== null) return unchanged('ended');
  if (isDenied) return unchanged('denied');
  const same = codes.filter(({ kind }) => kind === code.kind);
  const before = code.kind === 'RECOVERY' ? unconfirmedTooMany(same) : same;
  return {
    changes: [...endCodes(before, code.madeAtMs), { kind: 'addRecoveryCode', code }],
    result: 'drawn',
  };
}

function unconfirmedTooMany(codes: readonly AccountCode[]): readonly AccountCode[] {
  const unconfirmed = codes
    .filter((code) => !isConfirmed(code) && !isInGrace(code))
    .toSorted((a, b) => b.madeAtMs - a.madeAtMs);
  return unconfirmed.slice(UNCONFIRMED_MAX - 1);
}

/**
 * Its rider has written it down: the one before it has its grace, all others end. False if it is none of this
 * account, or good no more.
 */
export function decideCodeConfirmation(
  { codes }: { codes: readonly AccountCode[] },
  { codeHash, nowMs }: { codeHash: string; nowMs: number },
): Decision<boolean> {
  const ofKind = codes.filter(({ kind }) => kind === 'RECOVERY');
  const code = ofKind.find((one) => one.codeHash === codeHash);
  if (code === undefined || !isOpenCode({ ...code, endedAtMs: null }, nowMs)) {
    return unchanged(false);
  }
  return {
    changes: [
      ...replaceOthers(ofKind, { code, codeHash, nowMs }),
      { kind: 'confirmRecoveryCode', codeHash, usedSerial: null },
    ],
    result: true,
  };
}

export function endCodes(codes: readonly { codeHash: string }[], atMs: number): Change[] {
  return codes.map(
    ({ codeHash }) => ({ kind: 'endRecoveryCode', codeHash, usedSerial: null, atMs }) as const,
  );
}

/**
 * Whether this one was confirmed before all others and never used: it may have been in a drawer until today, so what
 * others of the account have done counts for nothing against it.
 */
export function isFirstUseOfOldest(
  codes: readonly AccountCode[],
  { code, codeHash, nowMs }: { code: StoredRecoveryCode; codeHash: string; nowMs: number },
): boolean {
  if (code.usedSerial !== null || !(isConfirmed(code) || isInGrace(code))) return false;
  const { older } = othersThan(codes, { code, codeHash });
  return !older.some(
    (other) => takesOver(other) && isOpenCode({ ...other, endedAtMs: null }, nowMs),
  );
}
