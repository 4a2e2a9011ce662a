/**
 * Signs what a gate is told about a code (protocol/README.md §14) and about its log (§8): it believes nothing
 * that is not signed.
 */
import type { AuthorisationAnswer, GateIdentity } from '@stile/protocol/http/gate-api.ts';
import type { GateReceipt, GateTime } from '@stile/protocol/sync.ts';
import type { DocumentSigner } from './operator-keys.ts';

export type AnswerSigner = ReturnType<typeof createAnswerSigner>;

export function createAnswerSigner(signer: DocumentSigner) {
  return {
    /** A compact JWS. */
    sign: async (answer: AuthorisationAnswer): Promise<string> =>
      await signer.sign('stile-gate-payment-answer+jws', answer),
    signIdentity: async (identity: GateIdentity): Promise<string> =>
      await signer.sign('stile-gate-enrolment+jws', identity),
    signTime: async (time: GateTime): Promise<string> => await signer.sign('stile-time+jws', time),
    signReceipt: async (receipt: GateReceipt): Promise<string> =>
      await signer.sign('stile-gate-receipt+jws', receipt),
  };
}
