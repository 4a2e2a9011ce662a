/**
 * A settlement without a server: what a gate's uplink exchanges with it is answered in the same process. It
 * keeps every record that it confirms, and refuses batches that do not fit to one another or are not sealed.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { type Exchange, type HttpResponse, NoResponse } from '@stile/host/http-client.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { type GateRecord, readBatch, readRecord, sealHolds } from '@stile/protocol/gate-log.ts';
import {
  type AuthorisationAnswer,
  authorisationBodySchema,
} from '@stile/protocol/http/gate-api.ts';
import { type BatchReply, NONCE_HEADER, RECEIPT_HEADER } from '@stile/protocol/sync.ts';
import { gateKey, makeTrust, NOW_S, signAsRoot } from './phone.ts';
import { createReceipts } from './receipts.ts';

const verify = createNodeVerify();
const ETAG = '"trust"';
export const PAID_FARE_CENTS = 320;

export async function createSettlementInMemory() {
  const trust = await signAsRoot('stile-trust-list+jws', makeTrust());
  const records: GateRecord[] = [];
  const receipts = createReceipts();
  const state = { isDown: false, authorised: 0 };

  const exchange: Exchange = async (url, { headers, body }) => {
    if (state.isDown) throw new NoResponse('no network', { sent: false, cause: null });
    if (url.pathname.endsWith('/trust-list')) {
      return headers['if-none-match'] === ETAG
        ? say(304, '')
        : say(200, trust, { headers: { etag: ETAG } });
    }
    if (url.pathname.endsWith('/batches'))
      return await takeBatch(body ?? new Uint8Array(), headers);
    if (url.pathname.endsWith('/payments')) return await authorise(body ?? new Uint8Array());
    return say(404, '{}');
  };

  async function takeBatch(
    bytes: Uint8Array,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> {
    const reading = readBatch(bytes, sha256);
    if (!reading.ok || !sealHolds(reading.batch, { gateKey: gateKey.publicKey, verify }))
      return say(400, '{}');
    const { header } = reading.batch;
    if (header.fromSeq > records.length + 1) return say(409, '{}');
    for (const logRecord of reading.batch.records) {
      if (logRecord.seq <= records.length) continue;
      const record = readRecord(logRecord);
      if (!record.ok) return say(400, '{}');
      records.push(record.record);
    }
    const { gate, epoch } = header;
    const reply: BatchReply = {
      gate,
      epoch,
      ackSeq: records.length,
      items: [],
      trustVersion: makeTrust().version,
      denyVersion: 0,
    };
    receipts.learn(bytes);
    const nonce = headers[NONCE_HEADER] ?? '';
    const receipt = await receipts.sign(reply, { nonce });
    return say(200, JSON.stringify(reply), { headers: { [RECEIPT_HEADER]: receipt } });
  }

  async function authorise(bytes: Uint8Array): Promise<HttpResponse> {
    const { gate, id } = authorisationBodySchema.parse(JSON.parse(Buffer.from(bytes).toString()));
    state.authorised += 1;
    const answer: AuthorisationAnswer = {
      stile: 'gate-payment-answer/1',
      gate,
      id,
      outcome: 'PAID',
      reason: null,
      fareCents: PAID_FARE_CENTS,
      issuedAtS: NOW_S,
    };
    return say(200, await signAsRoot('stile-gate-payment-answer+jws', answer));
  }

  return { exchange, records, state };
}

function say(
  status: number,
  body: string,
  { headers = {} }: Partial<Pick<HttpResponse, 'headers'>> = {},
): HttpResponse {
  return { status, headers, body: utf8(body) };
}
