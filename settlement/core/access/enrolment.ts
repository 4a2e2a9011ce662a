/** Who becomes a rider or a gate: a key makes one account, a gate's token counts once and for a time. */
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { DenyCause } from '../lists/deny.ts';
import { kindOf, receivableOf, walletOf } from '../money/ledger.ts';
import type { Invite, PassIssue, PassRow } from './rider-changes.ts';
import { type EnrolmentKind, mayIssue } from './standing.ts';

/** From one address so many accounts are made in so long. */
export const ENROLMENT_WINDOW_MS = 3_600_000;

export type NewRider = PassRow &
  PassIssue &
  EnrolledAs & {
    nowMs: number;
    /** Left out: nobody asked over a network. */
    from?: { address: string; perHourMax: number };
  };

/** What whoever decided about this rider said: what kind of account it is, and who is behind it. */
export type EnrolledAs = {
  enrolledBy: EnrolmentKind;
  /** Null: nobody knows. */
  personHash: string | null;
  /** The invitation that is used up by it; null: none was needed. */
  inviteHash: string | null;
};

export type RiderEnrolmentFacts = {
  isKeyTaken: boolean;
  /** Null if none was named, or there is none. */
  invite: (Omit<Invite, 'tokenHash'> & { usedAtMs: number | null }) | null;
  /** Of all accounts of the same person, and of their passes. */
  denialsOfPerson: readonly PersonDenial[];
  /** Accounts that were made from the same address within the window, and the first of them. */
  fromAddress: { count: number; firstAtMs: number | null };
};

/** A denial that stands. */
export type PersonDenial = {
  cause: DenyCause;
  /** It is of a phone that was blocked, or whose account is on another; never of an account as a whole. */
  isOfEndedPass: boolean;
};

export type RiderEnrolmentResult =
  | 'enrolled'
  | 'keyTaken'
  | 'inviteUsed'
  | 'personDenied'
  /** Too many from this address: so long until the next. */
  | { waitMs: number };

/** A key makes one account, an invitation counts once, and who is denied does not begin anew. */
export function decideRiderEnrolment(
  { isKeyTaken, invite, denialsOfPerson, fromAddress }: RiderEnrolmentFacts,
  rider: NewRider,
): Decision<RiderEnrolmentResult> {
  const { from } = rider;
  if (from !== undefined && fromAddress.count >= from.perHourMax) {
    const firstAtMs = fromAddress.firstAtMs ?? rider.nowMs;
    // A clock that was set back makes nobody wait longer than the window.
    const waitMs = Math.min(ENROLMENT_WINDOW_MS, firstAtMs + ENROLMENT_WINDOW_MS - rider.nowMs);
    return unchanged({ waitMs });
  }
  if (isKeyTaken) return unchanged('keyTaken');
  const { enrolledBy, personHash, inviteHash } = rider;
  if (inviteHash !== null && !isOpenInvite(invite, rider.nowMs)) return unchanged('inviteUsed');
  if (denialsOfPerson.some(isOfPerson)) return unchanged('personDenied');
  const { account, serial, algorithm, publicKey, nowMs } = rider;
  const { issuer, keyId, issuedAtS, expiresAtS } = rider;
  const ledgerAccounts = [walletOf(account), receivableOf(account)];
  return {
    changes: [
      { kind: 'addAccount', account, enrolledBy, personHash, atMs: nowMs },
      ...(from === undefined
        ? []
        : [{ kind: 'addEnrolment', address: from.address, atMs: nowMs } as const]),
      ...(inviteHash === null
        ? []
        : [{ kind: 'useInvite', tokenHash: inviteHash, atMs: nowMs } as const]),
      {
        kind: 'addPass',
        pass: { account, serial, algorithm, publicKey },
        addedBy: null,
        atMs: nowMs,
      },
      {
        kind: 'addPassIssue',
        account,
        serial,
        issue: { issuer, keyId, issuedAtS, expiresAtS },
      },
      { kind: 'judgeAgain', account },
      ...ledgerAccounts.map(
        (name) => ({ kind: 'openLedgerAccount', name, ledgerKind: kindOf(name) }) as const,
      ),
    ],
    result: 'enrolled',
  };
}

/**
 * Whether a denial means the person and not a phone. A debt does, and so does an operator's word, of one pass too,
 * until that phone ends: then the account goes on with another phone, and nobody is kept from a second account
 * because one was lost.
 */
function isOfPerson({ cause, isOfEndedPass }: PersonDenial): boolean {
  return cause !== 'RIDER' && !isOfEndedPass;
}

/** Whether this invitation still makes an account. */
export function isOpenInvite<T extends { expiresAtMs: number; usedAtMs: number | null }>(
  invite: T | null,
  nowMs: number,
): invite is T {
  return invite !== null && invite.usedAtMs === null && invite.expiresAtMs > nowMs;
}

export type NewPassIssue = {
  account: string;
  serial: number;
  issue: PassIssue;
  /** False: no gate that cannot ask opens for it. */
  hasRides: boolean;
};

export type PassIssueFacts = {
  openIssues: number;
  /** Its phone was blocked, or its account moved. */
  isEnded: boolean;
};

