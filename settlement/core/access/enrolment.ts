/** Who becomes a rider or a gate: a key enrols once, a gate's token counts once and for a time. */
import { type Change, type Decision, unchanged } from '../changes.ts';
import { kindOf, receivableOf, walletOf } from '../money/ledger.ts';
import type { PassIssue, PassRow } from './rider-changes.ts';

export type NewRider = PassRow & PassIssue & { nowMs: number };

/** False if the key is enrolled already. */
export function decideRiderEnrolment(
  { isKeyTaken }: { isKeyTaken: boolean },
  rider: NewRider,
): Decision<boolean> {
  if (isKeyTaken) return unchanged(false);
  const { account, serial, algorithm, publicKey, nowMs } = rider;
  const { issuer, keyId, issuedAtS, expiresAtS } = rider;
  const ledgerAccounts = [walletOf(account), receivableOf(account)];
  return {
    changes: [
      { kind: 'addAccount', account, atMs: nowMs },
      { kind: 'addPass', pass: { account, serial, algorithm, publicKey }, atMs: nowMs },
      {
        kind: 'addPassIssue',
        account,
        serial,
        issue: { issuer, keyId, issuedAtS, expiresAtS },
      },
      ...ledgerAccounts.map(
        (name) => ({ kind: 'openLedgerAccount', name, ledgerKind: kindOf(name) }) as const,
      ),
    ],
    result: true,
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
  /** Those that are not revoked yet. */
  keys: readonly { id: number; untilMs: number | null }[];
};

/** A revoked key is also at its end: it authorises nothing. Undefined: there is no such gate. */
export function decideGateRevocation(
  { isKnown, keys }: RevocationFacts,
  { replacedOnly, by, nowMs }: GateRevocation,
): Decision<number | undefined> {
  if (!isKnown) return unchanged(undefined);
  const ended = keys.filter(({ untilMs }) => untilMs !== null || !replacedOnly);
  const changes = ended.flatMap(({ id, untilMs }): Change[] => [
    ...(untilMs === null ? [{ kind: 'endGateKey', id, atMs: nowMs } as const] : []),
    { kind: 'revokeGateKey', id, by, atMs: nowMs },
  ]);
  return { changes, result: ended.length };
}

export type GateEnrolmentRequest = { tokenHash: string; publicKey: Uint8Array; nowMs: number };

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
  | { kind: 'keyTaken' };

export function decideGateEnrolment(
  facts: GateEnrolmentFacts,
  { tokenHash, publicKey, nowMs }: GateEnrolmentRequest,
): Decision<GateEnrolmentResult> {
  const { token } = facts;
  if (token === null || !isTokenOpen(token, nowMs)) return unchanged({ kind: 'refused' });
  if (facts.isKeyTaken) return unchanged({ kind: 'keyTaken' });
  const { gate, line, scope } = token;
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
