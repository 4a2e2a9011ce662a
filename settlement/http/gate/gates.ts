/** What gates bring: themselves, once, with the operator's token; then batches of their sealed log. */

import { isKeyOfPrimeOrder } from '@stile/crypto/noble-verify.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { BATCH_BYTES_MAX, gateIdSchema } from '@stile/protocol/gate-log.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { holds } from '@stile/protocol/signature.ts';
import { batchReplySchema } from '@stile/protocol/sync.ts';
import { z } from 'zod';
import { tokenHash } from '../../data-dir.ts';
import type { ApiRouter } from '../access.ts';
import type { ApiParts } from '../app.ts';
import { Refusal, refusalSchema } from '../refusal.ts';

const NDJSON = 'application/x-ndjson';

const enrolmentSchema = z.object({
  token: z.string().min(1).max(200),
  publicKey: z.string().regex(/^[0-9a-f]{64}$/),
  proof: z.string().regex(/^[0-9a-f]{128}$/),
});

const enrolledSchema = z.object({
  gate: gateIdSchema,
  line: z.string(),
  scope: z.int(),
  operator: z.string(),
  rootKeys: z.array(z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() })),
});

export function addGateRoutes(app: ApiRouter, parts: ApiParts): void {
  addEnrolment(app, parts);
  addBatches(app, parts);
}

function addEnrolment(app: ApiRouter, { store, config, publisher, clock }: ApiParts): void {
  const verify = createNodeVerify();
  app.post(
    '/v1/gates/enrolments',
    {
      schema: {
        summary: 'Make a box a gate: a one-time token and proof that it holds its key',
        tags: ['gate'],
        body: enrolmentSchema,
        response: { 201: enrolledSchema, 403: refusalSchema, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { token, publicKey, proof } = request.body;
      const key = fromHex(publicKey, 32);
      const signature = fromHex(proof, 64);
      assert(key !== undefined && signature !== undefined, 'the schema lets hex pass only');
      if (!isKeyOfPrimeOrder('Ed25519', key)) {
        throw new Refusal('KEY_REFUSED', 'this key is not a sound Ed25519 key');
      }
      const message = proofMessage('enrol-gate', token, publicKey);
      if (!holds(verify, 'Ed25519', key, message, signature)) {
        throw new Fault('PROOF_REFUSED', 'the proof is not by this key over this token');
      }
      const enrolment = await store.enrolGate({
        tokenHash: tokenHash(token),
        publicKey: key,
        nowMs: clock.now().wallMs,
      });
      if (enrolment.kind === 'keyTaken') {
        throw new Refusal('KEY_TAKEN', 'this key is enrolled already; make a new one');
      }
      if (enrolment.kind === 'refused') {
        throw new Refusal('TOKEN_REFUSED', 'this token is unknown, used or expired');
      }
      const { gate, line, scope } = enrolment;
      const rootKeys = [publisher.publicKey];
      return reply.code(201).send({ gate, line, scope, operator: config.operator, rootKeys });
    },
  );
}

function addBatches(app: ApiRouter, parts: ApiParts): void {
  const { store, pool, passes, jobs, clock, log } = parts;
  app.addContentTypeParser(
    NDJSON,
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => body,
  );
  app.post(
    '/v1/gates/:gate/batches',
    {
      bodyLimit: BATCH_BYTES_MAX,
      // A gate that comes back from a day without network may send as fast as it can: the bounded
      // queue holds it, not a count of requests.
      config: { rateLimit: false },
      schema: {
        summary: "A batch of the gate's log, as it stands in protocol/README.md",
        description: `Body: ${NDJSON}, at most ${BATCH_BYTES_MAX} bytes. The seal is the credential.`,
        consumes: [NDJSON],
        tags: ['gate'],
        params: z.object({ gate: gateIdSchema }),
        body: z.custom<Buffer>(Buffer.isBuffer, `send the batch as ${NDJSON}`).meta({
          type: 'string',
        }),
        response: {
          200: batchReplySchema,
          400: refusalSchema,
          403: refusalSchema,
          404: refusalSchema,
          413: refusalSchema,
          503: refusalSchema,
        },
      },
    },
    async (request) => {
      const { gate } = request.params;
      const keys = await store.findGateKeys(gate);
      if (keys === undefined) throw new Refusal('GATE_UNKNOWN', 'there is no such gate');
      const check = await pool.check(request.body, gate, keys, passes.keys);
      if (!check.ok) throw new Refusal(check.reason, check.detail);
      const reply = await store.ingestBatch(check.batch, clock.now().wallMs);
      jobs.wake();
      const odd = reply.items.filter(
        ({ ruling }) => ruling !== 'accepted' && ruling !== 'duplicate',
      );
      if (odd.length > 0) {
        const reasons = countBy(odd.map(({ ruling, reason }) => `${ruling} ${reason}`));
        log.warn(
          { gate, epoch: reply.epoch, ackSeq: reply.ackSeq, reasons },
          'records need a look',
        );
      }
      return reply;
    },
  );
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
