/** The edge of the API in hostile and clumsy hands: bodies, hosts, caches, links and texts. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { utf8 } from '@stile/protocol/bytes.ts';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import { signAuthorisation } from '@stile/protocol/http/gate-api.ts';
import type { Order } from '@stile/protocol/http/merchant-api.ts';
import { LINE_FARES_MAX } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DATABASE_FILE } from '../database-place.ts';
import {
  authorisationOf,
  grantIn,
  makeRequests,
  presencesOf,
  type Request,
} from '../testing/requests.ts';
import { ScriptedTown } from '../testing/town.ts';

let town: ScriptedTown;
let kiosk: string;
let session: string;
let requests: Map<string, Request>;

beforeAll(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const ada = await town.addRider();
  const { handle } = await ada.fetchSeed();
  session = ada.session;
  kiosk = await town.addMerchant('kiosk');
  const order = await makeOrder('order-of-kiosk');
  const spare = await makeOrder('spare-of-kiosk');
  const grant = grantIn(String(await town.get('/v1/trust-list')));
  const { account } = ada;
  const presence = await presencesOf(ada, { order });
  requests = makeRequests({ account, handle, order, spare, gate, grant, presence });
});
afterAll(async () => {
  await town.close();
});

async function makeOrder(idempotencyKey: string, headers: Record<string, string> = {}) {
  const body = { idempotencyKey, amountCents: 120 };
  return await town.get<Order>('/v1/orders', { body, token: kiosk, headers });
}

function tokenOf(url: string): string {
  if (url.startsWith('/v1/operator')) return town.operatorToken;
  return url.startsWith('/v1/riders') ? session : kiosk;
}

/** What the head and body of a request that was sent as these bytes gets. */
async function send(text: string): Promise<string> {
  const { port } = new URL(town.settlement.url);
  return await new Promise<string>((done) => {
    let answer = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (bytes) => {
      answer += bytes;
    });
    socket.on('close', () => done(answer));
  });
}

const json = (text: string, token: string) => ({
  bytes: Buffer.from(text),
  headers: { 'content-type': 'application/json' },
  token,
});

describe('a body', () => {
  test('has no field that its route does not know, on any route', async () => {
    const withBody = [...requests].filter(([name, { body }]) => {
      // A gate's authorisation is refused for its signature before it is read.
      return body !== undefined && !name.includes('/v1/gates/');
    });
    expect(withBody.length).toBeGreaterThan(10);
    for (const [name, { url, method, body }] of withBody) {
      const asked = { method, body: { ...body, colour: 'red' }, token: tokenOf(url) };
      const { status, body: refusal } = await town.ask(url, asked);
      expect({ name, status, refusal }).toEqual({
        name,
        status: 400,
        refusal: { code: 'REQUEST_INVALID', message: expect.stringContaining('colour') },
      });
    }
  });

  test('has no NUL in a text, nor has a path or a query, on any route', async () => {
    const refused = {
      status: 400,
      body: { code: 'REQUEST_INVALID', message: expect.stringContaining('NUL') },
    };
    for (const [name, { url, method, body }] of requests) {
      if (name.includes('/v1/gates/')) continue;
      const token = tokenOf(url);
      const queried = `${url}${url.includes('?') ? '&' : '?'}x=a%00`;
      expect(await town.ask(queried, { method, token }), name).toMatchObject(refused);
      for (const field of body === undefined ? [] : [...Object.keys(body), 'note']) {
        const asked = { method, token, body: { ...body, [field]: ['a\0'] } };
        expect(await town.ask(url, asked), `${name} ${field}`).toMatchObject(refused);
      }
    }
    for (const url of ['orders/a%00', 'payments/a%00b']) {
      expect(await town.ask(`/v1/${url}`, { token: kiosk }), url).toMatchObject(refused);
    }
  });

  test('of a route that is open to all neither', async () => {
    const { paths } = await town.get<{
      paths: Record<string, Record<string, { requestBody?: { content: object } }>>;
    }>('/openapi.json');
    const open: string[] = [];
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        const text = JSON.stringify(requestBody?.content ?? {});
        const isBytes = path.startsWith('/v1/gates/{gate}/');
        if (requestBody && !isBytes && !text.includes('"additionalProperties":false')) {
          open.push(`${method} ${path}`);
        }
      }
    }
    expect(open).toEqual([]);
    expect(await town.ask('/v1/challenges', { body: { colour: 'red' } })).toMatchObject({
      status: 400,
    });
  });

  test.each([
    ['twice the amount', '{"idempotencyKey":"twice-1-sale","amountCents":1,"amountCents":9}'],
    [
      'spelt in two ways',
      '{"idempotencyKey":"twice-2-sale","amountCents":1,"amount\\u0043ents":9}',
    ],
    ['of Object', '{"idempotencyKey":"twice-3-sale","amountCents":1,"__proto__":{}}'],
  ])('has no doubled or dangerous key: %s', async (_what, text) => {
    expect(await town.ask('/v1/orders', json(text, kiosk))).toMatchObject({ status: 400 });
  });

  test('may have colons, quotes and backslashes in its texts', async () => {
    const text = '{"idempotencyKey":"colons-1","amountCents":1,"note":"a: \\"b\\": \\\\"}';
    expect(await town.ask('/v1/orders', json(text, kiosk))).toMatchObject({ status: 200 });
  });

  test('that a gate signs has no doubled key either', async () => {
    const gate = await town.addGate('g2', 'M1');
    const body = JSON.stringify(authorisationOf(gate, addCheckDigits('72'.padEnd(18, '3'))));
    const doubled = body.replace('{', '{"line":"M9",');
    for (const [text, status] of [
      [body, 200],
      [doubled, 400],
    ] as const) {
      const signature = { 'stile-signature': signAuthorisation(utf8(text), gate.key) };
      const { bytes, headers } = json(text, '');
      const asked = { bytes, headers: { ...headers, ...signature } };
      expect((await town.ask('/v1/gates/g2/payments', asked)).status).toBe(status);
    }
  });
});

