/**
 * Signs what a gate is told about a code (protocol/README.md §14) and about its log (§8): it believes nothing
 * that is not signed.
 */
import type { AuthorisationAnswer, GateIdentity } from '@stile/protocol/http/gate-api.ts';
import { signObject } from '@stile/protocol/signed.ts';
import type { GateReceipt, GateTime } from '@stile/protocol/sync.ts';
import type { Signer } from './root-key.ts';

export type AnswerSigner = ReturnType<typeof createAnswerSigner>;

export function createAnswerSigner(signer: Signer) {
  return {
    /** A compact JWS. */
    sign: async (answer: AuthorisationAnswer): Promise<string> =>
      await signObject('stile-gate-payment-answer+jws', answer, signer),
    signIdentity: async (identity: GateIdentity): Promise<string> =>
      await signObject('stile-gate-enrolment+jws', identity, signer),
    signTime: async (time: GateTime): Promise<string> =>
      await signObject('stile-time+jws', time, signer),
    signReceipt: async (receipt: GateReceipt): Promise<string> =>
      await signObject('stile-gate-receipt+jws', receipt, signer),
  };
}
