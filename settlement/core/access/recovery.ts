/**
 * A lost phone. Who has a recovery code brings the account to another key; the keys before it end everywhere at
 * once: passes, seeds, sessions, open codes. Money, debts and denials of the account stay as they are. The same
 * code blocks the phones without moving anything.
 */
import { denyId } from '@stile/protocol/deny-list.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { NewRecoveryCode, PassEnd, RecoveryCodeKind } from './recovery-changes.ts';
import {
  type AccountCode,
  endCodesOfPhones,
  endYounger,
  isFirstUseOfOldest,
  isOpenCode,
  replaceOthers,
  type StoredRecoveryCode,
  takesOver,
  UNCONFIRMED_CODE_MS,
} from './recovery-codes.ts';
import type { PassIssue, PassRow } from './rider-changes.ts';
import { mayIssue } from './standing.ts';

/** Phones of one account at a time: each opens sessions, draws codes, and lets others join. */
export const PHONES_MAX = 8;
/** Phones that an account comes to in a day: each stays in the books, and its end on every gate's deny list, for good. */
export const NEW_PHONES_PER_DAY_MAX = 20;
const DAY_MS = 86_400_000;

/** All that reaches an account now. */
export type AccountAccess = {
  /** With those that have ended; in order. */
  passes: readonly {
    serial: number;
    publicKey: string;
    enrolledAtMs: number;
    /** The phone that let it join; null: none did, or it is from before this was noted. */
    addedBy: number | null;
    endedAtMs: number | null;
  }[];
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
    return {
      account,
      serial: earlier.serial,
      hasRides: mayIssue(openIssues, { issuesMax, hasRides: true }),
    };
  }
  if (!isOpenCode(code, nowMs) || !takesOver(code)) return undefined;
  const serial = (access.passes.at(-1)?.serial ?? 0) + 1;
  // However often a lost phone has renewed: that is one phone.
  return { account, serial, hasRides: mayIssue(openPhones, { issuesMax, hasRides: true }) };
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
  next: Pick<NewRecoveryCode, 'codeHash' | 'quickHash'>;
  nowMs: number;
};

/** `changed`: something else happened to the account since it was planned; plan again. */
export type RecoveryResult =
  | { kind: 'refused' }
  | { kind: 'keyTaken' }
  | { kind: 'changed' }
  /** The account has as many phones as it may have. */
  | { kind: 'phonesFull' }
  /** It came to as many within a day. */
  | { kind: 'phonesOften' }
  /** As many passes of this phone are good as may be. */
  | { kind: 'passesOpen' }
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
  const limit = isNew ? limitOf(access, { code, codeHash, nowMs }) : null;
  if (limit !== null) return unchanged({ kind: limit });
  const { hasRides } = request;
  if (!isNew && !mayIssue(facts.openIssues, { issuesMax, hasRides })) {
    return unchanged({ kind: 'passesOpen' });
  }
  // A second phone leaves the first one, and its recovery code, as they are.
  const isMove = code.kind !== 'PHONE';
  const addedBy = isMove ? null : code.drawnBy;
  const others = access.passes.filter((known) => known.serial !== serial);
  const changes: Change[] = [
    ...(isNew ? [{ kind: 'addPass', pass, addedBy, atMs: nowMs } as const] : []),
    { kind: 'addPassIssue', account, serial, issue },
    useCode({ codeHash, serial, kind: code.kind, nowMs }),
    ...(isMove
      ? [
          ...endPhones(others, { account, access, issuer: issue.issuer, why: 'MOVED', nowMs }),
          ...replaceOthers(access.codes, { code, codeHash, nowMs }),
          { kind: 'addRecoveryCode', code: nextCode(request) } as const,
        ]
      : []),
    { kind: 'judgeAgain', account },
  ];
  return { changes, result: { kind: 'recovered', hasNextCode: isMove } };
}

/**
 * Which limit a further phone would exceed. An operator has seen who stands there; and no thief who uses up the day
 * keeps out whoever comes with the oldest code for the first time.
 */
function limitOf(
  { passes, codes }: AccountAccess,
  of: { code: StoredRecoveryCode; codeHash: string; nowMs: number },
): 'phonesFull' | 'phonesOften' | null {
  const { code, nowMs } = of;
  const open = passes.filter(({ endedAtMs }) => endedAtMs === null);
  if (code.kind === 'PHONE' && open.length >= PHONES_MAX) return 'phonesFull';
  if (code.kind === 'MOVE' || isFirstUseOfOldest(codes, of)) return null;
  const today = passes.filter(
    ({ enrolledAtMs }) => enrolledAtMs > nowMs - DAY_MS && enrolledAtMs <= nowMs,
  );
  return today.length >= NEW_PHONES_PER_DAY_MAX ? 'phonesOften' : null;
}

