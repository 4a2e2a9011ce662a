/** Batches of a gate's sealed log: the seal is the credential, the ruling the reply. */

import { BATCH_BYTES_MAX, gateIdSchema } from '@stile/protocol/gate-log.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { batchReplySchema, type RulingReason } from '@stile/protocol/sync.ts';
import { z } from 'zod';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

/** See docs/operations.md, "A stolen key". */
const FORGED: readonly RulingReason[] = ['DEVICE_KEY_UNKNOWN', 'PASS_NOT_ISSUED'];
const NDJSON = 'application/x-ndjson';

export function addBatchRoutes(app: ApiRouter, parts: ApiParts): void {
  const { store, pool, passes, outbox, clock, log } = parts;
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
          409: refusalSchema,
          413: refusalSchema,
          503: refusalSchema,
        },
      },
    },
    async (request) => {
      const { gate } = request.params;
      const gateKeys = await store.findGateKeys(gate);
      if (gateKeys === undefined) throw new Refusal('GATE_UNKNOWN', 'there is no such gate');
      const sent = { body: request.body, gate, gateKeys, issuerKeys: passes.keys };
      const check = await pool.check(sent);
      if (!check.ok) throw new Refusal(check.reason, check.detail);
      const reply = await store.ingestBatch(check.batch, clock.now().wallMs);
      if (reply === 'EPOCH_OF_OTHER_KEY') {
        log.error({ gate, epoch: check.batch.epoch }, 'a batch of an epoch of another key');
        throw new Refusal(reply, 'another key of this gate opened this epoch: begin a new one');
      }
      outbox.wake();
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
      if (odd.some(({ reason }) => reason !== undefined && FORGED.includes(reason))) {
        log.error({ gate }, "passes that were never given out: is an issuer's key stolen?");
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
