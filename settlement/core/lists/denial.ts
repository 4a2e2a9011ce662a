/** An operator's own denial of an account or a pass: only a person sets it, only a person lifts it. */
import { type AccountCode, endCodesOfPhones } from '../access/recovery-codes.ts';
import { type Decision, unchanged } from '../changes.ts';

export type DenialFacts = {
  isDeniedByOperator: boolean;
  /** Recovery codes of the id's account that nothing has ended. */
  codes: readonly AccountCode[];
};

export type NewDenial = {
  id: Uint8Array;
  note: string;
  nowMs: number;
  /** If it is of one pass: that phone's sessions end, and the codes that it drew. Null or left out: of the account as a whole. */
  pass?: { account: string; serial: number } | null;
};

/** False if it stands already. */
export function decideDenial(
  { isDeniedByOperator, codes }: DenialFacts,
  { id, note, nowMs, pass = null }: NewDenial,
): Decision<boolean> {
  if (isDeniedByOperator) return unchanged(false);
  return {
    changes: [
      { kind: 'deny', id, cause: 'OPERATOR', note, atMs: nowMs },
      ...(pass === null
        ? []
        : [
            { kind: 'endSessions', ...pass } as const,
            ...endCodesOfPhones(codes, { serials: [pass.serial], blockerSinceMs: null, nowMs }),
          ]),
      { kind: 'requestPublish', atMs: nowMs },
    ],
    result: true,
  };
}

/** False if there is none to lift. */
export function decideLift(
  { isDeniedByOperator }: Pick<DenialFacts, 'isDeniedByOperator'>,
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
