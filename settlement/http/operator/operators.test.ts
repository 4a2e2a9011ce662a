/** Operators as persons: names, roles, tokens that end, and a log that nothing rewrites. */
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROTATION_MS } from '../../core/access/operators.ts';
import { DATABASE_FILE } from '../../database-place.ts';
import { tokenHash } from '../../keys/tokens.ts';
import { type Asked, ScriptedTown } from '../../testing/town.ts';
import { HIDDEN_FIELDS } from './acts.ts';

type Named = { name: string; token: string; expiresAtS: number };
type Act = { number: number; by: string; what: string; detail: string; status: number | null };

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open({ settings: { operators: { tokenDays: 2 } } });
});
afterAll(async () => {
  await town.close();
});

async function nameOne(name: string, role: string): Promise<Named> {
  return await town.operate<Named>('POST', 'operators', { body: { name, role } });
}

async function statusOf(
  token: string,
  { url = 'me', ...asked }: Asked & { url?: string } = {},
): Promise<number> {
  return (await town.ask(`/v1/operator/${url}`, { token, ...asked })).status;
}

const acts = async () => await town.operate<Act[]>('GET', 'acts');
const fare = { method: 'PUT' as const, body: { fareCents: 100 } };
const shop = { body: { merchant: 'kiosk', name: 'Kiosk' } };

test('a role may what it may: look, change, name others', async () => {
  for (const [role, wanted] of [
    ['READER', [200, 200, 403, 403]],
    ['OPERATOR', [200, 200, 200, 403]],
    ['ADMIN', [200, 200, 200, 200]],
  ] as const) {
    const { token } = await nameOne(`One ${role}`, role);
    const statuses = [
      await statusOf(token),
      await statusOf(token, { url: 'trial-balance' }),
      await statusOf(token, { url: 'lines/M1', ...fare }),
      await statusOf(token, { url: 'operators' }),
    ];
    expect([role, statuses]).toEqual([role, wanted]);
  }
  expect(await town.ask('/v1/operator/operators', { body: {}, token: 'x' })).toMatchObject({
    status: 401,
  });
  const body = { name: 'root', role: 'ADMIN' };
  const asked = { body, token: town.operatorToken };
  expect((await town.ask('/v1/operator/operators', asked)).status).toBe(409);
});

test('whatever was asked for stands in the log with a name, refused or not, and reading does not', async () => {
  const vera = await nameOne('Vera', 'OPERATOR');
  const before = await acts();
  await statusOf(vera.token, { url: 'lines/M7', ...fare });
  await statusOf(vera.token, { url: 'accounts/0123456789abcdef' });
  await statusOf(vera.token, { url: 'merchants/nobody', method: 'DELETE' });
  await statusOf(vera.token, { url: 'operators', body: { name: 'Me', role: 'ADMIN' } });
  const made = (await acts()).slice(before.length);
  expect(made).toMatchObject([
    { by: 'Vera', role: 'OPERATOR', what: 'PUT /v1/operator/lines/:line', status: 200 },
    { by: 'Vera', what: 'DELETE /v1/operator/merchants/:merchant', status: 404 },
  ]);
  expect(JSON.parse(made[0]?.detail ?? '')).toEqual({ line: 'M7', fareCents: 100 });
  const last = before.at(-1);
  expect(last).toMatchObject({ by: 'root', status: 201 });
  expect(last?.detail).not.toContain(vera.token);
});

test('the log has no name of a person that is stored as a hash, and no secret, whatever is asked', async () => {
  const person = 'Wanda Wilson 1970';
  const before = await acts();
  await town.operate('POST', 'invites', { body: { kind: 'verified', person } });
  const [made] = (await acts()).slice(before.length);
  expect(made?.detail).toBe(`{"kind":"verified","person":"sha256:${tokenHash(person)}"}`);
  // A field that comes later is hidden too, if it sounds like what has to be.
  type Body = { content: Record<string, { schema: { properties: object } }> };
  const { paths } = await town.get<{
    paths: Record<string, Record<string, { requestBody?: Body }>>;
  }>('/openapi.json');
  const fields = new Set<string>();
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.startsWith('/v1/operator/')) continue;
    for (const { requestBody } of Object.values(methods)) {
      const json = requestBody?.content['application/json'];
      for (const field of Object.keys(json?.schema.properties ?? {})) fields.add(field);
    }
  }
  expect(fields.size).toBeGreaterThan(10);
  const secret = [...fields].filter((name) =>
    /token|secret|pin$|seed|code|invite|proof|word/i.test(name),
  );
  expect(secret.filter((name) => !HIDDEN_FIELDS.has(name))).toEqual([]);
});

