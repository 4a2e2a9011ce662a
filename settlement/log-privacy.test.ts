/**
 * A whole story with the log turned up as far as it goes; then nothing in it may say who rode, paid or
 * asked, with what, from where, or under which name. Routes are logged as patterns, because keys,
 * orders, handles and accounts stand in paths.
 */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { utf8 } from '@stile/protocol/bytes.ts';
import { signAuthorisation } from '@stile/protocol/http/gate-api.ts';
import type { Order, Payment } from '@stile/protocol/http/merchant-api.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DATABASE_FILE } from './database-place.ts';
import type { ScriptedGate } from './testing/gate.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from './testing/town.ts';

const ADDRESS = '203.0.113.77';
/** No other number of the story is this one. */
const AMOUNT_CENTS = 31_337;
const NOTE = 'canary-note';

let said: string[];
let town: ScriptedTown;
/** What must not be said, by what it is. */
let secrets: Map<string, string>;
beforeEach(async () => {
  said = [];
  secrets = new Map();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      said.push(String(chunk));
      done();
    },
  });
  town = await ScriptedTown.open({ log: pino({ level: 'trace' }, stream) });
  keep('operator token', town.operatorToken);
});
afterEach(async () => {
  await town.close();
});

function keep(what: string, text: string): string {
  secrets.set(`${what} ${secrets.size}`, text);
  return text;
}

async function ask(url: string, asked: { token?: string; body?: object; method?: 'DELETE' } = {}) {
  const { token, body, method = body === undefined ? 'GET' : 'POST' } = asked;
  return await town.settlement.api.inject({
    method,
    url,
    remoteAddress: ADDRESS,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { payload: body }),
  });
}

async function story(): Promise<void> {
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  keep('account', rider.account);
  keep('session', rider.session);
  keep('public key', Buffer.from(rider.key.publicKey).toString('hex'));
  await rider.topUp(AMOUNT_CENTS, keep('top-up key', 'canary-top-up'));
  const shop = keep('merchant token', await town.addMerchant('canary-shop'));
  await rideAndPay(gate, rider.code(START_MS));
  const seed = await rider.fetchSeed();
  keep('seed', seed.seed);
  keep('handle', seed.handle);
  const key = keep('payment key', 'canary-sale-1');
  for (const code of [seed.codeAt(START_MS), seed.codeAt(START_MS, 5), await rider.onlineCode()]) {
    keep('code', code);
    const idempotencyKey = `${key}-${said.length}`;
    const body = { idempotencyKey, code, amountCents: 1_337, note: NOTE };
    await ask('/v1/payments', { token: shop, body });
    await ask(`/v1/payments/${idempotencyKey}`, { token: shop });
    const back = { idempotencyKey: keep('refund key', 'canary-back'), amountCents: 1 };
    await ask(`/v1/payments/${idempotencyKey}/refunds`, { token: shop, body: back });
    await ask(`/v1/payments/${idempotencyKey}/reversal`, { token: shop, body: {} });
  }
  await orders(shop, rider);
  await askOfGate(gate, keep('online code', await rider.onlineCode()));
  await operate(rider.account);
  await ask('/v1/riders/me/payment-seeds', { token: rider.session, method: 'DELETE' });
  const recoveryCode = keep('recovery code', await rider.drawCode());
  const blocked = await ask('/v1/blocks', { body: { code: recoveryCode } });
  expect(blocked.json()).toEqual({ phones: 1 });
}

async function rideAndPay(gate: ScriptedGate, text: string): Promise<void> {
  keep('transit code', text);
  gate.tap(text, { atMs: START_MS });
  gate.tap(text, { atMs: START_MS + 1 });
  await town.send(gate);
  await town.settled();
}

async function orders(shop: string, rider: ScriptedRider): Promise<void> {
  const body = { idempotencyKey: 'canary-order', amountCents: 1_337, note: NOTE };
  const made = (await ask('/v1/orders', { token: shop, body })).json<Order>();
  keep('order', made.order);
  const { order } = made;
  const { session } = rider;
  await ask(`/v1/riders/me/orders/${order}`, { token: session });
  const path = `/v1/riders/me/orders/${order}/confirmation`;
  await ask(path, { token: session, body: { amountCents: 1 } });
  const paid = await ask(path, await rider.confirmation(order));
  expect(paid.json<Payment>().outcome).toBe('PAID');
  await ask(`/v1/orders/${order}`, { token: shop, method: 'DELETE' });
}

async function askOfGate(gate: ScriptedGate, code: string): Promise<void> {
  const id = keep('ask id', randomBytes(16).toString('hex'));
  const of = { stile: 'gate-payment/1', gate: 'g1', id, code, line: 'M1', atMs: START_MS };
  const signature = keep('signature', signAuthorisation(utf8(JSON.stringify(of)), gate.key));
  const answer = await town.ask('/v1/gates/g1/payments', {
    body: of,
    headers: { 'stile-signature': signature },
  });
  expect(answer.status).toBe(200);
}

