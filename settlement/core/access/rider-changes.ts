/** Riders, their passes and sessions, gates, their tokens and keys: what can be written about them. */
import type { Algorithm } from '@stile/protocol/signature.ts';
import type { EnrolmentKind } from './standing.ts';

export type PassRow = { account: string; serial: number; algorithm: Algorithm; publicKey: string };
/** `endedAtMs`: its phone was blocked, or its account moved to another one; null if neither. */
export type StoredPass = PassRow & { endedAtMs: number | null };
export type PassIssue = { issuer: number; keyId: number; issuedAtS: number; expiresAtS: number };

/** A one-time way in that the operator gives; `personHash` names who stands behind it, if that is known. */
export type Invite = {
  tokenHash: string;
  kind: Exclude<EnrolmentKind, 'open'>;
  personHash: string | null;
  expiresAtMs: number;
};

export type RiderChange =
  | {
      kind: 'addAccount';
      account: string;
      enrolledBy: EnrolmentKind;
      personHash: string | null;
      atMs: number;
    }
  /** From where an account was made, for as long as it counts. */
  | { kind: 'addEnrolment'; address: string; atMs: number }
  | { kind: 'addInvite'; invite: Invite }
  | { kind: 'useInvite'; tokenHash: string; atMs: number }
  /** `addedBy`: the serial of the phone that let it join; null: it enrolled, or took the account over. */
  | { kind: 'addPass'; pass: PassRow; addedBy: number | null; atMs: number }
  | { kind: 'addPassIssue'; account: string; serial: number; issue: PassIssue }
  | { kind: 'addSession'; tokenHash: string; account: string; serial: number; expiresAtS: number };

export type GateChange =
  /** Nothing if the gate is known already. */
  | { kind: 'addGate'; gate: string; scope: number; atMs: number }
  | {
      kind: 'addGateToken';
      tokenHash: string;
      gate: string;
      line: string;
      scope: number;
      expiresAtMs: number;
    }
  | { kind: 'useGateToken'; tokenHash: string; atMs: number }
  | { kind: 'setGateEnrolled'; gate: string; scope: number; atMs: number }
  | { kind: 'endGateKey'; id: number; atMs: number }
  | { kind: 'revokeGateKey'; id: number; by: string; atMs: number }
  | { kind: 'addGateKey'; gate: string; publicKey: Uint8Array; fromMs: number }
  | { kind: 'addGateLine'; gate: string; line: string; fromMs: number };
