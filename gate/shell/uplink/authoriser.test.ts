/** Authorisations over HTTP: signed, timed, tried again. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { authorisationMessage } from '@stile/protocol/http/gate-api.ts';
import { readGateSignature } from '@stile/protocol/http/gate-request.ts';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  gateKey,
  makeTrust,
  NOW_S,
  rootKey,
  signAsRoot,
  strangerKey,
  trustIn,
} from '../../testing/phone.ts';
import {
  answerPaid,
  answerRefused,
  cutOff,
  endless,
  hang,
  PAYMENTS_PATH,
  type Respond,
  requestIn,
  say,
  startSettlement,
  TRUST_PATH,
} from '../../testing/settlement.ts';
import { createAuthoriser } from './authoriser.ts';
import { createUplink } from './uplink.ts';

const ID = '0123456789abcdef0123456789abcdef';
const REQUEST = { id: ID, code: '71123456788765432194', atMs: NOW_S * 1000 };
const SYNC_EVERY_MS = 7_000;
const FAILED = { kind: 'failed', sent: true, retryAfterMs: null, doubt: null };

async function world(answer: Respond, syncEveryMs = SYNC_EVERY_MS) {
  const settlement = await startSettlement();
  settlement.responses.set(PAYMENTS_PATH, answer);
  const clock = createMovedClock({ wallMs: NOW_S * 1000, monoMs: 0 });
  const root = trustIn(rootKey);
  const keepRoot = () => undefined;
  const { url } = settlement;
  const uplink = createUplink({ url, timeoutMs: 300_000, root, keepRoot, syncEveryMs, clock });
  onTestFinished(() => uplink.close());
  const log = pino({ level: 'silent' });
  const authoriser = createAuthoriser({ gate: 'g1', line: 'M1', key: gateKey, uplink, log });
  const attempt = (timeoutMs = 300_000) => authoriser.attempt(REQUEST, timeoutMs);
  return { ...settlement, attempt, authoriser, clock, uplink };
}

test('a request is signed as a whole by the gate, and the same each time', async () => {
  const { attempt, requests } = await world(answerPaid());
  expect(await attempt()).toEqual({ kind: 'paid', fareCents: 320 });
  expect(await attempt()).toEqual({ kind: 'paid', fareCents: 320 });
  const [first, second] = requests;
  if (first === undefined || second === undefined) throw new Error('it was sent twice');
  expect(first).toMatchObject({ method: 'POST', path: PAYMENTS_PATH });
  expect(first.headers['content-type']).toBe('application/json');
  expect(requestIn(first)).toEqual({
    stile: 'gate-payment/1',
    gate: 'g1',
    line: 'M1',
    ...REQUEST,
  });
  expect(second.body).toEqual(first.body);
  const { publicKey, signature } =
    readGateSignature(String(first.headers['stile-signature'])) ?? {};
  if (signature === undefined) throw new Error('it is signed');
  const message = authorisationMessage(first.body);
  expect(publicKey).toEqual(new Uint8Array(gateKey.publicKey));
  const claim = {
    algorithm: 'Ed25519',
    publicKey: gateKey.publicKey,
    message,
    signature,
  } as const;
  expect(createNodeVerify()(claim)).toBe(true);
});

test('one connection is kept for authorisations, and a closed one is replaced', async () => {
  const { attempt, responses, ports } = await world(answerPaid());
  for (let time = 0; time < 3; time += 1) await attempt();
  expect(new Set(ports).size).toBe(1);
  responses.set(PAYMENTS_PATH, (response, request) => {
    response.shouldKeepAlive = false;
    answerPaid()(response, request);
  });
  await attempt();
  expect(await attempt()).toMatchObject({ kind: 'paid' });
  expect(new Set(ports).size).toBe(2);
});

test('a refusal comes with its reason', async () => {
  const { attempt } = await world(answerRefused('WALLET_SHORT'));
  expect(await attempt()).toEqual({ kind: 'refused', reason: 'WALLET_SHORT' });
});

test.each([400, 401, 403, 404, 409, 413])('status %i is not tried again', async (status) => {
  const { attempt } = await world(say(status, '{"message":"no"}'));
  expect(await attempt()).toEqual({ kind: 'rejected' });
});

test.each<[string, Respond, object]>([
  ['an undecided payment', answerPaid({ outcome: 'UNKNOWN', fareCents: null }), FAILED],
  [
    'a payment that was not received',
    answerPaid({ outcome: 'UNKNOWN', reason: 'NOT_RECEIVED', fareCents: null }),
    FAILED,
  ],
  ['a plain failure', say(500, 'oops'), FAILED],
  ['busy', say(503, '', { headers: { 'retry-after': '2' } }), { ...FAILED, retryAfterMs: 2_000 }],
  [
    'too many requests',
    say(429, '', { headers: { 'retry-after': '9' } }),
    { ...FAILED, retryAfterMs: 9_000 },
  ],
  ['an answer cut off in its body', cutOff('x'.repeat(500)), FAILED],
  ['an endless answer', endless, FAILED],
  ['a redirect', say(302, '', { headers: { location: 'http://127.0.0.1:1/' } }), FAILED],
])('%s: no answer yet', async (_name, answer, expected) => {
  const { attempt } = await world(answer);
  expect(await attempt()).toEqual(expected);
});

test.each<[string, Respond]>([
  ['signed by a stranger', answerPaid({}, strangerKey)],
  ['for another request', answerPaid({ id: 'f'.repeat(32) })],
  ['for another gate', answerPaid({ gate: 'g2' })],
  ['paid, with a reason why not', answerPaid({ reason: 'DENIED' })],
  ['paid, with no fare', answerPaid({ fareCents: null })],
  ['refused, without a reason', answerRefused(null)],
  ['a page of a captive portal', say(200, '<html>Log in</html>')],
  ['nothing', say(200, '')],
  [
    'another thing that the operator signed',
    (response, request) => {
      const list = signAsRoot('stile-trust-list+jws', makeTrust());
      void list.then((jws) => say(200, jws)(response, request));
    },
  ],
  [
    'the right words under another type',
    (response, request) => {
      const { gate, id } = requestIn(request);
      const answer = { stile: 'gate-payment-answer/1', gate, id, outcome: 'PAID', reason: null };
      const list = signAsRoot('stile-trust-list+jws', { ...answer, fareCents: 1, issuedAtS: 1 });
      void list.then((jws) => say(200, jws)(response, request));
    },
  ],
])('an answer %s is not believed, and it says why', async (_name, answer) => {
  const { attempt } = await world(answer);
  expect(await attempt()).toEqual({ ...FAILED, doubt: expect.stringMatching(/./) });
});

test('a hanging server is left in the time of one attempt', async () => {
  const { attempt } = await world(hang);
  expect(await attempt(100)).toEqual(FAILED);
});

describe('what is known of the network', () => {
  test('is nothing at first; then a lost connection counts for one sync interval', async () => {
    const { attempt, authoriser, clock, stop } = await world(answerPaid());
    expect(authoriser.isKnownDown).toBe(false);
    await stop();
    expect(await attempt()).toEqual({ ...FAILED, sent: false });
    expect(authoriser.isKnownDown).toBe(true);
    clock.advance(SYNC_EVERY_MS - 1);
    expect(authoriser.isKnownDown).toBe(true);
    clock.advance(1);
    expect(authoriser.isKnownDown).toBe(false);
  });

  test.each([
    ['once an hour', 3_600_000, 30_000],
    ['all the time', 100, 5_000],
  ])('is bounded where a gate syncs %s', async (_name, everyMs, boundMs) => {
    const { attempt, authoriser, clock, stop } = await world(answerPaid(), everyMs);
    await stop();
    await attempt();
    clock.advance(boundMs - 1);
    expect(authoriser.isKnownDown).toBe(true);
    clock.advance(1);
    expect(authoriser.isKnownDown).toBe(false);
  });

  test('comes from every exchange, and any answer ends it', async () => {
    const { responses, authoriser, uplink } = await world(say(500));
    responses.set(TRUST_PATH, say(302, '', { headers: { location: 'http://127.0.0.1:1/' } }));
    await uplink.fetchTrust(null).catch(() => undefined);
    expect(authoriser.isKnownDown).toBe(true);
    responses.set(TRUST_PATH, say(500));
    await uplink.fetchTrust(null).catch(() => undefined);
    expect(authoriser.isKnownDown).toBe(false);
    responses.set(TRUST_PATH, cutOff('x'.repeat(500)));
    await uplink
      .sendBatch('g1', { batch: Buffer.from('x'), nonce: '0a'.repeat(16) })
      .catch(() => undefined);
    await uplink.fetchTrust(null).catch(() => undefined);
    expect(authoriser.isKnownDown).toBe(true);
  });

  test('is not that it is down where an answer was only slow', async () => {
    const { attempt, authoriser } = await world(hang);
    await attempt(100);
    expect(authoriser.isKnownDown).toBe(false);
  });
});
