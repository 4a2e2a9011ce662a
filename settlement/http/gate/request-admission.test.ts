/** The deny list is for gates: each way to ask for it without being one is refused, and none may ask twice. */
import {
  CHALLENGE_HEADER,
  isChallenge,
  SIGNATURE_HEADER,
} from '@stile/protocol/http/gate-request.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedGate } from '../../testing/gate.ts';
import { type Answer, type Asked, ScriptedTown } from '../../testing/town.ts';

/** A challenge is good for two minutes. */
const CHALLENGE_MS = 120_000;

let town: ScriptedTown;
let gate: ScriptedGate;
beforeEach(async () => {
  town = await ScriptedTown.open();
  gate = await town.addGate('g1', 'M1');
  const { account } = await town.addRider();
  await town.operate('POST', 'denials', { body: { account, note: 'lost' } });
  await town.settled();
});
afterEach(async () => {
  await town.close();
});

const DELTA = '/v1/gates/g1/deny-list/delta?from=0';
const SNAPSHOT = '/v1/gates/g1/deny-list/snapshot';
const PATHS = [DELTA, SNAPSHOT, '/v1/gates/g1/deny-list/delta?from=1'];

async function signed(path: string, by = gate): Promise<Record<string, string>> {
  return by.signRequest(path, await town.fetchChallenge());
}

type Case = [who: string, (path: string) => Promise<Record<string, string>>, number, string];
const CASES: Case[] = [
  ['nobody', async () => ({}), 401, 'UNAUTHENTICATED'],
  ['whoever has no challenge', (path) => without(path, CHALLENGE_HEADER), 401, 'CHALLENGE_ENDED'],
  ['whoever signs nothing', (path) => without(path, SIGNATURE_HEADER), 401, 'UNAUTHENTICATED'],
  [
    'a signature that is no such thing',
    async (path) => ({ ...(await signed(path)), [SIGNATURE_HEADER]: 'x'.repeat(500) }),
    401,
    'UNAUTHENTICATED',
  ],
  [
    'a key of no gate',
    (path) => signed(path, new ScriptedGate('g1', 'M1')),
    401,
    'UNAUTHENTICATED',
  ],
  [
    'the key of another gate',
    async (path) => await signed(path, await town.addGate('g2', 'M1')),
    401,
    'UNAUTHENTICATED',
  ],
  [
    "another's signature under the key of this gate",
    async (path) => {
      const [, signature] = (await signed(path, new ScriptedGate('g1', 'M1')))[
        SIGNATURE_HEADER
      ]?.split('.') ?? [''];
      const own = await signed(path);
      const [key] = own[SIGNATURE_HEADER]?.split('.') ?? [''];
      return { ...own, [SIGNATURE_HEADER]: `${key}.${signature}` };
    },
    401,
    'UNAUTHENTICATED',
  ],
  ['a signature of another path', () => signed('/v1/gates/g1/deny-list/x'), 401, 'UNAUTHENTICATED'],
  [
    'a signature of another challenge',
    async (path) => ({ ...(await signed(path)), [CHALLENGE_HEADER]: await town.fetchChallenge() }),
    401,
    'UNAUTHENTICATED',
  ],
  [
    'a challenge of nobody',
    async (path) => gate.signRequest(path, 'A'.repeat(46)),
    401,
    'CHALLENGE_ENDED',
  ],
  [
    'a challenge that has ended',
    async (path) => {
      const headers = await signed(path);
      town.clock.advance(CHALLENGE_MS);
      return headers;
    },
    401,
    'CHALLENGE_ENDED',
  ],
  [
    "a phone's challenge",
    async (path) => {
      const { challenge } = await town.get<{ challenge: string }>('/v1/challenges', { body: {} });
      return gate.signRequest(path, challenge);
    },
    401,
    'CHALLENGE_ENDED',
  ],
  [
    'a gate that was revoked',
    async (path) => {
      // The second time it is revoked already.
      const asked = { token: town.operatorToken, body: {} };
      await town.ask('/v1/operator/gates/g1/revocation', asked);
      return await signed(path);
    },
    403,
    'GATE_REVOKED',
  ],
  [
    'a box that another has replaced',
    async (path) => {
      await town.addGate('g1', 'M1');
      return await signed(path);
    },
    403,
    'GATE_REPLACED',
  ],
];

async function without(path: string, name: string): Promise<Record<string, string>> {
  const { [name]: _left, ...rest } = await signed(path);
  return rest;
}

test.each(CASES)(
  '%s is refused, and told no word of the list',
  async (_name, headersFor, status, code) => {
    for (const path of PATHS) {
      const headers = await headersFor(path);
      const refused = await town.ask(path, { headers });
      expect([path, refused.status]).toEqual([path, status]);
      expect(refused.body).toEqual({ code, message: expect.any(String) });
      expect(isChallenge(refused.headers[CHALLENGE_HEADER])).toBe(true);
      const head = await town.settlement.api.inject({ method: 'HEAD', url: path, headers });
      expect(head.statusCode).toBe(status);
    }
  },
);

test('a gate that never was is named as such', async () => {
  const path = '/v1/gates/never/deny-list/snapshot';
  const headers = gate.signRequest(path, await town.fetchChallenge());
  expect(await town.ask(path, { headers })).toMatchObject({
    status: 404,
    body: { code: 'GATE_UNKNOWN' },
  });
});

test('a gate gets it, by the challenge of the trust list, of a refusal, of the answer before', async () => {
  const { status, headers } = await town.askDeny(gate, { rest: 'delta?from=0' });
  expect(status).toBe(200);
  const next = async (path: string, of: Answer['headers']): Promise<Answer> =>
    await town.ask(path, { headers: gate.signRequest(path, String(of[CHALLENGE_HEADER])) });
  const second = await next(SNAPSHOT, headers);
  expect(second).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  expect((await next(SNAPSHOT, (await town.ask(SNAPSHOT)).headers)).status).toBe(200);
  const { headers: same } = await town.ask('/v1/trust-list');
  const asked: Asked = { headers: { 'if-none-match': String(same.etag) } };
  const unchanged = await town.ask('/v1/trust-list', asked);
  expect(unchanged.status).toBe(304);
  expect((await next(DELTA, unchanged.headers)).status).toBe(200);
});

test('a request that somebody has seen brings nobody anything, not even at the same moment', async () => {
  const headers = await signed(DELTA);
  const sent = await Promise.all([1, 2, 3].map(() => town.ask(DELTA, { headers })));
  sent.push(await town.ask(DELTA, { headers }));
  expect(sent.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
});

test('one gate that asks without end is told to wait, and others are served', async () => {
  const other = await town.addGate('g2', 'M1');
  const statuses = new Set<number>();
  for (let count = 0; count < 60; count += 1) {
    statuses.add((await town.askDeny(gate, { rest: 'delta?from=1' })).status);
  }
  expect([...statuses]).toEqual([204]);
  const { status, headers } = await town.askDeny(gate, { rest: 'delta?from=1' });
  expect([status, Number(headers['retry-after'])]).toEqual([429, 60]);
  expect((await town.askDeny(other, { rest: 'delta?from=1' })).status).toBe(204);
});
