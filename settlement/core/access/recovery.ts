/**
 * A lost phone. Who has a recovery code brings the account to another key; the keys before it end everywhere at
 * once: passes, seeds, sessions, open codes. Money, debts and denials of the account stay as they are. The same
 * code blocks the phones without moving anything.
 */
import { denyId } from '@stile/protocol/deny-list.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { NewRecoveryCode, PassEnd, RecoveryCodeKind } from './recovery-changes.ts';
import type { PassIssue, PassRow } from './rider-changes.ts';
import { mayIssue } from './standing.ts';

/** As it is stored. */
export type StoredRecoveryCode = Omit<NewRecoveryCode, 'codeHash'> & {
  endedAtMs: number | null;
  usedSerial: number | null;
};

type AccountCode = { codeHash: string; kind: RecoveryCodeKind } & Pick<
  NewRecoveryCode,
  'madeAtMs' | 'expiresAtMs'
>;

/** A recovery code of which nobody has said that it is written down works too, as it may be, and ends by itself late. */
export const UNCONFIRMED_CODE_MS = 365 * 86_400_000;
/** So many of them, the newest: each response that made one may have been lost. */
const UNCONFIRMED_MAX = 3;

/** All that reaches an account now. */
export type AccountAccess = {
  /** With those that have ended; in order. */
  passes: readonly { serial: number; publicKey: string; endedAtMs: number | null }[];
  /** What pays and has not ended: handles of seeds and hashes of online codes, each with its pass. */
  seeds: readonly { handle: string; serial: number }[];
  onlineCodes: readonly { codeHash: string; serial: number }[];
  /** Those that nothing has ended. */
  codes: readonly AccountCode[];
};

export type RecoveryFacts = {
  /** Null: there is no such code. */
  code: StoredRecoveryCode | null;
  isKeyTaken: boolean;
  /** Passes, that have not ended, of the phone that the code has made already. */
  openIssues: number;
  /** Phones of the account that have such a pass, lost ones too. */
  openPhones: number;
  access: AccountAccess;
};

/** Whether this code still does what its kind does. */
export function isOpenCode(
  code: Pick<StoredRecoveryCode, 'endedAtMs' | 'expiresAtMs'>,
  nowMs: number,
): boolean {
  return code.endedAtMs === null && (code.expiresAtMs === null || code.expiresAtMs > nowMs);
}

/** Where a code leads: to the account's next pass, or to the one that the same key has had from it already. */
export type RecoveryPlan = {
  account: string;
  serial: number;
  /** False if no pass with rides may be issued now. */
  hasRides: boolean;
};

type Claim = { publicKey: string; nowMs: number; issuesMax: number };

/** Undefined if the code is none, or good no more. */
export function planRecovery(
  { code, openIssues, openPhones, access }: RecoveryFacts,
  { publicKey, nowMs, issuesMax }: Claim,
): RecoveryPlan | undefined {
  if (code === null) return undefined;
  const { account } = code;
  // The response may have been lost: the same key may ask again, as long as it is the account's.
  const earlier = access.passes.find(({ serial }) => serial === code.usedSerial);
  if (earlier?.publicKey === publicKey && earlier.endedAtMs === null) {
    return { account, serial: earlier.serial, hasRides: mayIssue(openIssues, { issuesMax }) };
  }
  if (!isOpenCode(code, nowMs)) return undefined;
  const serial = (access.passes.at(-1)?.serial ?? 0) + 1;
  // However often a lost phone has renewed: that is one phone.
  return { account, serial, hasRides: mayIssue(openPhones, { issuesMax }) };
}

export type RecoveryRequest = {
  codeHash: string;
  /** As planned, with the key that takes over. */
  pass: PassRow;
  issue: PassIssue;
  /** Whether the issued pass has rides. */
  hasRides: boolean;
  issuesMax: number;
  /** Of the recovery code that takes the place of all others. */
  nextCodeHash: string;
  nowMs: number;
};

