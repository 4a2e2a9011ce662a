/**
 * Making one transit code: the signed pass, the phone's time, the next counter, the phone's signature.
 * Pure but for the signing function that is passed in. Who calls it keeps the counter: a counter must
 * be stored before its code is shown, or a crash could show two codes under one number.
 */
import { concatBytes } from '@stile/protocol/bytes.ts';
import { deviceMessage, encodeCodeFields, writeTransitCode } from '@stile/protocol/transit-code.ts';

export type Fresh = { generatedAtS: number; counter: number; flags: number };

/** The text to draw. `sign` gives 64 bytes: R‖S (Ed25519) or r‖s in low-S form (P-256). */
export function makeTransitCode(
  signedPass: Uint8Array,
  { fresh, sign }: { fresh: Fresh; sign: (message: Uint8Array) => Uint8Array },
): string {
  const fields = encodeCodeFields(signedPass, fresh);
  return writeTransitCode(concatBytes(fields, sign(deviceMessage(fields))));
}