test('a token rotates: the one before ends after a while, an unused rotation locks nobody out', async () => {
  const { token: first } = await nameOne('Rita', 'READER');
  const { token: second } = await town.get<Named>('/v1/operator/token', { body: {}, token: first });
  expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200]);
  town.clock.advance(ROTATION_MS);
  expect([await statusOf(first), await statusOf(second)]).toEqual([401, 200]);
  town.clock.advance(2 * 86_400_000);
  expect(await statusOf(second)).toBe(401);
});

test('a token that was rotated works on for minutes, and makes, replaces and ends no credential', async () => {
  const { token: old } = await nameOne('Ada', 'ADMIN');
  const { token } = await town.get<Named>('/v1/operator/token', { body: {}, token: old });
  const enrolled = await town.addRider();
  const refused = [
    ['token', {}],
    ['operators', { name: 'Thief', role: 'ADMIN' }],
    ['merchants', { merchant: 'thief', name: 'Kiosk' }],
    ['gates', { gate: 'G66', line: 'M1' }],
    ['invites', {}],
    [`accounts/${enrolled.account}/move-code`, { note: 'mine' }],
  ] as const;
  for (const [url, body] of refused) {
    const response = await town.ask(`/v1/operator/${url}`, { body, token: old });
    expect([url, response]).toMatchObject([url, { status: 403, body: { code: 'TOKEN_REPLACED' } }]);
  }
  expect(await statusOf(old, { url: 'operators/Ada', method: 'DELETE' })).toBe(403);
  expect(await statusOf(old, { url: 'lines/M7', ...fare })).toBe(200);
  expect(await statusOf(token, { url: 'operators', body: { name: 'Bea', role: 'READER' } })).toBe(
    201,
  );
  const { token: next } = await town.get<Named>('/v1/operator/token', { body: {}, token });
  town.clock.advance(ROTATION_MS);
  expect([await statusOf(old), await statusOf(token), await statusOf(next)]).toEqual([
    401, 401, 200,
  ]);
});

test('of two rotations with one token at once only the first makes a token', async () => {
  const { token } = await nameOne('Mia', 'READER');
  const asked = { body: {}, token };
  const both = await Promise.all([
    town.ask('/v1/operator/token', asked),
    town.ask('/v1/operator/token', asked),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual([201, 403]);
});

test('who is ended, or named again, has no old token; root goes on', async () => {
  const old = await nameOne('Emil', 'ADMIN');
  const { token } = await nameOne('Emil', 'ADMIN');
  expect([await statusOf(old.token), await statusOf(token)]).toEqual([401, 200]);
  const end = { method: 'DELETE' as const };
  expect(await statusOf(town.operatorToken, { url: 'operators/Emil', ...end })).toBe(204);
  expect(await statusOf(town.operatorToken, { url: 'operators/Emil', ...end })).toBe(204);
  expect(await statusOf(town.operatorToken, { url: 'operators/Nobody', ...end })).toBe(404);
  expect(await statusOf(token)).toBe(401);
  const rows = await town.operate<{ name: string; endedAtMs: number | null }[]>('GET', 'operators');
  expect(rows.find(({ name }) => name === 'Emil')?.endedAtMs).toBe(town.clock.now().wallMs);
  expect(await town.operate('GET', 'me')).toEqual({ name: 'root', role: 'ADMIN' });
});

test('nothing rewrites the log, and no token lies in the database', async () => {
  const { token } = await nameOne('Olga', 'OPERATOR');
  await statusOf(token, { url: 'merchants', ...shop });
  const db = new Database(join(town.dataDir, DATABASE_FILE));
  try {
    for (const statement of [
      "UPDATE act SET by_name = 'Otto'",
      'DELETE FROM act',
      'UPDATE act_status SET status = 200',
      'DELETE FROM act_status',
    ]) {
      expect(() => db.exec(statement), statement).toThrow(/append-only/);
    }
    const stored = JSON.stringify([
      db.prepare('SELECT * FROM act').all(),
      db.prepare('SELECT * FROM operator_token').all(),
    ]);
    expect(stored).toContain('Olga');
    expect(stored).not.toContain(token);
  } finally {
    db.close();
  }
});