/** `changed`: something else happened to the account since it was planned; plan again. */
export type RecoveryResult =
  | { kind: 'refused' }
  | { kind: 'keyTaken' }
  | { kind: 'changed' }
  | { kind: 'recovered'; hasNextCode: boolean };

export function decideRecovery(
  facts: RecoveryFacts,
  request: RecoveryRequest,
): Decision<RecoveryResult> {
  const { codeHash, pass, issue, nowMs, issuesMax } = request;
  const { account, serial, publicKey } = pass;
  const plan = planRecovery(facts, { publicKey, nowMs, issuesMax });
  const { code, access } = facts;
  if (plan === undefined || code === null) return unchanged({ kind: 'refused' });
  const isOfPlan = plan.account === account && plan.serial === serial;
  if (!isOfPlan || (request.hasRides && !plan.hasRides)) return unchanged({ kind: 'changed' });
  const isNew = access.passes.every((known) => known.serial !== serial);
  if (isNew && facts.isKeyTaken) return unchanged({ kind: 'keyTaken' });
  // A second phone leaves the first one, and its recovery code, as they are.
  const takesOver = code.kind !== 'PHONE';
  const others = access.passes.filter((known) => known.serial !== serial);
  const changes: Change[] = [
    ...(isNew ? [{ kind: 'addPass', pass, atMs: nowMs } as const] : []),
    { kind: 'addPassIssue', account, serial, issue },
    useCode({ codeHash, serial, kind: code.kind, nowMs }),
    ...(takesOver
      ? [
          ...endPhones(others, { account, access, issuer: issue.issuer, why: 'MOVED', nowMs }),
          ...endCodes(
            access.codes.filter((other) => other.codeHash !== codeHash),
            nowMs,
          ),
          { kind: 'addRecoveryCode', code: nextCode(request) } as const,
        ]
      : []),
    { kind: 'judgeAgain', account },
  ];
  return { changes, result: { kind: 'recovered', hasNextCode: takesOver } };
}

type CodeUse = { codeHash: string; serial: number; kind: RecoveryCodeKind; nowMs: number };

/** The one on paper stays good until its rider has the next one there: the screen that shows that may be lost. */
function useCode({ codeHash, serial: usedSerial, kind, nowMs }: CodeUse): Change {
  return kind === 'RECOVERY'
    ? { kind: 'confirmRecoveryCode', codeHash, usedSerial }
    : { kind: 'endRecoveryCode', codeHash, usedSerial, atMs: nowMs };
}

function nextCode({ nextCodeHash, pass, nowMs }: RecoveryRequest): NewRecoveryCode {
  const { account } = pass;
  const expiresAtMs = nowMs + UNCONFIRMED_CODE_MS;
  return { codeHash: nextCodeHash, account, kind: 'RECOVERY', madeAtMs: nowMs, expiresAtMs };
}

/** Of one kind an account has one that works; a recovery code takes the place of the one before when it is confirmed. */
export function decideNewCode(
  { codes }: Pick<AccountAccess, 'codes'>,
  code: NewRecoveryCode,
): Decision<void> {
  const same = codes.filter(({ kind }) => kind === code.kind);
  const before = code.kind === 'RECOVERY' ? unconfirmedTooMany(same) : same;
  return {
    changes: [...endCodes(before, code.madeAtMs), { kind: 'addRecoveryCode', code }],
    result: undefined,
  };
}

function unconfirmedTooMany(codes: readonly AccountCode[]): readonly AccountCode[] {
  const unconfirmed = codes
    .filter(({ expiresAtMs }) => expiresAtMs !== null)
    .toSorted((a, b) => b.madeAtMs - a.madeAtMs);
  return unconfirmed.slice(UNCONFIRMED_MAX - 1);
}

