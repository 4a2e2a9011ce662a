/** The API as its own OpenAPI document describes it: who gets in, and how requests are refused. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedTown } from '../../scripted-town.ts';

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

function schemeOf(operation: Operation): string | undefined {
  return Object.keys(operation.security?.[0] ?? {})[0];
}

describe('the OpenAPI document', () => {
  test('is version 3.1 and names every route that gates, phones and operators use', async () => {
    const { openapi } = await town.get<OpenApi>('/openapi.json');
    expect(openapi).toBe('3.1.0');
    const routes = (await operations()).map(({ method, path }) => `${method} ${path}`).sort();
    expect(routes).toEqual([
      'DELETE /v1/operator/denials',
      'GET /v1/deny-list/delta',
      'GET /v1/deny-list/snapshot',
      'GET /v1/health',
      'GET /v1/operator/accounts/{account}',
      'GET /v1/operator/gates',
      'GET /v1/operator/parked',
      'GET /v1/operator/taps',
      'GET /v1/operator/trial-balance',
      'GET /v1/riders/me',
      'GET /v1/riders/me/statement',
      'GET /v1/trust-list',
      'POST /v1/challenges',
      'POST /v1/gates/enrolments',
      'POST /v1/gates/{gate}/batches',
      'POST /v1/operator/denials',
      'POST /v1/operator/gates',
      'POST /v1/operator/issuer-keys',
      'POST /v1/passes',
      'POST /v1/riders',
      'POST /v1/riders/me/top-ups',
      'POST /v1/sessions',
      'PUT /v1/operator/lines/{line}',
    ]);
    for (const { operation } of await operations()) expect(operation.summary).toBeTruthy();
  });

  test("operator's routes need the operator's token, riders' own routes a session", async () => {
    for (const { path, operation } of await operations()) {
      const wanted = path.startsWith('/v1/operator/')
        ? 'operator'
        : path.startsWith('/v1/riders/me')
          ? 'session'
          : undefined;
      expect(schemeOf(operation), path).toBe(wanted);
    }
  });
});

describe('authentication', () => {
  test('a route that needs a credential answers 401 without it, whatever else is sent', async () => {
    const rider = await town.addRider();
    let closed = 0;
    for (const { method, url, operation } of await operations()) {
      const scheme = schemeOf(operation);
      const wrong = scheme === 'operator' ? rider.session : town.operatorToken;
      for (const token of [undefined, 'x', '', wrong]) {
        const asked = { method, ...(token === undefined ? {} : { token }) };
        const answer = await town.ask(url, method === 'GET' ? asked : { ...asked, body: {} });
        if (scheme === undefined) expect(answer.status, url).not.toBe(401);
        else {
          expect(answer, `${method} ${url}`).toMatchObject({
            ...{ status: 401, body: { code: 'UNAUTHENTICATED' } },
          });
          closed += 1;
        }
      }
    }
    expect(closed).toBe(13 * 4);
  });

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
    ['another media type', 'a=b', 'application/x-www-form-urlencoded'],
    ['nothing', '', 'application/json'],
    ['a list', '[]', 'application/json'],
  ])('a body that is %s is refused in the same form', async (_name, payload, type) => {
    const { statusCode, body } = await town.settlement.api.inject({
      ...{ method: 'POST', url: '/v1/sessions', payload, headers: { 'content-type': type } },
    });
    expect(statusCode).toBe(400);
    expect(Object.keys(JSON.parse(body))).toEqual(['code', 'message']);
    expect(JSON.parse(body).code).toBe('REQUEST_INVALID');
  });

  test('a body that is too large is refused unread', async () => {
    const body = { account: 'x'.repeat(20_000) };
    expect(await town.ask('/v1/sessions', { body })).toMatchObject({
      ...{ status: 413, body: { code: 'BODY_TOO_LARGE' } },
    });
  });

  test('an unknown route is not found', async () => {
    expect(await town.ask('/v1/nothing')).toMatchObject({
      ...{ status: 404, body: { code: 'NOT_FOUND' } },
    });
  });

  test('answers carry security headers', async () => {
    const { headers } = await town.ask('/v1/health');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
    expect(headers['content-security-policy']).toBeTruthy();
  });

  test('health says that it runs and which version, no more', async () => {
    expect(Object.keys(await town.get<object>('/v1/health'))).toEqual(['ok', 'version']);
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
      ...{ status: 429, body: { code: 'TOO_MANY_REQUESTS' } },
    });
  } finally {
    await busy.close();
  }
});
