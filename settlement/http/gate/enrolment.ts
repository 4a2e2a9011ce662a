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
  { store, config, operatorKeys, answers, signedClock, clock }: ApiParts,
): void {
  const verify = createNodeVerify();
  const isProofOf = (
    keyHex: string,
    { proof, message }: { proof: string; message: Uint8Array },
  ): boolean => {
    const [publicKey, signature] = [fromHex(keyHex, 32), fromHex(proof, 64)];
    assert(publicKey !== undefined && signature !== undefined, 'the schema lets hex pass only');
    return signatureHolds(verify, { algorithm: 'Ed25519', publicKey, message, signature });
  };
  app.post(
    '/v1/gates/enrolments',
    {
      schema: {
        summary: 'Make a box a gate: a one-time token and proof that it holds its key',
        tags: ['gate'],
        body: gateEnrolmentSchema,
        response: {
          201: enrolledGateSchema,
          400: refusalSchema,
          403: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { tokenKey, tokenProof, publicKey, proof, gate: wanted } = request.body;
      const key = fromHex(publicKey, 32);
      assert(key !== undefined, 'the schema lets hex pass only');
      const enrolment = { tokenHash: tokenHash(tokenKey), publicKey: key, gate: wanted };
      // Before any curve arithmetic, which costs milliseconds: anyone may send this.
      if (!(await store.isGateTokenOpen({ ...enrolment, nowMs: clock.now().wallMs }))) {
        throw new Refusal('TOKEN_REFUSED', TOKEN_REFUSED);
      }
      if (!isKeyOfPrimeOrder('Ed25519', key)) {
        throw new Refusal('KEY_REFUSED', 'this key is not a sound Ed25519 key');
      }
      const parts = { challenge: tokenKey, subject: publicKey };
      const isProven =
        isProofOf(tokenKey, {
          proof: tokenProof,
          message: proofMessage('spend-gate-token', parts),
        }) && isProofOf(publicKey, { proof, message: proofMessage('enrol-gate', parts) });
      if (!isProven) throw new Fault('PROOF_REFUSED', 'a proof is not by its key over this token');
      const issuedAtS = signedClock.judge().atS;
      operatorKeys.requireSigner(issuedAtS);
      const enrolled = await store.enrolGate({ ...enrolment, nowMs: clock.now().wallMs });
      if (enrolled.kind === 'otherGate') {
        throw new Refusal(
          'GATE_MISMATCH',
          `this token is of gate ${enrolled.gate}, and the box has the log of ${wanted}: take a token of ` +
            `"add-gate --gate ${wanted}", or another data directory; this one stays good`,
        );
      }
      if (enrolled.kind === 'keyTaken') {
        throw new Refusal('KEY_TAKEN', 'this key is enrolled already; make a new one');
      }
      if (enrolled.kind === 'refused') throw new Refusal('TOKEN_REFUSED', TOKEN_REFUSED);
      const { gate, line, scope } = enrolled;
      const names = { gate, line, scope, operator: config.operator };
      const signed = { stile: 'gate-enrolment/1', ...names, publicKey, issuedAtS } as const;
      const identity = await answers.signIdentity(signed);
      const statements = [...operatorKeys.statements];
      return reply.code(201).send({ ...names, statements, identity });
    },
  );
}