/** Its rider has written it down: those before it end. False if it is none of this account, or good no more. */
export function decideCodeConfirmation(
  { codes }: Pick<AccountAccess, 'codes'>,
  { codeHash, nowMs }: { codeHash: string; nowMs: number },
): Decision<boolean> {
  const ofKind = codes.filter(({ kind }) => kind === 'RECOVERY');
  const code = ofKind.find((one) => one.codeHash === codeHash);
  if (code === undefined || !isOpenCode({ ...code, endedAtMs: null }, nowMs)) {
    return unchanged(false);
  }
  const others = ofKind.filter((one) => one.codeHash !== codeHash);
  return {
    changes: [
      ...endCodes(others, nowMs),
      { kind: 'confirmRecoveryCode', codeHash, usedSerial: null },
    ],
    result: true,
  };
}

function endCodes(codes: readonly { codeHash: string }[], atMs: number): Change[] {
  return codes.map(
    ({ codeHash }) => ({ kind: 'endRecoveryCode', codeHash, usedSerial: null, atMs }) as const,
  );
}

export type BlockRequest = { issuer: number; nowMs: number };
/** `refused`: the code is none. `otherAccount`: it is not of the account that is meant. */
export type PhoneBlock = { account: string; phones: number } | 'refused' | 'otherAccount';

/**
 * All phones of the account end, and nothing takes their place; the code stays good, to move the account later.
 * `meant`: the account that it has to be; null: whichever it is.
 */
export function decidePhoneBlock(
  { code, access }: Pick<RecoveryFacts, 'code' | 'access'>,
  { meant, issuer, nowMs }: BlockRequest & { meant: string | null },
): Decision<PhoneBlock> {
  if (code?.kind !== 'RECOVERY' || !isOpenCode(code, nowMs)) return unchanged('refused');
  const { account } = code;
  if (meant !== null && meant !== account) return unchanged('otherAccount');
  const open = access.passes.filter(({ endedAtMs }) => endedAtMs === null);
  const others = access.codes.filter(({ kind }) => kind !== 'RECOVERY');
  return {
    changes: [
      ...endPhones(open, { account, access, issuer, why: 'BLOCKED', nowMs }),
      ...endCodes(others, nowMs),
    ],
    result: { account, phones: open.length },
  };
}

/** One phone of the account blocks another. False if there is none, or it is blocked already. */
export function decidePassBlock(
  access: AccountAccess,
  request: BlockRequest & { account: string; serial: number },
): Decision<boolean> {
  const { account, serial, issuer, nowMs } = request;
  const open = access.passes.filter((pass) => pass.serial === serial && pass.endedAtMs === null);
  if (open.length === 0) return unchanged(false);
  return {
    changes: endPhones(open, { account, access, issuer, why: 'BLOCKED', nowMs }),
    result: true,
  };
}

type PhoneEnd = { account: string; access: AccountAccess; why: PassEnd } & BlockRequest;

const NOTES: Readonly<Record<PassEnd, string>> = {
  MOVED: 'the account is on another phone',
  BLOCKED: 'its rider has blocked this phone',
};

function endPhones(
  passes: AccountAccess['passes'],
  { account, access, issuer, why, nowMs: atMs }: PhoneEnd,
): Change[] {
  const open = passes.filter(({ endedAtMs }) => endedAtMs === null);
  if (open.length === 0) return [];
  const changes = open.flatMap(({ serial }): Change[] => {
    const id = denyId({ issuer, account, serial });
    const seeds = access.seeds.filter((seed) => seed.serial === serial);
    const onlineCodes = access.onlineCodes.filter((code) => code.serial === serial);
    return [
      { kind: 'endPass', account, serial, why, atMs },
      { kind: 'deny', id, cause: 'RIDER', note: NOTES[why], atMs },
      { kind: 'endSessions', account, serial },
      ...seeds.map(({ handle }) => ({ kind: 'endSeed', handle, atMs }) as const),
      ...onlineCodes.map(
        ({ codeHash }) => ({ kind: 'setOnlineCodeState', codeHash, state: 'ended' }) as const,
      ),
    ];
  });
  return [...changes, { kind: 'requestPublish', atMs }];
}
