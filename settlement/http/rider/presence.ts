/**
 * What a session alone does not do: whatever spends the rider's money elsewhere, or lasts longer than the session,
 * takes a proof by the phone's key beside it (protocol/README.md §9), bound to what it is about.
 */
import type { Presence } from '@stile/protocol/http/rider-api.ts';
import type { ProofPurpose } from '@stile/protocol/proof.ts';
import type { RiderSession } from '../access.ts';
import type { ApiParts } from '../api.ts';
import type { ProofCheck } from './passes.ts';

export type PresenceParts = ApiParts & { checkProof: ProofCheck };

type PresenceClaim = {
  purpose: Extract<ProofPurpose, `make-${string}` | 'block-phone' | 'confirm-order'>;
  rider: RiderSession;
  proof: Presence;
  /** Whatever else it is about. */
  about?: string;
};

/** @throws Fault PROOF_REFUSED. */
export async function requirePresence(
  { store, checkProof }: PresenceParts,
  { purpose, rider, proof, about = '' }: PresenceClaim,
): Promise<void> {
  const { account, serial } = rider;
  const { challenge, proof: signature } = proof;
  const key = await store.findPass(account, serial);
  const subject = `${account}/${serial}${about}`;
  await checkProof(purpose, { challenge, proof: signature, subject, key });
}