test('a second Host header is refused, whatever it says', async () => {
  const { host } = new URL(town.settlement.url);
  const ask = (more: string) =>
    send(`GET /v1/health HTTP/1.1\r\nHost: ${host}\r\n${more}Connection: close\r\n\r\n`);
  expect(await ask('')).toMatch(/^HTTP\/1\.1 200 /);
  expect(await ask('hOsT: evil.example\r\n')).toMatch(/^HTTP\/1\.1 400 [\s\S]*REQUEST_INVALID/);
  expect(await ask(`Host: ${host}\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
});

test('a private answer is kept by nobody; a list may be asked for again', async () => {
  for (const [name, { url, method }] of requests) {
    if (method !== 'GET' || name.endsWith('/events')) continue;
    const { headers } = await town.ask(url, { token: tokenOf(url) });
    expect([name, headers['cache-control']]).toEqual([name, 'no-store']);
  }
  const { headers: stream } = await fetch(new URL('/v1/riders/me/events', town.settlement.url), {
    headers: { authorization: `Bearer ${session}`, accept: 'text/event-stream' },
    signal: AbortSignal.timeout(5_000),
  });
  expect(stream.get('cache-control')).toMatch(/no-(store|cache)/);
  expect((await town.ask('/v1/trust-list')).headers['cache-control']).toBe('no-cache');
});

test("an order's link is settlement's own, whatever host a request names", async () => {
  const headers = { host: 'evil.example', 'x-forwarded-host': 'evil.example' };
  const { order, link } = await makeOrder('order-with-host', headers);
  expect(link).toBe(`${town.settlement.url}/wallet/#/order/${order}`);
  const http = { publicUrl: 'https://tickets.example/', trustedProxies: ['127.0.0.1'] };
  const named = await ScriptedTown.open({ settings: { http } });
  try {
    const token = await named.addMerchant('kiosk');
    const body = { idempotencyKey: 'order-with-host', amountCents: 120 };
    const made = await named.get<Order>('/v1/orders', { body, token, headers });
    expect(made.link).toBe(`https://tickets.example/wallet/#/order/${made.order}`);
  } finally {
    await named.close();
  }
});

test.each([
  ['a line break', 'two\nrolls'],
  ['NUL', 'two\0rolls'],
  ['right to left', 'two \u202Eslloor'],
  ['an isolate', '\u2066two'],
  ['no width', 'two\u200Brolls'],
  ['a joiner', 'two\u200Drolls'],
  ['a filler', 'two\u3164rolls'],
  ['a tag', 'two\u{E0041}rolls'],
  ['half a pair', 'two \uD83D rolls'],
  ['a paragraph', 'two\u2029rolls'],
])('a text that people are shown has no %s in it', async (_what, note) => {
  const idempotencyKey = 'note-1-of-kiosk';
  const order = { idempotencyKey, amountCents: 1, note };
  expect((await town.ask('/v1/orders', { body: order, token: kiosk })).status).toBe(400);
  const sale = { ...order, code: addCheckDigits('72'.padEnd(18, '1')) };
  expect((await town.ask('/v1/payments', { body: sale, token: kiosk })).status).toBe(400);
  const shop = { merchant: 'shop', name: note };
  const asked = { body: shop, token: town.operatorToken };
  expect((await town.ask('/v1/operator/merchants', asked)).status).toBe(400);
});

test.each(['Zwei Brötchen ☕️', 'دو نان', '2 × 両替 — “x”', ''])('%j is a note', async (note) => {
  const body = { idempotencyKey: `note-${note.length}-of-kiosk`, amountCents: 1, note };
  expect(await town.get<Order>('/v1/orders', { body, token: kiosk })).toMatchObject({ note });
});

test('a fare that no list has room for is refused, and says so', async () => {
  const full = await ScriptedTown.open();
  const db = new Database(join(full.dataDir, DATABASE_FILE));
  try {
    const fill = db.prepare(
      'INSERT INTO tariff_line (line, fare_cents, from_s, set_at_ms) VALUES (?, 100, 0, 0)',
    );
    db.transaction(() => {
      for (let line = 0; line < LINE_FARES_MAX; line += 1) fill.run(`L${line}`);
    })();
    const set = async (line: string) =>
      await full.ask(`/v1/operator/lines/${line}`, {
        method: 'PUT',
        body: { fareCents: 200 },
        token: full.operatorToken,
      });
    expect(await set('M1')).toMatchObject({ status: 409, body: { code: 'TARIFF_FULL' } });
    expect((await set('L7')).status).toBe(200);
  } finally {
    db.close();
    await full.close();
  }
});
