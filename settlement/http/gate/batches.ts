/** Batches of a gate's sealed log: the seal is the credential, the ruling the reply. */

import { BATCH_HEADER, SEAL_HEADER } from '@stile/protocol/batch-seal.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { BATCH_BYTES_MAX, gateIdSchema } from '@stile/protocol/gate-log.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  type BatchReply,
  batchReplySchema,
  NONCE_HEADER,
  nonceSchema,
  RECEIPT_HEADER,
  type RulingReason,
} from '@stile/protocol/sync.ts';
import { z } from 'zod';
import { isAhead } from '../../core/lists/version-floor.ts';
import type { CheckedBatch } from '../../core/logs/batch.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { createBatchAdmission } from './batch-admission.ts';

/** See docs/operations.md, "A stolen key". */
const FORGED: readonly RulingReason[] = ['DEVICE_KEY_UNKNOWN', 'PASS_NOT_ISSUED'];
const NDJSON = 'application/x-ndjson';

export function addBatchRoutes(app: ApiRouter, parts: ApiParts): void {
  const { store, pool, passes, outbox, answers, clock, log } = parts;
  const admission = createBatchAdmission(parts);
  app.addContentTypeParser(NDJSON, admission.readBody);
  app.post(
    '/v1/gates/:gate/batches',
    {
      bodyLimit: BATCH_BYTES_MAX,
      onRequest: admission.admit,
      // A gate that comes back from a day without network may send as fast as it can: the bounded
      // queue holds it, not a count of requests.
      config: { rateLimit: false },
      schema: {
        summary: "A batch of the gate's log, as it stands in protocol/README.md",
        description:
          `Body: ${NDJSON}, at most ${BATCH_BYTES_MAX} bytes. The seal is the credential: ` +
          `${BATCH_HEADER} is the first line of the batch, ${SEAL_HEADER} the last, and nothing is read before. ` +
          `With a ${NONCE_HEADER} header the response has a signed receipt in ${RECEIPT_HEADER}.`,
        consumes: [NDJSON],
        tags: ['gate'],
        params: z.object({ gate: gateIdSchema }),
        headers: z.object({
          [BATCH_HEADER]: z.string(),
          [SEAL_HEADER]: z.string(),
          [NONCE_HEADER]: nonceSchema.optional(),
        }),
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
    async (request, response) => {
      const { gate } = request.params;
      const gateKeys = admission.keysOf(request) ?? [];
      const sent = { body: request.body, gate, gateKeys, issuerKeys: passes.keys };
      const check = await pool.check(sent);
      if (!check.ok) throw new Refusal(check.reason, check.detail);
      const taken = await store.ingestBatch(check.batch, clock.now().wallMs);
      if (taken === 'EPOCH_OF_OTHER_KEY') {
        log.error({ gate, epoch: check.batch.epoch }, 'a batch of an epoch of another key');
        throw new Refusal(taken, 'another key of this gate opened this epoch: begin a new one');
      }
      const { reply } = taken;
      await noteAhead(parts, { batch: check.batch, reply });
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
      const nonce = request.headers[NONCE_HEADER];
      if (nonce !== undefined) {
        const { epoch, ackSeq } = reply;
        const place = { gate, epoch, ackSeq, head: toHex(taken.head) };
        const now = { atMs: clock.now().wallMs, nonce };
        const receipt = { stile: 'gate-receipt/1', ...place, ...now } as const;
        void response.header(RECEIPT_HEADER, await answers.signReceipt(receipt));
      }
      return reply;
    },
  );
}

/** A gate with later lists than ours has them from a settlement whose backup this is. */
async function noteAhead(
  { store, operatorKeys, clock, log }: ApiParts,
  { batch, reply }: { batch: CheckedBatch; reply: BatchReply },
): Promise<void> {
  const { gate, lists } = batch;
  const { trustVersion: trust, denyVersion: deny } = reply;
  if (lists?.root !== undefined && (await operatorKeys.noteHeld(gate, lists.root))) {
    const { root } = lists;
    const ours = operatorKeys.heard;
    log.error(
      { gate, root, ours },
      'a gate has heard later words of the root: was settlement restored?',
    );
  }
  if (lists === null || !isAhead(lists, { trust, deny })) return;
  log.error({ gate, lists, trust, deny }, 'a gate has later lists: was settlement restored?');
  await store.requestPublish(clock.now().wallMs);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
