/** Who may send a batch is known before its body, over real connections; and nobody has the whole queue. */
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { generateKey } from '@stile/crypto/sign.ts';
import { announce, BATCH_HEADER, SEAL_HEADER } from '@stile/protocol/batch-seal.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { BATCH_BYTES_MAX } from '@stile/protocol/gate-log.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ScriptedGate } from '../../testing/gate.ts';
import { ScriptedTown, START_MS } from '../../testing/town.ts';

const BATCHES_MAX = 8;
const TRIES_MAX = 500;

let town: ScriptedTown;
let gate: ScriptedGate;
beforeEach(async () => {
  town = await ScriptedTown.open({ config: { batchesMax: BATCHES_MAX } });
  gate = await town.addGate('g1', 'M1');
  for (let count = 0; count < 4; count += 1) gate.note(START_MS);
});
afterEach(async () => {
  await town.close();
});

type Sent = {
  /** The batch that is announced. */
  as: Uint8Array;
  to?: string;
  from?: string;
  headers?: Record<string, string>;
};

/** Sends what goes before a body, of a megabyte if nothing else is said, and these bytes of it. */
function begin(body: Uint8Array, { as, to = 'g1', from = '127.0.0.1', headers = {} }: Sent) {
  const outgoing = request(new URL(`/v1/gates/${to}/batches`, town.settlement.url), {
    method: 'POST',
    localAddress: from,
    agent: false,
    headers: {
      'content-type': 'application/x-ndjson',
      ...('transfer-encoding' in headers ? {} : ofLength(BATCH_BYTES_MAX)),
      ...announce(as),
      ...headers,
    },
  });
  outgoing.on('error', () => undefined);
  outgoing.flushHeaders();
  if (body.length > 0) outgoing.write(body);
  return outgoing;
}

async function responseTo(outgoing: ReturnType<typeof begin>) {
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const { code } = JSON.parse(await text(response)) as { code?: string };
  outgoing.destroy();
  const retryAfter = response.headers['retry-after'];
  return { is: `${response.statusCode} ${code}`, retryAfter };
}

async function refusal(body: Uint8Array, sent: Sent): Promise<string> {
  return (await responseTo(begin(body, sent))).is;
}

const NOTHING = new Uint8Array(0);
const ofLength = (bytes: number) => ({ 'content-length': String(bytes) });

test('a stranger is refused before a byte of the body was sent', async () => {
  const as = gate.batch();
  const key = generateKey('Ed25519');
  const other = gate.fork();
  other.key = key;
  const claimed = gate.fork();
  claimed.key = { ...key, publicKey: gate.key.publicKey };
  const changed = {
    [BATCH_HEADER]: (announce(as)[BATCH_HEADER] ?? '').replace('"deny":0', '"deny":9'),
  };
  expect(await refusal(NOTHING, { as, to: 'g9' })).toBe('404 GATE_UNKNOWN');
  expect(await refusal(NOTHING, { as: other.batch() })).toBe('403 SEAL_BROKEN');
  expect(await refusal(NOTHING, { as: claimed.batch() })).toBe('403 SEAL_BROKEN');
  expect(await refusal(NOTHING, { as, headers: changed })).toBe('403 SEAL_BROKEN');
  expect(await refusal(NOTHING, { as, headers: { [SEAL_HEADER]: '{}' } })).toBe(
    '400 BATCH_MALFORMED',
  );
  await town.operate('POST', 'gates/g1/revocation', { body: {} });
  expect(await refusal(NOTHING, { as })).toBe('403 GATE_REVOKED');
});

test('a gate too, if what it is about to send is longer than what it has sealed', async () => {
  const as = gate.batch();
  expect(await refusal(NOTHING, { as })).toBe('413 BATCH_TOO_LARGE');
  const chunked = { 'transfer-encoding': 'chunked' };
  expect(await refusal(NOTHING, { as, headers: chunked })).toBe('400 BATCH_MALFORMED');
  for (let count = 4; count < 501; count += 1) gate.note(START_MS);
  expect(await refusal(NOTHING, { as: gate.batch() })).toBe('413 BATCH_TOO_LARGE');
});

test('a body ends at the first byte that is not of what was sealed', async () => {
  const as = gate.batch();
  const headers = ofLength(as.length);
  expect(await refusal(utf8('{"stile":"gate-log/2"'), { as, headers })).toBe('400 SEAL_MISMATCH');
  const text = Buffer.from(as).toString();
  const record = utf8(text.replace('0.1.0', '0.1.1'));
  expect(await refusal(record, { as, headers })).toBe('400 CHAIN_BROKEN');
  const seal = utf8(text.replace(/"sig":"../, '"sig":"zz'));
  expect(await refusal(seal, { as, headers })).toBe('400 SEAL_MISMATCH');
  const short = Buffer.from(as).subarray(0, -1);
  expect(await refusal(short, { as, headers: ofLength(short.length) })).toBe('400 SEAL_MISMATCH');
  expect(await refusal(as, { as, headers })).toBe('200 undefined');
});

/** Asks until it is refused: requests that were begun are let in when settlement comes to them. */
async function untilRefused(sent: Sent): Promise<{ is: string; retryAfter: string | undefined }> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const response = await responseTo(
      begin(sent.as, { headers: ofLength(sent.as.length), ...sent }),
    );
    if (response.is !== '200 undefined') return response;
  }
  throw new Error('it is never refused');
}

test('one gate has its share of the queue, and one address; others get in', async () => {
  const as = gate.batch();
  const headers = ofLength(as.length);
  // Two uploads that do not go on.
  const waiting = [1, 2].map(() => begin(as.subarray(0, 10), { as, headers }));
  expect(await untilRefused({ as })).toEqual({ is: '503 UPLINK_BUSY', retryAfter: '1' });
  expect((await untilRefused({ as, from: '127.0.0.2' })).is).toBe('503 UPLINK_BUSY');
  const second = await town.addGate('g2', 'M1');
  second.note(START_MS);
  const ofSecond = { as: second.batch(), to: 'g2', headers: ofLength(second.batch().length) };
  expect(await refusal(ofSecond.as, ofSecond)).toBe('200 undefined');
  for (let count = 0; count < 2; count += 1) {
    waiting.push(begin(ofSecond.as.subarray(0, 10), ofSecond));
  }
  const third = await town.addGate('g3', 'M1');
  third.note(START_MS);
  const ofThird = { as: third.batch(), to: 'g3', headers: ofLength(third.batch().length) };
  expect((await untilRefused(ofThird)).is).toBe('503 UPLINK_BUSY');
  expect(await refusal(ofThird.as, { ...ofThird, from: '127.0.0.2' })).toBe('200 undefined');
  for (const outgoing of waiting) outgoing.destroy();
  // Settlement has yet to hear that they have left.
  for (;;) if ((await refusal(ofThird.as, ofThird)) === '200 undefined') break;
  expect(await refusal(as, { as, headers })).toBe('200 undefined');
});