async function operate(account: string): Promise<void> {
  await town.operate('POST', 'denials', { body: { account, note: NOTE } });
  await town.settled();
  await town.operate('GET', `accounts/${account}`);
  await town.operate('DELETE', 'denials', { body: { account } });
  await town.operate('DELETE', `accounts/${account}/payment-seeds`);
  await town.settled();
}

/** Requests that settlement cannot make sense of, or that fail in it. */
async function mishaps(): Promise<void> {
  keep('whatever was sent', 'canary');
  await ask('/v1/riders/me', { token: 'canary-token' });
  await ask('/v1/nothing/canary-path?x=canary-query');
  await ask('/v1/operator/accounts/canary?x=canary-query', { token: town.operatorToken });
  await ask('/v1/payments/canary-%E0%A4%A', { token: 'canary-token' });
  await ask(`/v1/payments/${'canary'.repeat(100)}`, { token: 'canary-token' });
  await ask('/wallet/canary/../../canary');
  await ask('/v1/sessions', { body: { proof: 'canary-body' } });
  await ask('/v1/sessions', { body: { proof: 'canary'.repeat(4_000) } });
  await town.settlement.api.inject({
    method: 'POST',
    url: '/v1/sessions',
    payload: '{"canary-json',
    remoteAddress: ADDRESS,
    headers: { 'content-type': 'application/json' },
  });
  const url = new URL(town.settlement.url);
  for (const sent of [
    'GET /canary HTTP/1.1\r\nAuthorization: Bearer canary\r\nbroken header\r\n\r\n',
    `GET /v1/health?canary HTTP/1.1\r\nHost: x\r\nX: ${'canary'.repeat(5_000)}\r\n\r\n`,
    'POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"canary',
  ]) {
    await sendRaw(Number(url.port), sent);
  }
}

/** Sends bytes and half-closes; done when the other side has closed. */
function sendRaw(port: number, text: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(text));
    // A reset is one way to be hung up on.
    socket.on('error', () => undefined);
    socket.on('close', () => done());
    socket.resume();
  });
}

/** Listens and goes away in the middle of it. */
async function listenAndLeave(session: string): Promise<void> {
  const stop = new AbortController();
  const response = await fetch(new URL('/v1/riders/me/events', town.settlement.url), {
    headers: { authorization: `Bearer ${session}`, accept: 'text/event-stream' },
    signal: stop.signal,
  });
  await response.body?.getReader().read();
  stop.abort();
}

function expectSilence(): void {
  const all = said.join('');
  for (const [what, secret] of secrets) {
    expect({ what, said: all.includes(secret) }).toEqual({ what, said: false });
    // Bytes as a buffer prints itself.
    const bytes = [...Buffer.from(secret)].join(',');
    expect({ what, asBytes: all.includes(bytes) }).toEqual({ what, asBytes: false });
  }
  for (const text of [ADDRESS, NOTE, String(AMOUNT_CENTS), 'Shop canary', 'remotePort']) {
    expect(all).not.toContain(text);
  }
  expect(all).not.toMatch(/"(?:account|serial|handle|token|code|scan|proof|\w*[cC]ents)":/);
}

test('rides, payments, orders and what goes wrong with them leave no trace of who it was', async () => {
  await story();
  await mishaps();
  expect(said.join('')).toContain('a request could not be read');
  const late = await town.addRider();
  await listenAndLeave(keep('session', late.session));
  await town.stop();
  expectSilence();
  const routes = said.flatMap((line) => (JSON.parse(line) as { route?: string }).route ?? []);
  expect(routes).toEqual(
    expect.arrayContaining([
      '/v1/payments',
      '/v1/payments/:key',
      '/v1/payments/:key/refunds',
      '/v1/orders/:order',
      '/v1/riders/me/payment-seeds/:handle/confirmation',
      '/v1/gates/:gate/payments',
      '/v1/operator/accounts/:account/payment-seeds',
      '/v1/riders/me/orders/:order',
    ]),
  );
  // It does say that a record needs a look, and why.
  expect(said.join('')).toContain('EXTRA_USE');
});

test('a failure of settlement itself is logged with its cause, not with the request', async () => {
  const rider = await town.addRider();
  const shop = await town.addMerchant('kiosk');
  keep('session', rider.session);
  keep('merchant token', shop);
  const code = keep('code', await rider.onlineCode());
  keep('payment key', 'canary-sale');
  // A table is taken away under the running server.
  const db = new Database(join(town.dataDir, DATABASE_FILE));
  db.exec('ALTER TABLE payment RENAME TO payment_gone');
  db.close();
  const body = { idempotencyKey: 'canary-sale', code, amountCents: AMOUNT_CENTS, note: NOTE };
  const failed = await ask('/v1/payments', { token: shop, body });
  expect(failed.statusCode).toBe(500);
  expect(failed.json()).toMatchObject({ code: 'STORE_CORRUPT' });
  expect(failed.body).not.toMatch(/table|\.ts/i);
  expect(said.join('')).toContain('no such table');
  expectSilence();
});
