/** A snapshot of the deny list as it comes over the wire: a signed head, and the ids that it covers. */
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { openSigned, type RootTrust } from '@stile/protocol/root-trust.ts';
import { SIGNED_BYTES_MAX } from '@stile/protocol/signed.ts';
import { type DenySnapshotHead, denySnapshotSchema } from '@stile/protocol/trust-list.ts';
import { textOf } from './responses.ts';

/** Which gate asks for it, or for a step to it. */
export type Caller = { gate: string; key: SigningKey };

/** Largest snapshot: ten million entries and their head. */
export const SNAPSHOT_BYTES_MAX = 10_000_000 * DENY_ID_BYTES + SIGNED_BYTES_MAX;

/** Takes a snapshot file apart: signed head, LF, then exactly the ids that the head covers. */
export async function openSnapshot(
  file: Uint8Array,
  root: RootTrust,
): Promise<{ head: DenySnapshotHead; body: Uint8Array }> {
  const end = file.indexOf(0x0a);
  const jws = textOf(file.subarray(0, Math.max(0, Math.min(end, SIGNED_BYTES_MAX))));
  const head = await openSigned('stile-deny-snapshot+jws', jws, {
    root,
    schema: denySnapshotSchema,
  });
  const body = file.subarray(end + 1);
  if (body.length !== head.count * DENY_ID_BYTES || toHex(sha256(body)) !== head.bodySha256) {
    throw new Fault('LIST_REFUSED', 'deny snapshot refused: its body is not the signed one');
  }
  return { head, body };
}
