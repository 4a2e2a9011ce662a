/** The uplink over HTTP: every exchange ends well or in a fault that says when to come back. */
import { systemClock } from '@stile/host/clock.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { SIGNED_BYTES_MAX } from '@stile/protocol/signed.ts';
import { NONCE_HEADER, RECEIPT_HEADER, TIME_HEADER } from '@stile/protocol/sync.ts';
import { describe, expect, test } from 'vitest';
import type { ClockError } from '../../core/clock-error.ts';
import {
  gateKey,
  makeTrust,
  NOW_S,
  rootKey,
  signAsRoot,
  strangerKey,
  trustIn,
} from '../../testing/phone.ts';
import { createReceipts } from '../../testing/receipts.ts';
import {
  cutOff,
  DELTA_PATH,
  denyOf,
  endless,
  hang,
  hangInBody,
  NO_DENY,
  type Respond,
  SNAPSHOT_PATH,
  say,
  signDelta,
  signSnapshot,
  startSettlement,
  TRUST_PATH,
} from '../../testing/settlement.ts';
import { createUplink } from './uplink.ts';

const BATCHES_PATH = '/v1/gates/g1/batches';
const ID = '0007000000000000000100000000';
const REPLY = {
  gate: 'g1',
  epoch: '0011223344556677',
  ackSeq: 3,
  items: [{ seq: 3, ruling: 'accepted' }],
  trustVersion: 1,
  denyVersion: 2,
};

const CALLER = { gate: 'g1', key: gateKey };
const NONCE = '0a'.repeat(16);

/** The reply with a receipt for whoever asked. */
const replied: Respond = (response, request) => {
  const nonce = String(request.headers[NONCE_HEADER]);
  const signed = createReceipts().sign(REPLY, { nonce });
  void signed.then((receipt) => {
    const headers = { [RECEIPT_HEADER]: receipt };
    say(200, JSON.stringify(REPLY), { headers })(response, request);
  });
};

async function connect(timeoutMs = 300_000) {
  const settlement = await startSettlement();
  const { url } = settlement;
  const uplink = createUplink({
    url,
    timeoutMs,
    root: trustIn(rootKey),
    keepRoot: () => undefined,
    clock: systemClock,
  });
  return { ...settlement, uplink };
}

