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

export type RotationResult = 'rotated' | 'unknown' | 'replaced';

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

/** False if there never was such an operator. */
export function decideOperatorEnd(
  { operator, tokens }: OperatorFacts,
  { name, nowMs: atMs }: { name: string; nowMs: number },
): Decision<boolean> {
  if (operator === null) return unchanged(false);
  if (operator.endedAtMs !== null) return unchanged(true);
  return {
    changes: [{ kind: 'endOperator', name, atMs }, ...endTokens(tokens, atMs)],
    result: true,
  };
}

/** `by`: who ends them, by name. */
export type OperatorEnd = { name: string; by: string; nowMs: number };

/** The same, unless whoever asks was ended meanwhile: of two who end each other one stays. */
export function decideEndBy(
  actor: OperatorFacts,
  { found, end }: { found: OperatorFacts; end: OperatorEnd },
): Decision<boolean> {
  const { name, by, nowMs } = end;
  const isEnded = by !== name && (actor.operator?.endedAtMs ?? null) !== null;
  return isEnded ? unchanged(false) : decideOperatorEnd(found, { name, nowMs });
}

export type TokenRotation = Omit<NewOperator, 'name' | 'role'> & {
  /** Of the token with which it was asked for. */
  byTokenHash: string;
};

/**
 * Another token for the same person; those before it stay good for a short time, in which they make no other:
 * a stolen one would outlive every rotation.
 */
export function decideTokenRotation(
  { operator, tokens }: OperatorFacts,
  { byTokenHash, tokenHash, endsAtMs, nowMs: atMs }: TokenRotation,
): Decision<RotationResult> {
  if (operator === null || operator.endedAtMs !== null) return unchanged('unknown');
  const by = tokens.find((token) => token.tokenHash === byTokenHash);
  if (by === undefined) return unchanged('unknown');
  const latestEndsAtMs = Math.max(...tokens.map((token) => token.endsAtMs));
  if (isReplacedToken({ endsAtMs: by.endsAtMs, latestEndsAtMs })) return unchanged('replaced');
  const { name } = operator;
  const changes: Change[] = [
    ...endTokens(tokens, atMs + ROTATION_MS),
    { kind: 'addOperatorToken', name, tokenHash, endsAtMs, atMs },
  ];
  return { changes, result: 'rotated' };
}

/** Whether it is good only because the response with the one after it may have been lost. */
export function isReplacedToken(token: { endsAtMs: number; latestEndsAtMs: number }): boolean {
  return token.endsAtMs < token.latestEndsAtMs;
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
