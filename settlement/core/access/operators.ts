/**
 * Operators: persons with a name, a role and tokens of their own that end by themselves, and the log of what
 * they did. The token in the data directory is `root`: it is there to name the first of them.
 */
import type { OperatorRole } from '@stile/protocol/http/operator-api.ts';
import { type Change, type Decision, unchanged } from '../changes.ts';
import type { Operator, StoredOperator } from './operator-changes.ts';

export const ROOT = 'root';
/** How long the token before stays good: the response that carries the new one may be lost. */
export const ROTATION_MS = 10 * 60_000;

export type OperatorToken = { tokenHash: string; endsAtMs: number };

/** `tokens`: theirs that have not ended. */
export type OperatorFacts = {
  operator: StoredOperator | null;
  tokens: readonly OperatorToken[];
};

export type NewOperator = Operator & { tokenHash: string; endsAtMs: number; nowMs: number };

/** New, or given another role and token; tokens before it end at once. False: nobody else is root. */
export function decideOperator(
  { tokens }: OperatorFacts,
  { name, role, tokenHash, endsAtMs, nowMs: atMs }: NewOperator,
): Decision<boolean> {
  if (name === ROOT) return unchanged(false);
  return {
    changes: [
      { kind: 'setOperator', name, role, atMs },
      ...endTokens(tokens, atMs),
      { kind: 'addOperatorToken', name, tokenHash, endsAtMs, atMs },
    ],
    result: true,
  };
}

/** False if there is no such operator, or no more. */
export function decideOperatorEnd(
  { operator, tokens }: OperatorFacts,
  { name, nowMs: atMs }: { name: string; nowMs: number },
): Decision<boolean> {
  if (operator === null || operator.endedAtMs !== null) return unchanged(false);
  return {
    changes: [{ kind: 'endOperator', name, atMs }, ...endTokens(tokens, atMs)],
    result: true,
  };
}

/** Another token for the same person; those before it stay good for a short time. */
export function decideTokenRotation(
  { operator, tokens }: OperatorFacts,
  { tokenHash, endsAtMs, nowMs: atMs }: Omit<NewOperator, 'name' | 'role'>,
): Decision<boolean> {
  if (operator === null || operator.endedAtMs !== null) return unchanged(false);
  const { name } = operator;
  const changes: Change[] = [
    ...endTokens(tokens, atMs + ROTATION_MS),
    { kind: 'addOperatorToken', name, tokenHash, endsAtMs, atMs },
  ];
  return { changes, result: true };
}

function endTokens(tokens: readonly OperatorToken[], atMs: number): Change[] {
  return tokens
    .filter(({ endsAtMs }) => endsAtMs > atMs)
    .map(({ tokenHash }) => ({ kind: 'setOperatorTokenEnd', tokenHash, endsAtMs: atMs }) as const);
}

/** Whether this token still opens anything. */
export function isGoodToken(
  { endedAtMs, endsAtMs }: { endedAtMs: number | null; endsAtMs: number },
  nowMs: number,
): boolean {
  return endedAtMs === null && endsAtMs > nowMs;
}

const RANK: Readonly<Record<OperatorRole, number>> = { READER: 0, OPERATOR: 1, ADMIN: 2 };

/** A higher role may all that a lower one may. */
export function mayAct(role: OperatorRole, needed: OperatorRole): boolean {
  return RANK[role] >= RANK[needed];
}