const failures: [string, Respond, object][] = [
  ['a plain failure', say(500, 'oops'), { code: 'UPLINK_UNREACHABLE', retryAfterMs: null }],
  [
    'busy, come back later',
    say(503, '', { headers: { 'retry-after': '7' } }),
    { code: 'UPLINK_BUSY', retryAfterMs: 7_000 },
  ],
  [
    'too many requests',
    say(429, '', { headers: { 'retry-after': '0' } }),
    { code: 'UPLINK_BUSY', retryAfterMs: 0 },
  ],
  [
    '429 with a date',
    say(429, '', { headers: { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' } }),
    { retryAfterMs: null },
  ],
  ['503 with nonsense', say(503, '', { headers: { 'retry-after': '-5' } }), { retryAfterMs: null }],
  ['503 with nothing', say(503, '', { headers: { 'retry-after': '' } }), { retryAfterMs: null }],
  [
    'a redirect',
    say(302, '', { headers: { location: 'http://127.0.0.1:1/' } }),
    { code: 'UPLINK_UNREACHABLE' },
  ],
  ['an answer cut off in its body', cutOff('x'.repeat(5_000)), { code: 'UPLINK_UNREACHABLE' }],
  ['an endless body', endless, { message: expect.stringContaining('an answer of over') }],
];

describe('every exchange fails as a fault that says when to come back', () => {
  test.each(failures)('%s', async (_name, answer, expected) => {
    const { responses, uplink } = await connect();
    for (const path of [TRUST_PATH, DELTA_PATH, BATCHES_PATH]) responses.set(path, answer);
    const batch = Buffer.from('batch');
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject(expected);
    await expect(uplink.fetchDelta(CALLER, 0)).rejects.toMatchObject(expected);
    await expect(uplink.sendBatch('g1', { batch, nonce: NONCE })).rejects.toMatchObject(expected);
  });

  test.each([
    ['at once', hang],
    ['in mid-body', hangInBody],
  ])('a server that hangs %s is left after the time limit', async (_name, answer) => {
    const { responses, uplink } = await connect(150);
    responses.set(TRUST_PATH, answer);
    responses.set(BATCHES_PATH, answer);
    const hung = { code: 'UPLINK_UNREACHABLE', retryAfterMs: null };
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject(hung);
    await expect(
      uplink.sendBatch('g1', { batch: Buffer.from('x'), nonce: NONCE }),
    ).rejects.toMatchObject(hung);
  });

  test('nobody listening', async () => {
    const { uplink, stop } = await connect();
    await stop();
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject({
      code: 'UPLINK_UNREACHABLE',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });
});

describe('batches', () => {
  test('go up byte for byte, and the reply comes back', async () => {
    const { responses, requests, uplink } = await connect();
    responses.set(BATCHES_PATH, replied);
    const batch = Buffer.from('a header\n\0\xff\r\na seal\n', 'latin1');
    expect(await uplink.sendBatch('g1', { batch, nonce: NONCE })).toMatchObject({
      kind: 'replied',
      reply: REPLY,
      receipt: { ackSeq: 3, nonce: NONCE, atMs: NOW_S * 1000 },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ method: 'POST', path: BATCHES_PATH, body: batch });
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'stile-batch': 'a header',
      'stile-seal': 'a seal',
    });
  });

  test('a base address with a path of its own is kept', async () => {
    const { responses, requests, url } = await connect();
    responses.set(`/stile${BATCHES_PATH}`, replied);
    for (const end of ['', '/']) {
      const uplink = createUplink({
        url: `${url}/stile${end}`,
        timeoutMs: 300_000,
        root: trustIn(rootKey),
        keepRoot: () => undefined,
        clock: systemClock,
      });
      expect(await uplink.sendBatch('g1', { batch: Buffer.from('x'), nonce: NONCE })).toMatchObject(
        { kind: 'replied' },
      );
    }
    expect(requests).toHaveLength(2);
  });

  test.each([400, 401, 404, 409, 413])('status %i is a refusal of the batch', async (status) => {
    const { responses, uplink } = await connect();
    responses.set(BATCHES_PATH, say(status, JSON.stringify({ message: 'm'.repeat(1_000) })));
    expect(await uplink.sendBatch('g1', { batch: Buffer.from('x'), nonce: NONCE })).toEqual({
      kind: 'refused',
      status,
      code: '',
      message: 'm'.repeat(300),
    });
  });

  test('a refusal without words is a refusal', async () => {
    const { responses, uplink } = await connect();
    responses.set(BATCHES_PATH, say(400, '<html>'));
    expect(await uplink.sendBatch('g1', { batch: Buffer.from('x'), nonce: NONCE })).toMatchObject({
      message: '',
    });
  });

  test.each([
    ['a page of a captive portal', '<html>Log in</html>'],
    ['nothing', ''],
    ['a reply with a part missing', JSON.stringify({ ...REPLY, ackSeq: undefined })],
    ['a reply with a wrong part', JSON.stringify({ ...REPLY, ackSeq: -1 })],
    ['a reply with a part too many', JSON.stringify({ ...REPLY, more: 1 })],
  ])('200 with %s confirms nothing', async (_name, body) => {
    const { responses, uplink } = await connect();
    responses.set(BATCHES_PATH, say(200, body));
    await expect(
      uplink.sendBatch('g1', { batch: Buffer.from('x'), nonce: NONCE }),
    ).rejects.toMatchObject({
      code: 'UPLINK_UNREACHABLE',
    });
  });
});

describe('the trust list', () => {
  test('is fetched whole, then only when it has changed', async () => {
    const { responses, requests, uplink } = await connect();
    const list = makeTrust();
    const jws = await signAsRoot('stile-trust-list+jws', list);
    responses.set(TRUST_PATH, say(200, jws, { headers: { etag: '"v5"' } }));
    expect(await uplink.fetchTrust(null)).toEqual({ list, jws, etag: '"v5"' });
    responses.set(TRUST_PATH, say(304));
    expect(await uplink.fetchTrust('"v5"')).toBeNull();
    expect(requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v5"']);
  });

  test('"not changed" is no answer where nothing was known', async () => {
    const { responses, uplink } = await connect();
    responses.set(TRUST_PATH, say(304));
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject({ code: 'UPLINK_REFUSED' });
  });

  test.each<[string, () => Promise<string>]>([
    [
      'signed by a stranger',
      () => signAsRoot('stile-trust-list+jws', makeTrust(), { key: strangerKey }),
    ],
    ['of another type', () => signAsRoot('stile-deny-delta+jws', makeTrust())],
    ['of another shape', () => signAsRoot('stile-trust-list+jws', { ...makeTrust(), version: 0 })],
    ['without a signature', async () => JSON.stringify(makeTrust())],
    ['that is empty', async () => ''],
  ])('a list %s is refused', async (_name, make) => {
    const { responses, uplink } = await connect();
    responses.set(TRUST_PATH, say(200, await make()));
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  });

  test('a list that is too long is not read to its end', async () => {
    const { responses, uplink } = await connect();
    responses.set(TRUST_PATH, say(200, Buffer.alloc(SIGNED_BYTES_MAX + 1, 0x41)));
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject({
      message: expect.stringContaining(`an answer of over ${SIGNED_BYTES_MAX} bytes`),
    });
  });

  test('a refusal comes with the words of the server', async () => {
    const { uplink } = await connect();
    await expect(uplink.fetchTrust(null)).rejects.toMatchObject({
      code: 'UPLINK_REFUSED',
      message: 'settlement refuses the trust list: 404 no such thing',
    });
  });
});

describe('deny lists', () => {
  test('a delta is asked for by version; 204 is current, 410 wants the snapshot', async () => {
    const { responses, requests, uplink } = await connect();
    responses.set(DELTA_PATH, say(200, await signDelta(NO_DENY, denyOf(4, [ID]))));
    expect(await uplink.fetchDelta(CALLER, 0)).toMatchObject({ from: 0, version: 4, adds: [ID] });
    responses.set(DELTA_PATH, say(204));
    expect(await uplink.fetchDelta(CALLER, 4)).toBe('current');
    responses.set(DELTA_PATH, say(410, '{}'));
    expect(await uplink.fetchDelta(CALLER, 2)).toBe('snapshot');
    expect(requests.map(({ query }) => query.get('from'))).toEqual(['0', '4', '2']);
  });

  test('a delta signed by a stranger is refused', async () => {
    const { responses, uplink } = await connect();
    const delta = await signDelta(NO_DENY, denyOf(4, [ID]), { key: strangerKey });
    responses.set(DELTA_PATH, say(200, delta));
    await expect(uplink.fetchDelta(CALLER, 0)).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  });

  test('a snapshot is taken apart, and its body must be the signed one', async () => {
    const { responses, uplink } = await connect();
    const good = await signSnapshot(denyOf(4, [ID]));
    responses.set(SNAPSHOT_PATH, say(200, good));
    const { head, body } = await uplink.fetchSnapshot(CALLER);
    expect(head).toMatchObject({ version: 4, count: 1, force: false });
    expect(Buffer.from(body).toString('hex')).toBe(ID);
    const flipped = good.slice();
    flipped[flipped.length - 1] = 0xff;
    const bad = {
      flipped,
      short: good.subarray(0, -1),
      long: Buffer.concat([good, Buffer.of(0)]),
      'without a head': good.subarray(good.indexOf(0x0a) + 1),
      'without a body': good.subarray(0, good.indexOf(0x0a)),
      empty: new Uint8Array(0),
    };
    for (const [name, bytes] of Object.entries(bad)) {
      responses.set(SNAPSHOT_PATH, say(200, bytes));
      await expect(uplink.fetchSnapshot(CALLER), name).rejects.toMatchObject({
        code: 'LIST_REFUSED',
      });
    }
  });
});

describe('signed time', () => {
  /** The trust list with a time; `changes` may make it lie. */
  function timed(changes: object = {}, key = rootKey): Respond {
    return (response, request) => {
      const nonce = String(request.headers[NONCE_HEADER]);
      const time = { stile: 'gate-time/1', atMs: NOW_S * 1000, nonce, ...changes };
      const signing = [
        signAsRoot('stile-trust-list+jws', makeTrust()),
        signAsRoot('stile-time+jws', time, { key }),
      ] as const;
      void Promise.all(signing).then(([list, signed]) => {
        say(200, list, { headers: { [TIME_HEADER]: signed } })(response, request);
      });
    };
  }

  /** Of two times the first one lies; what is heard must be the second. */
  async function heardAfter(first: Respond): Promise<ClockError[]> {
    const settlement = await startSettlement();
    const heard: ClockError[] = [];
    const clock = createMovedClock({ wallMs: NOW_S * 1000 + 90_000, monoMs: 0 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const uplink = createUplink({
      url: settlement.url,
      timeoutMs: 300_000,
      root: trustIn(rootKey),
      keepRoot: () => undefined,
      clock,
      onClockError: (error) => {
        heard.push(error);
        resolve();
      },
    });
    settlement.responses.set(TRUST_PATH, first);
    await uplink.fetchTrust(null);
    settlement.responses.set(TRUST_PATH, timed());
    await uplink.fetchTrust(null);
    await promise;
    uplink.close();
    await settlement.stop();
    return heard;
  }

  test('of a fetched list tells the gate how wrong its clock is', async () => {
    const heard = await heardAfter(timed());
    expect(heard[0]).toEqual({ minMs: 90_000, maxMs: 90_000 });
  });

  test.each<[string, Respond]>([
    ['by somebody else', timed({ atMs: 1 }, strangerKey)],
    ['for another request', timed({ atMs: 1, nonce: NONCE })],
    ['of another form', timed({ atMs: 'now' })],
  ])('%s says nothing, and the list counts', async (_name, first) => {
    expect(await heardAfter(first)).toEqual([{ minMs: 90_000, maxMs: 90_000 }]);
  });
});