/** `tooMany`: so many of this phone's are good that it would be one too many. */
export type PassIssueResult = 'issued' | 'ended' | 'tooMany';

export function decidePassIssue(
  { openIssues, isEnded }: PassIssueFacts,
  { account, serial, issue, hasRides, issuesMax }: NewPassIssue & { issuesMax: number },
): Decision<PassIssueResult> {
  if (isEnded) return unchanged('ended');
  if (!mayIssue(openIssues, { issuesMax, hasRides })) return unchanged('tooMany');
  return {
    changes: [
      { kind: 'addPassIssue', account, serial, issue },
      { kind: 'judgeAgain', account },
    ],
    result: 'issued',
  };
}

export type NewGateToken = {
  tokenHash: string;
  gate: string;
  line: string;
  scope: number;
  expiresAtMs: number;
  nowMs: number;
};

/** Announces a gate, or a new box for one. */
export function decideGateToken(token: NewGateToken): Decision<void> {
  const { tokenHash, gate, line, scope, expiresAtMs, nowMs } = token;
  return {
    changes: [
      { kind: 'addGate', gate, scope, atMs: nowMs },
      { kind: 'addGateToken', tokenHash, gate, line, scope, expiresAtMs },
    ],
    result: undefined,
  };
}

/** `replacedOnly`: the box that stands there now goes on. */
export type GateRevocation = { gate: string; replacedOnly: boolean; by: string; nowMs: number };

export type RevocationFacts = {
  isKnown: boolean;
  keys: readonly { id: number; untilMs: number | null; revokedAtMs: number | null }[];
};

/** `keys`: how many more than before; `noKey`: none was ever meant by this. */
export type RevocationResult = { kind: 'unknown' | 'noKey' } | { kind: 'revoked'; keys: number };

/** A revoked key is also at its end: it authorises nothing. The same once more is nothing new. */
export function decideGateRevocation(
  { isKnown, keys }: RevocationFacts,
  { replacedOnly, by, nowMs }: GateRevocation,
): Decision<RevocationResult> {
  if (!isKnown) return unchanged({ kind: 'unknown' });
  const left = keys.filter(({ revokedAtMs }) => revokedAtMs === null);
  const ended = left.filter(({ untilMs }) => untilMs !== null || !replacedOnly);
  if (ended.length === 0 && left.length === keys.length) return unchanged({ kind: 'noKey' });
  const changes = ended.flatMap(({ id, untilMs }): Change[] => [
    ...(untilMs === null ? [{ kind: 'endGateKey', id, atMs: nowMs } as const] : []),
    { kind: 'revokeGateKey', id, by, atMs: nowMs },
  ]);
  return { changes, result: { kind: 'revoked', keys: ended.length } };
}

export type GateEnrolmentRequest = {
  tokenHash: string;
  publicKey: Uint8Array;
  /** The only gate that the box may become: it has this one's log. */
  gate?: string | undefined;
  nowMs: number;
};

export type GateEnrolmentFacts = {
  /** Null: there is no such token. */
  token: {
    gate: string;
    line: string;
    scope: number;
    expiresAtMs: number;
    usedAtMs: number | null;
  } | null;
  isKeyTaken: boolean;
  /** Keys of the token's gate that are in force. */
  currentKeys: readonly number[];
  /** Where the gate stands; null: nowhere yet. */
  line: string | null;
};

/** Whether a token still makes a gate: asked before anything that costs more than to look it up. */
export function isTokenOpen(token: GateEnrolmentFacts['token'], nowMs: number): boolean {
  return token !== null && token.usedAtMs === null && token.expiresAtMs > nowMs;
}

export type GateEnrolmentResult =
  | { kind: 'enrolled'; gate: string; line: string; scope: number }
  | { kind: 'refused' }
  | { kind: 'otherGate'; gate: string }
  | { kind: 'keyTaken' };

export function decideGateEnrolment(
  facts: GateEnrolmentFacts,
  { tokenHash, publicKey, gate: wanted, nowMs }: GateEnrolmentRequest,
): Decision<GateEnrolmentResult> {
  const { token } = facts;
  if (token === null || !isTokenOpen(token, nowMs)) return unchanged({ kind: 'refused' });
  const { gate, line, scope } = token;
  if (wanted !== undefined && wanted !== gate) return unchanged({ kind: 'otherGate', gate });
  if (facts.isKeyTaken) return unchanged({ kind: 'keyTaken' });
  const changes: Change[] = [
    { kind: 'useGateToken', tokenHash, atMs: nowMs },
    { kind: 'setGateEnrolled', gate, scope, atMs: nowMs },
    ...facts.currentKeys.map((id) => ({ kind: 'endGateKey', id, atMs: nowMs }) as const),
    { kind: 'addGateKey', gate, publicKey, fromMs: nowMs },
  ];
  if (facts.line !== line) {
    // A gate's first line holds from the beginning of time: its clock may have been behind.
    changes.push({ kind: 'addGateLine', gate, line, fromMs: facts.line === null ? 0 : nowMs });
  }
  return { changes, result: { kind: 'enrolled', gate, line, scope } };
}
