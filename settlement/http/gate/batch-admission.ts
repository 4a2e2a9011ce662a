/**
 * Who may send a batch, found out from the request's headers alone: nothing of a body is read before a key of
 * the gate has sealed what is announced, and only what was announced is read (protocol/README.md §7).
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import {
  type AnnouncedBatch,
  BATCH_HEADER,
  beginsAsAnnounced,
  isAsAnnounced,
  readAnnouncement,
  SEAL_HEADER,
} from '@stile/protocol/batch-seal.ts';
import { equalBytes } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { BATCH_RECORDS_MAX, gateIdSchema, sealHolds } from '@stile/protocol/gate-log.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GateKey } from '../../core/logs/check-batch.ts';
import { addressGroup } from '../address.ts';
import type { ApiParts } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { createBatchShares } from './batch-shares.ts';

type Admitted = { announced: AnnouncedBatch; gateKeys: readonly GateKey[] };

export function createBatchAdmission({ store, pool }: Pick<ApiParts, 'store' | 'pool'>) {
  const verify = createNodeVerify();
  const shares = createBatchShares(pool.batchesMax);
  const admitted = new WeakMap<FastifyRequest, Admitted>();

  /** @throws Refusal, or Fault UPLINK_BUSY, before the body. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { gate } = request.params as { gate: string };
    if (!gateIdSchema.safeParse(gate).success) {
      throw new Fault('REQUEST_INVALID', 'gate: no name of a gate');
    }
    // Which gates there are is no secret: their names stand on them.
    const gateKeys = await store.findGateKeys(gate);
    if (gateKeys === undefined) throw new Refusal('GATE_UNKNOWN', 'there is no such gate');
    const announced = readHeaders(request);
    if (announced.header.gate !== gate) {
      throw new Refusal('GATE_MISMATCH', `this batch is of ${announced.header.gate}`);
    }
    // A key that is not the gate's costs a comparison, not the arithmetic of a curve.
    const key = gateKeys.find(({ publicKey }) => equalBytes(publicKey, announced.seal.key));
    if (key === undefined || !sealHolds(announced, { gateKey: key.publicKey, verify })) {
      throw new Refusal('SEAL_BROKEN', 'no key of this gate has sealed what is announced');
    }
    if (key.revokedAtMs !== null) {
      throw new Refusal('GATE_REVOKED', 'this key of the gate was revoked: enrol the gate anew');
    }
    refuseLength(request, announced);
    const giveBack = shares.take({ gate, address: addressGroup(request.ip) });
    reply.raw.once('close', giveBack).once('finish', giveBack);
    admitted.set(request, { announced, gateKeys });
  }

  /** The body that was announced; ends at the first byte that cannot be of it. */
  async function readBody(
    request: FastifyRequest,
    stream: AsyncIterable<Uint8Array>,
  ): Promise<Buffer> {
    const announced = admitted.get(request)?.announced;
    if (announced === undefined) {
      throw new Fault('REQUEST_INVALID', 'this route takes no batch of a log');
    }
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of stream) {
      const isInFirstLine = bytes < announced.firstLine.length;
      bytes += chunk.length;
      if (bytes > announced.bytesMax) throw new Refusal('BATCH_TOO_LARGE', LARGER);
      chunks.push(chunk);
      if (isInFirstLine && !beginsAsAnnounced(Buffer.concat(chunks), announced)) throw mismatch();
    }
    const body = Buffer.concat(chunks);
    if (!isAsAnnounced(body, announced)) throw mismatch();
    return body;
  }

  return { admit, readBody, keysOf: (request: FastifyRequest) => admitted.get(request)?.gateKeys };
}

const LARGER = 'more bytes than the announced records can have';

function readHeaders({ headers }: FastifyRequest): AnnouncedBatch {
  const first = String(headers[BATCH_HEADER] ?? '');
  const last = String(headers[SEAL_HEADER] ?? '');
  const announced = readAnnouncement({ first, last }, sha256);
  if (announced !== undefined) return announced;
  const what = `the header ${BATCH_HEADER} has to be the first line of the batch, ${SEAL_HEADER} the last`;
  throw new Refusal('BATCH_MALFORMED', what);
}

function refuseLength({ headers }: FastifyRequest, { records, bytesMax }: AnnouncedBatch): void {
  if (records > BATCH_RECORDS_MAX) {
    throw new Refusal('BATCH_TOO_LARGE', `more than ${BATCH_RECORDS_MAX} records`);
  }
  const length = Number(headers['content-length'] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Refusal('BATCH_MALFORMED', 'say how long the batch is');
  if (length > bytesMax) throw new Refusal('BATCH_TOO_LARGE', LARGER);
}

function mismatch(): Refusal {
  const what = `the body is not the batch that ${BATCH_HEADER} and ${SEAL_HEADER} announce`;
  return new Refusal('SEAL_MISMATCH', what);
}