type CodeUse = { codeHash: string; serial: number; kind: RecoveryCodeKind; nowMs: number };

/** The one on paper stays good until its rider has the next one there: the screen that shows that may be lost. */
function useCode({ codeHash, serial: usedSerial, kind, nowMs }: CodeUse): Change {
  return kind === 'RECOVERY'
    ? { kind: 'confirmRecoveryCode', codeHash, usedSerial }
    : { kind: 'endRecoveryCode', codeHash, usedSerial, atMs: nowMs };
}

function nextCode({ next, pass, nowMs }: RecoveryRequest): NewRecoveryCode {
  const { account, serial: drawnBy } = pass;
  const expiresAtMs = nowMs + UNCONFIRMED_CODE_MS;
  const code = { ...next, account, drawnBy };
  return { ...code, kind: 'RECOVERY', madeAtMs: nowMs, expiresAtMs };
}

export type BlockRequest = { issuer: number; nowMs: number };
/** `refused`: the code is none. `otherAccount`: it is not of the account that is meant. */
export type PhoneBlock = { account: string; phones: number } | 'refused' | 'otherAccount';

/**
 * All phones of the account end, and nothing takes their place; the code stays good, to move the account later. What
 * else was drawn ends, but for codes that were on paper before this one: it may be a thief's.
 * `meant`: the account that it has to be; null: whichever it is.
 */
export function decidePhoneBlock(
  { code, access }: Pick<RecoveryFacts, 'code' | 'access'>,
  { codeHash, meant, issuer, nowMs }: BlockRequest & { codeHash: string; meant: string | null },
): Decision<PhoneBlock> {
  if (code?.kind !== 'RECOVERY' || !isOpenCode(code, nowMs)) return unchanged('refused');
  const { account } = code;
  if (meant !== null && meant !== account) return unchanged('otherAccount');
  const open = access.passes.filter(({ endedAtMs }) => endedAtMs === null);
  return {
    changes: [
      ...endPhones(open, { account, access, issuer, why: 'BLOCKED', nowMs }),
      ...endYounger(access.codes, { code, codeHash, nowMs }),
    ],
    result: { account, phones: open.length },
  };
}

/** `by`: the serial of the phone that blocks. */
export type PassBlock = BlockRequest & { account: string; serial: number; by: number };

/**
 * One phone of the account blocks another, with what that drew and, if they are younger than the phone that blocks, the
 * phones that it let join, and theirs: a thief's second phone joins with the first one. False if there is none, or it
 * is blocked already; and if the phone that blocks is: of two that block each other at once one stays.
 */
export function decidePassBlock(access: AccountAccess, request: PassBlock): Decision<boolean> {
  const { account, serial, by, issuer, nowMs } = request;
  const blocker = access.passes.find((pass) => pass.serial === by);
  if ((blocker?.endedAtMs ?? null) !== null) return unchanged(false);
  const open = access.passes.filter((pass) => pass.serial === serial && pass.endedAtMs === null);
  if (open.length === 0) return unchanged(false);
  const ended = [...open, ...joinedBehind(access.passes, request)];
  const serials = ended.map((pass) => pass.serial);
  const blockerSinceMs = blocker?.enrolledAtMs ?? null;
  return {
    changes: [
      ...endPhones(ended, { account, access, issuer, why: 'BLOCKED', nowMs }),
      ...endCodesOfPhones(access.codes, { serials, blockerSinceMs, nowMs }),
    ],
    result: true,
  };
}

/** The same, unless an operator has denied the phone that blocks. */
export function decideBlockByPhone(
  { access, isBlockerDenied }: { access: AccountAccess; isBlockerDenied: boolean },
  request: PassBlock,
): Decision<boolean> {
  return isBlockerDenied ? unchanged(false) : decidePassBlock(access, request);
}

/** Serials only grow, so whoever was let in comes behind who did that. */
function joinedBehind(
  passes: AccountAccess['passes'],
  { serial, by }: Pick<PassBlock, 'serial' | 'by'>,
): AccountAccess['passes'] {
  const behind = new Set([serial]);
  for (const pass of passes) {
    const isBehind = pass.addedBy !== null && behind.has(pass.addedBy);
    if (isBehind && pass.serial !== by) behind.add(pass.serial);
  }
  return passes.filter(
    (pass) => behind.has(pass.serial) && pass.serial > by && pass.serial !== serial,
  );
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
