/** Every response that grants a gate what it asked for tells it the time, signed for its nonce; no other does. */
import { openSigned } from '@stile/protocol/root-trust.ts';
import { gateTimeSchema, NONCE_HEADER, RECEIPT_HEADER, TIME_HEADER } from '@stile/protocol/sync.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ScriptedGate } from '../../testing/gate.ts';
import { type Asked, ScriptedTown, START_MS } from '../../testing/town.ts';

const NONCE = 'ab'.repeat(16);
const SNAPSHOT = '/v1/gates/g1/deny-list/snapshot';
const NO_STEP = '/v1/gates/g1/deny-list/delta?from=0';
const NEVER = '/v1/gates/g1/deny-list/delta?from=99';
let town: ScriptedTown;
let gate: ScriptedGate;
let etag = '';
let code = '';
beforeAll(async () => {
  town = await ScriptedTown.open();
  gate = await town.addGate('g1', 'M1');
  gate.note(START_MS);
  code = await (await town.addRider()).onlineCode();
  etag = String((await town.ask('/v1/trust-list')).headers.etag);
});
afterAll(async () => {
  await town.close();
});

async function askWith(
  path: string,
  { nonce = NONCE, ...asked }: Asked & { nonce?: string | null },
) {
  const { headers } = asked;
  const sent = nonce === null ? { ...headers } : { ...headers, [NONCE_HEADER]: nonce };
  return await town.ask(path, { ...asked, headers: sent });
}

async function signed(path: string): Promise<Asked> {
  return { headers: gate.signRequest(path, await town.fetchChallenge()) };
}

test.each<[string, string, () => Asked | Promise<Asked>, number]>([
  ['the trust list', '/v1/trust-list', () => ({}), 200],
  [
    'one that has not changed',
    '/v1/trust-list',
    () => ({ headers: { 'if-none-match': etag } }),
    304,
  ],
  ['no step of the deny list', NO_STEP, () => signed(NO_STEP), 204],
  ['the whole deny list', SNAPSHOT, () => signed(SNAPSHOT), 200],
  [
    'an answer about a code',
    '/v1/gates/g1/payments',
    () => gate.question('a1'.repeat(16), { code, atMs: START_MS }),
    200,
  ],
])('%s carries it', async (_name, path, asked, status) => {
  const answer = await askWith(path, await asked());
  expect(answer.status).toBe(status);
  const jws = String(answer.headers[TIME_HEADER]);
  const opened = { root: town.root, schema: gateTimeSchema };
  const time = await openSigned('stile-time+jws', jws, opened);
  expect(time).toEqual({ stile: 'gate-time/1', atMs: START_MS, nonce: NONCE });
});

test.each<[string, string, () => Asked | Promise<Asked>, string | null]>([
  ['who sends no nonce', '/v1/trust-list', () => ({}), null],
  ['who sends something else', '/v1/trust-list', () => ({}), 'x'.repeat(5_000)],
  ['a refused request', NEVER, () => signed(NEVER), NONCE],
  ['a request that is not signed', NO_STEP, () => ({}), NONCE],
  ['who is no gate', '/v1/health', () => ({}), NONCE],
])('%s gets none', async (_name, path, asked, nonce) => {
  const { headers } = await askWith(path, { ...(await asked()), nonce });
  expect(headers[TIME_HEADER]).toBeUndefined();
});

test('a batch has its receipt, which says it', async () => {
  const { headers } = await askWith('/v1/gates/g1/batches', { bytes: gate.batch() });
  expect(headers[RECEIPT_HEADER]).toBeDefined();
  expect(headers[TIME_HEADER]).toBeUndefined();
});
