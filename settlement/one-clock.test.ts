/**
 * The machine's clock jumps a month ahead while settlement runs: nothing that it signs carries that time, nothing
 * that was good ends by it, and the codes of phones that know the time pay.
 */
import type { AuthorisationAnswer } from '@stile/protocol/http/gate-api.ts';
import { NONCE_HEADER, RECEIPT_HEADER } from '@stile/protocol/sync.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedTown, START_MS } from './testing/town.ts';

const MONTH_MS = 30 * 86_400_000;
/** What passes in truth after the jump. */
const PASSED_MS = 5_000;
const NOW_MS = START_MS + PASSED_MS;
const NOW_S = NOW_MS / 1000;

let town: ScriptedTown;
beforeEach(async () => {
  town = await ScriptedTown.open();
});
afterEach(async () => {
  await town.close();
});

function jump(): void {
  town.clock.setWall(START_MS + MONTH_MS);
  town.clock.advance(PASSED_MS);
}

/** What a compact JWS says. */
function saidIn<T>(jws: unknown): T {
  return JSON.parse(Buffer.from(String(jws).split('.')[1] ?? '', 'base64url').toString()) as T;
}

test('nothing that is signed or told carries the time of a clock in doubt', async () => {
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(10_000);
  jump();
  gate.tap(rider.code(NOW_MS), { atMs: NOW_MS });
  const nonce = 'ab'.repeat(16);
  const sent = await town.ask('/v1/gates/g1/batches', {
    bytes: gate.batch(),
    headers: { [NONCE_HEADER]: nonce },
  });
  expect(saidIn(sent.headers[RECEIPT_HEADER])).toMatchObject({ atMs: NOW_MS, nonce });
  await town.settled();
  const taps = await town.operate<{ receivedAtMs: number; outcome: string }[]>('GET', 'taps');
  expect(taps).toMatchObject([{ receivedAtMs: NOW_MS, outcome: 'CHARGED' }]);
  const question = gate.question('a1'.repeat(16), {
    code: await rider.onlineCode(),
    atMs: NOW_MS,
  });
  const answered = await town.get('/v1/gates/g1/payments', question);
  const answer = saidIn<AuthorisationAnswer>(Buffer.from(answered as Uint8Array).toString());
  expect(answer).toMatchObject({ outcome: 'PAID', issuedAtS: NOW_S });
  expect(await town.get('/v1/health')).toMatchObject({ nowS: NOW_S });
  const { expiresAtS } = await town.get<{ expiresAtS: number }>('/v1/challenges', { body: {} });
  expect(expiresAtS).toBe(NOW_S + 120);
});

test('nothing that was good ends by it: sessions, orders, codes and tokens', async () => {
  const rider = await town.addRider();
  await rider.topUp(10_000);
  const seed = await rider.fetchSeed();
  const online = await rider.onlineCode();
  const token = await town.addMerchant('kiosk');
  const { order } = await town.get<{ order: string }>('/v1/orders', {
    token,
    body: { idempotencyKey: 'order-one', amountCents: 400 },
  });
  const vera = { name: 'Vera', role: 'READER' };
  const added = await town.operate<{ token: string }>('POST', 'operators', { body: vera });
  jump();
  await town.settled();
  expect(await town.ask('/v1/riders/me', { token: rider.session })).toMatchObject({ status: 200 });
  expect(await town.ask('/v1/operator/gates', { token: added.token })).toMatchObject({
    status: 200,
  });
  const sell = async (idempotencyKey: string, code: string) =>
    await town.get('/v1/payments', { token, body: { idempotencyKey, code, amountCents: 300 } });
  expect(await sell('pay-seed', seed.codeAt(NOW_MS))).toMatchObject({ outcome: 'PAID' });
  expect(await sell('pay-online', online)).toMatchObject({ outcome: 'PAID' });
  expect(await rider.confirmOrder(order)).toMatchObject({ outcome: 'PAID' });
});
