/** Codes that bring an account to another phone, what ends on the old one, and moves that a second person confirms. */

/**
 * RECOVERY: the rider's own, kept on paper · MOVE: an operator's, for who stands before them · PHONE: the rider's
 * own, for a second phone, made and used while both are at hand.
 */
export type RecoveryCodeKind = 'RECOVERY' | 'MOVE' | 'PHONE';

/** Why a pass has ended: a new phone has taken its place, or its rider has blocked it. */
export type PassEnd = 'MOVED' | 'BLOCKED';

export type NewRecoveryCode = {
  codeHash: string;
  /** A few bits, to tell from made-up ones; null: it is from before there was one. */
  quickHash: string | null;
  account: string;
  kind: RecoveryCodeKind;
  /** The serial of the phone that has asked for it; null: an operator, or it is from before this was noted. */
  drawnBy: number | null;
  madeAtMs: number;
  /** Null: it does not end by itself. Of a recovery code: its rider has it on paper; until then it has an end. */
  expiresAtMs: number | null;
};

export type NewApproval = {
  account: string;
  note: string;
  by: string;
  askedAtMs: number;
  endsAtMs: number;
};

export type RecoveryChange =
  | { kind: 'addRecoveryCode'; code: NewRecoveryCode }
  /** `usedSerial`: the pass that was made with it; null if none was. */
  | { kind: 'endRecoveryCode'; codeHash: string; usedSerial: number | null; atMs: number }
  /** Its rider has it: it does not end by itself. `usedSerial`: as above, if it was used. */
  | { kind: 'confirmRecoveryCode'; codeHash: string; usedSerial: number | null }
  /** Another one was confirmed: this one has a time of grace. */
  | { kind: 'replaceRecoveryCode'; codeHash: string; atMs: number; expiresAtMs: number }
  /** It may be a thief's: until it expires it blocks, and takes nothing over. */
  | {
      kind: 'disownRecoveryCode';
      codeHash: string;
      replacedAtMs: number;
      expiresAtMs: number | null;
      atMs: number;
    }
  | { kind: 'endPass'; account: string; serial: number; why: PassEnd; atMs: number }
  | { kind: 'endSessions'; account: string; serial: number }
  | { kind: 'addApproval'; id: number; approval: NewApproval }
  | { kind: 'setApproved'; id: number; by: string; atMs: number }
  | { kind: 'useApproval'; id: number; atMs: number };
