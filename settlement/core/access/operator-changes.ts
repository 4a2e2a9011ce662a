/** Operators and what they did: what can be written about them. */
import type { OperatorRole } from '@stile/protocol/http/operator-api.ts';

export type Operator = { name: string; role: OperatorRole };
export type StoredOperator = Operator & { endedAtMs: number | null };
/** Whose token it is. `isReplaced`: there is one after it, and it is good for a short time only. */
export type TokenOperator = Operator & { isReplaced: boolean };
/** `latestEndsAtMs`: when the last of this operator's tokens ends. */
export type StoredOperatorToken = StoredOperator & { endsAtMs: number; latestEndsAtMs: number };

export type OperatorChange =
  | { kind: 'setOperator'; name: string; role: OperatorRole; atMs: number }
  | { kind: 'endOperator'; name: string; atMs: number }
  | { kind: 'addOperatorToken'; name: string; tokenHash: string; endsAtMs: number; atMs: number }
  | { kind: 'setOperatorTokenEnd'; tokenHash: string; endsAtMs: number }
  | { kind: 'addAct'; act: Act }
  | { kind: 'addActStatus'; number: number; status: number };

/** Something that a person asked for, noted before it is done. */
export type Act = {
  number: number;
  atMs: number;
  by: string;
  role: OperatorRole;
  what: string;
  detail: string;
};
