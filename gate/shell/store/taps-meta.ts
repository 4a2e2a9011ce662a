/** What the numbers and names in `taps.db` must be before a gate goes on from them. */
import { Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';

/** @throws Fault STORE_CORRUPT for a number that cannot be. */
export function readMetaNumber(
  value: string | undefined,
  { file, max = Number.MAX_SAFE_INTEGER }: { file: string; max?: number },
): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= 0 && number <= max) return number;
  throw new Fault('STORE_CORRUPT', `${file}: ${value} is no number that it could have`);
}

/** @throws Fault CONFLICT for the log of another gate, which is no damage: rides may wait in it. */
export function refuseOtherOwner(
  value: string | undefined,
  { file, gate }: { file: string; gate: string },
): void {
  const owner = gateIdSchema.safeParse(value);
  if (!owner.success) throw new Fault('STORE_CORRUPT', `${file} is the log of nobody`);
  if (owner.data === gate) return;
  throw new Fault(
    'CONFLICT',
    `${file} holds the log of gate ${owner.data}, and identity.json is of gate ${gate}: rides may wait in it. ` +
      `Enrol the box as ${owner.data} ("stile settlement add-gate --gate ${owner.data}"), or name another ` +
      `"dataDir" for ${gate}`,
  );
}
