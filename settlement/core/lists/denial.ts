/** An operator's own denial of an account or a pass: only a person sets it, only a person lifts it. */
import { type Decision, unchanged } from '../changes.ts';

export type DenialFacts = { isDeniedByOperator: boolean };

/** False if it stands already. */
export function decideDenial(
  { isDeniedByOperator }: DenialFacts,
  { id, note, nowMs }: { id: Uint8Array; note: string; nowMs: number },
): Decision<boolean> {
  if (isDeniedByOperator) return unchanged(false);
  return {
    changes: [
      { kind: 'deny', id, cause: 'OPERATOR', note, atMs: nowMs },
      { kind: 'requestPublish', atMs: nowMs },
    ],
    result: true,
  };
}

/** False if there is none to lift. */
export function decideLift(
  { isDeniedByOperator }: DenialFacts,
  { id, nowMs }: { id: Uint8Array; nowMs: number },
): Decision<boolean> {
  if (!isDeniedByOperator) return unchanged(false);
  return {
    changes: [
      { kind: 'liftDenial', id, cause: 'OPERATOR', atMs: nowMs },
      { kind: 'requestPublish', atMs: nowMs },
    ],
    result: true,
  };
}
