/** The API as its own OpenAPI document describes it: who gets in, and how requests are refused. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedTown } from '../testing/town.ts';

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open();
});
afterAll(async () => {
  await town.close();
});

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Operation = { security?: Record<string, unknown>[]; summary?: string; tags?: string[] };
type OpenApi = { openapi: string; paths: Record<string, Record<string, Operation>> };

async function operations() {
  const document = await town.get<OpenApi>('/openapi.json');
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase() as Method,
      url: path.replace('{account}', '0'.repeat(16)).replace(/\{\w+\}/g, 'x1'),
      path,
      operation,
    })),
  );
}

describe('the OpenAPI document', () => {
  test('is version 3.1 and names every route that gates, phones and operators use', async () => {
    const { openapi } = await town.get<OpenApi>('/openapi.json');
    expect(openapi).toBe('3.1.0');
    const routes = (await operations()).map(({ method, path }) => `${method} ${path}`).sort();
    expect(routes).toEqual([
      'DELETE /v1/operator/accounts/{account}/payment-seeds',
      'DELETE /v1/operator/denials',
      'DELETE /v1/operator/merchants/{merchant}',
      'DELETE /v1/operator/operators/{name}',
      'DELETE /v1/orders/{order}',
      'DELETE /v1/riders/me/payment-seeds',
      'GET /v1/gates/{gate}/deny-list/delta',
      'GET /v1/gates/{gate}/deny-list/snapshot',
      'GET /v1/health',
      'GET /v1/merchants/me',
      'GET /v1/merchants/me/events',
      'GET /v1/operator/accounts/{account}',
      'GET /v1/operator/acts',
      'GET /v1/operator/approvals',
      'GET /v1/operator/failed-work',
      'GET /v1/operator/gates',
      'GET /v1/operator/issuer-keys',
      'GET /v1/operator/lines/{line}',
      'GET /v1/operator/lists',
      'GET /v1/operator/me',
      'GET /v1/operator/merchants',
      'GET /v1/operator/metrics',
      'GET /v1/operator/operators',
      'GET /v1/operator/parked',
      'GET /v1/operator/parked/resolutions',
      'GET /v1/operator/roots',
      'GET /v1/operator/taps',
      'GET /v1/operator/trial-balance',
      'GET /v1/orders/{order}',
      'GET /v1/payments',
      'GET /v1/payments/{key}',
      'GET /v1/riders/me',
      'GET /v1/riders/me/events',
      'GET /v1/riders/me/orders/{order}',
      'GET /v1/riders/me/statement',
      'GET /v1/trust-list',
      'POST /v1/blocks',
      'POST /v1/challenges',
      'POST /v1/gates/enrolments',
      'POST /v1/gates/{gate}/batches',
      'POST /v1/gates/{gate}/payments',
      'POST /v1/operator/accounts/{account}/move-code',
      'POST /v1/operator/approvals/{approval}',
      'POST /v1/operator/clock',
      'POST /v1/operator/denials',
      'POST /v1/operator/failed-work/retries',
      'POST /v1/operator/gates',
      'POST /v1/operator/gates/{gate}/revocation',
      'POST /v1/operator/invites',
      'POST /v1/operator/issuer-keys',
      'POST /v1/operator/issuer-keys/{keyId}/revocation',
      'POST /v1/operator/lists/force',
      'POST /v1/operator/merchants',
      'POST /v1/operator/operators',
      'POST /v1/operator/parked/replays',
      'POST /v1/operator/parked/resolutions',
      'POST /v1/operator/roots/grants',
      'POST /v1/operator/roots/online-keys',
      'POST /v1/operator/roots/online-keys/revocation',
      'POST /v1/operator/roots/requests',
      'POST /v1/operator/roots/rotation',
      'POST /v1/operator/token',
      'POST /v1/orders',
      'POST /v1/passes',
      'POST /v1/payments',
      'POST /v1/payments/{key}/refunds',
      'POST /v1/payments/{key}/reversal',
      'POST /v1/recoveries',
      'POST /v1/riders',
      'POST /v1/riders/me/online-codes',
      'POST /v1/riders/me/orders/{order}/confirmation',
      'POST /v1/riders/me/passes/{serial}/block',
      'POST /v1/riders/me/payment-seeds',
      'POST /v1/riders/me/payment-seeds/{handle}/confirmation',
      'POST /v1/riders/me/phone-code',
      'POST /v1/riders/me/recovery-code',
      'POST /v1/riders/me/recovery-code/confirmation',
      'POST /v1/riders/me/top-ups',
      'POST /v1/sessions',
      'PUT /v1/operator/lines/{line}',
    ]);
    for (const { operation } of await operations()) expect(operation.summary).toBeTruthy();
  });
});

describe('authentication', () => {
  test('only Bearer is understood', async () => {
    const headers = { authorization: `Basic ${town.operatorToken}` };
    expect((await town.ask('/v1/operator/gates', { headers })).status).toBe(401);
  });
});

describe('refusals', () => {
  const operator = () => ({ token: town.operatorToken });
  test('a wrong field is named', async () => {
    const body = { gate: 'g 1', line: 'M1' };
    const answer = await town.ask('/v1/operator/gates', { ...operator(), body });
    expect(answer).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    expect((answer.body as { message: string }).message).toMatch(/^gate: /);
  });

  test.each([
    ['no JSON', '{', 'application/json'],
    ['nothing', '', 'application/json'],
    ['a list', '[]', 'application/json'],
  ])('a body that is %s is refused in the same form', async (_name, payload, type) => {
    const { statusCode, body } = await town.settlement.api.inject({
      method: 'POST',
      url: '/v1/sessions',
      payload,
      headers: { 'content-type': type },
    });
    expect(statusCode).toBe(400);
    expect(Object.keys(JSON.parse(body))).toEqual(['code', 'message']);
    expect(JSON.parse(body).code).toBe('REQUEST_INVALID');
  });

  test('a body that is too large is refused unread', async () => {
    const body = { account: 'x'.repeat(20_000) };
    expect(await town.ask('/v1/sessions', { body })).toMatchObject({
      status: 413,
      body: { code: 'BODY_TOO_LARGE' },
    });
  });

  test.each([
    ['/v1/payments', 4_096],
    ['/v1/payments/sale-1-long/refunds', 4_096],
    ['/v1/orders', 4_096],
    ['/v1/gates/g1/payments', 1_024],
  ])('%s takes no more than %i bytes, whoever asks', async (url, bytesMax) => {
    const token = await town.addMerchant('kiosk');
    const status = async (length: number) => {
      const payload = `"${'x'.repeat(length - 2)}"`;
      const headers = { 'content-type': 'application/json' };
      const answer = await town.ask(url, { bytes: Buffer.from(payload), headers, token });
      return answer.status;
    };
    expect(await status(bytesMax + 1)).toBe(413);
    expect([400, 401]).toContain(await status(bytesMax));
  });

  test.each([
    ['no HTTP', 'HELO canary\r\n\r\n', 400],
    ['too long a header', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%s is answered in the same form, then hung up on', async (_what, sent, status) => {
    const { port } = new URL(town.settlement.url);
    const answer = await new Promise<string>((done) => {
      let text = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(sent));
      socket.on('data', (bytes) => {
        text += bytes;
      });
      socket.on('close', () => done(text));
    });
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const [, body = ''] = answer.split('\r\n\r\n');
    expect(Object.keys(JSON.parse(body))).toEqual(['code', 'message']);
  });

  test('an unknown route is not found', async () => {
    expect(await town.ask('/v1/nothing')).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
  });

  test('answers carry security headers', async () => {
    const { headers } = await town.ask('/v1/health');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(headers['content-security-policy']).toBeTruthy();
  });

  test('health says that it runs, which version, what time, whether money is real and lists are signed, no more', async () => {
    const health = await town.get<{ topUps: string }>('/v1/health');
    expect(Object.keys(health)).toEqual(['ok', 'version', 'nowS', 'topUps', 'signing']);
    expect(health.topUps).toBe('sandbox');
  });
});

test('challenges are limited, and say so', async () => {
  const busy = await ScriptedTown.open({ settings: { http: { challengesPerMinute: 2 } } });
  try {
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await busy.ask('/v1/challenges', { body: {} })).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
    expect(await busy.ask('/v1/challenges', { body: {} })).toMatchObject({
      status: 429,
      body: { code: 'TOO_MANY_REQUESTS' },
    });
  } finally {
    await busy.close();
  }
});

test("a client's own word on its address counts only from a trusted proxy", async () => {
  for (const [trustedProxies, wanted] of [
    [[], [200, 429]],
    [['127.0.0.1'], [200, 200]],
  ] as const) {
    const http = { challengesPerMinute: 1, trustedProxies: [...trustedProxies] };
    const proxied = await ScriptedTown.open({ settings: { http } });
    try {
      const statuses: number[] = [];
      for (const address of ['192.0.2.1', '192.0.2.2']) {
        const headers = { 'x-forwarded-for': address };
        statuses.push((await proxied.ask('/v1/challenges', { body: {}, headers })).status);
      }
      expect(statuses).toEqual(wanted);
    } finally {
      await proxied.close();
    }
  }
});
