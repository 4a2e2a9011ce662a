/** A box becomes a gate, once, with the operator's one-time token. */
import { isKeyOfPrimeOrder } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { enrolledGateSchema, gateEnrolmentSchema } from '@stile/protocol/http/gate-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { signatureHolds } from '@stile/protocol/signature.ts';
import { tokenHash } from '../../keys/tokens.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const TOKEN_REFUSED = 'this token is unknown, used or expired';

export function addGateEnrolment(
  app: ApiRouter,
  { store, config, publisher, clock }: ApiParts,
): void {
  const verify = createNodeVerify();
  app.post(
    '/v1/gates/enrolments',
    {
      schema: {
        summary: 'Make a box a gate: a one-time token and proof that it holds its key',
        tags: ['gate'],
        body: gateEnrolmentSchema,
        response: { 201: enrolledGateSchema, 403: refusalSchema, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { token, publicKey, proof } = request.body;
      const key = fromHex(publicKey, 32);
      const signature = fromHex(proof, 64);
      assert(key !== undefined && signature !== undefined, 'the schema lets hex pass only');
      const enrolment = { tokenHash: tokenHash(token), publicKey: key };
      // Before any curve arithmetic, which costs milliseconds: anyone may send this.
      if (!(await store.isGateTokenOpen({ ...enrolment, nowMs: clock.now().wallMs }))) {
        throw new Refusal('TOKEN_REFUSED', TOKEN_REFUSED);
      }
      if (!isKeyOfPrimeOrder('Ed25519', key)) {
        throw new Refusal('KEY_REFUSED', 'this key is not a sound Ed25519 key');
      }
      const message = proofMessage('enrol-gate', { challenge: token, subject: publicKey });
      if (!signatureHolds(verify, { algorithm: 'Ed25519', publicKey: key, message, signature })) {
        throw new Fault('PROOF_REFUSED', 'the proof is not by this key over this token');
      }
      const enrolled = await store.enrolGate({ ...enrolment, nowMs: clock.now().wallMs });
      if (enrolled.kind === 'keyTaken') {
        throw new Refusal('KEY_TAKEN', 'this key is enrolled already; make a new one');
      }
      if (enrolled.kind === 'refused') throw new Refusal('TOKEN_REFUSED', TOKEN_REFUSED);
      const { gate, line, scope } = enrolled;
      const rootKeys = [publisher.publicKey];
      return reply.code(201).send({ gate, line, scope, operator: config.operator, rootKeys });
    },
  );
}
