/** How the uplink asks for what only gates get: signed, with the challenge that settlement gave it last. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { systemClock } from '@stile/host/clock.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import {
  CHALLENGE_HEADER,
  gateRequestMessage,
  readGateSignature,
  SIGNATURE_HEADER,
} from '@stile/protocol/http/gate-request.ts';
import { signatureHolds } from '@stile/protocol/signature.ts';
import { expect, test } from 'vitest';
import { gateKey, rootKey, trustIn } from '../../testing/phone.ts';
import {
  DELTA_PATH,
  type Respond,
  SNAPSHOT_PATH,
  say,
  startSettlement,
  TRUST_PATH,
} from '../../testing/settlement.ts';
import { createUplink } from './uplink.ts';

const CALLER = { gate: 'g1', key: gateKey };

async function connect() {
  const settlement = await startSettlement();
  const uplink = createUplink({
    url: settlement.url,
    timeoutMs: 300_000,
    root: trustIn(rootKey),
    keepRoot: () => undefined,
    clock: systemClock,
  });
  return { ...settlement, uplink };
}

/** As settlement is: who has not signed the challenge of the response before gets another. */
function demandSignature(responses: Map<string, Respond>, answer: Respond) {
  const challenges: string[] = [];
  const offer = () => {
    challenges.push(`challenge-${challenges.length}`);
    return { [CHALLENGE_HEADER]: challenges.at(-1) ?? '' };
  };
  const refuse = () => say(401, '{"code":"CHALLENGE_ENDED","message":"x"}', { headers: offer() });
  responses.set(TRUST_PATH, (response, asked) =>
    say(304, '', { headers: offer() })(response, asked),
  );
  responses.set(DELTA_PATH, (response, asked) => {
    const { headers, query } = asked;
    const challenge = String(headers[CHALLENGE_HEADER]);
    const path = `${DELTA_PATH}?${query}`;
    const signed = readGateSignature(String(headers[SIGNATURE_HEADER]));
    const holds =
      signed !== undefined &&
      toHex(signed.publicKey) === toHex(gateKey.publicKey) &&
      signatureHolds(createNodeVerify(), {
        ...signed,
        algorithm: 'Ed25519',
        message: gateRequestMessage({ path, challenge }),
      });
    const isGood = holds && challenge === challenges.at(-1);
    (isGood ? answer : refuse())(response, asked);
  });
  return challenges;
}

test('a delta is signed with the challenge that came with the trust list, at no cost', async () => {
  const { responses, requests, uplink } = await connect();
  demandSignature(responses, say(204));
  expect(await uplink.fetchTrust('"x"')).toBeNull();
  expect(await uplink.fetchDelta(CALLER, 4)).toBe('current');
  expect(requests.map(({ path }) => path)).toEqual([TRUST_PATH, DELTA_PATH]);
});

test.each([
  ['there is none', []],
  ['it has ended', ['ended']],
  ['what came is none', ['x'.repeat(200)]],
])('a challenge is taken from the refusal if %s, once', async (_name, before) => {
  const { responses, requests, uplink } = await connect();
  for (const challenge of before) {
    responses.set(TRUST_PATH, say(304, '', { headers: { [CHALLENGE_HEADER]: challenge } }));
    await uplink.fetchTrust('"x"');
  }
  requests.length = 0;
  demandSignature(responses, say(204));
  expect(await uplink.fetchDelta(CALLER, 4)).toBe('current');
  expect(requests).toHaveLength(2);
  // One that was signed is good no more.
  expect(await uplink.fetchDelta(CALLER, 4)).toBe('current');
  expect(requests.map(({ headers }) => headers[CHALLENGE_HEADER])).toEqual([
    before[0] === 'ended' ? 'ended' : undefined,
    'challenge-0',
    undefined,
    'challenge-1',
  ]);
});

test('a second refusal is meant, and comes with its words', async () => {
  const { responses, requests, uplink } = await connect();
  const headers = { [CHALLENGE_HEADER]: 'again' };
  responses.set(SNAPSHOT_PATH, say(401, '{"message":"this key is not known"}', { headers }));
  await expect(uplink.fetchSnapshot(CALLER)).rejects.toMatchObject({
    code: 'UPLINK_REFUSED',
    message: 'settlement refuses the deny snapshot: 401 this key is not known',
  });
  expect(requests).toHaveLength(2);
});
