/**
 * Who may ask what: every operation of the OpenAPI document is asked with every credential there is. The
 * request is one that succeeds for whom it is meant, so a route that forgot its guard would answer it.
 * Then everyone reaches for what is another's.
 */
import { utf8 } from '@stile/protocol/bytes.ts';
import { signAuthorisation } from '@stile/protocol/http/gate-api.ts';
import type { Order, Payment, PaymentList } from '@stile/protocol/http/merchant-api.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedGate } from './testing/gate.ts';
import {
  authorisationOf,
  grantIn,
  makeRequests,
  PARKED_SEQ,
  presencesOf,
  type Request,
  requestOf,
  SALE,
} from './testing/requests.ts';
import {
  type Asked,
  type ScriptedRider,
  type ScriptedSeed,
  ScriptedTown,
  START_MS,
} from './testing/town.ts';

type Role = 'session' | 'merchant' | 'operator' | 'gate';
type Credential = {
  name: string;
  role: Role | null;
  of: (request: Request) => Asked | Promise<Asked>;
};
type Operation = { security?: Partial<Record<Role, unknown>>[] };
type OpenApi = { paths: Record<string, Record<string, Operation>> };

/** Open to all. What changes anything here carries its own proof in its body. */
const PUBLIC = [
  'GET /v1/health',
  'GET /v1/trust-list',
  'POST /v1/blocks',
  'POST /v1/challenges',
  'POST /v1/gates/enrolments',
  'POST /v1/gates/{gate}/batches',
  'POST /v1/passes',
  'POST /v1/recoveries',
  'POST /v1/riders',
  'POST /v1/sessions',
];
/** Not in the document: the document itself and the files of the pages. */
const HIDDEN = [
  '*',
  '/openapi.json',
  '/scanner',
  '/scanner*',
  '/till',
  '/till*',
  '/wallet',
  '/wallet*',
];
let town: ScriptedTown;
let ada: ScriptedRider;
let bob: ScriptedRider;
let seed: ScriptedSeed;
let kiosk: string;
let bakery: string;
let gate: ScriptedGate;
let otherGate: ScriptedGate;
let order: Order;
let spare: Order;
let admin: string;
let credentials: Credential[];
let requests: Map<string, Request>;

beforeAll(async () => {
  town = await ScriptedTown.open({ settings: { operators: { fourEyes: true } } });
  await town.setFare('M1', 250);
  [gate, otherGate] = [await town.addGate('g1', 'M1'), await town.addGate('g2', 'M1')];
  [ada, bob] = [await town.addRider(), await town.addRider()];
  await ada.topUp(5_000);
  await bob.topUp(5_000);
  // So that there is something parked.
  for (const at of [START_MS, START_MS]) gate.note(at);
  await town.send(gate, { fromSeq: PARKED_SEQ });
  // So that there is a deny list to speak of.
  const { account } = await town.addRider();
  await town.operate('POST', 'denials', { body: { account, note: 'lost' } });
  await town.settled();
  seed = await ada.fetchSeed();
  [kiosk, bakery] = [await town.addMerchant('kiosk'), await town.addMerchant('bakery')];
  const code = await ada.onlineCode();
  const sale = { idempotencyKey: SALE, code, amountCents: 300, note: 'two rolls' };
  await town.get<Payment>('/v1/payments', { body: sale, token: kiosk });
  order = await makeOrder('order-of-kiosk');
  spare = await makeOrder('spare-of-kiosk');
  admin = await addOperator('Ada Min');
  await town.recover(await ada.drawCode('phone-code'));
  const move = { token: await addOperator('Bea'), body: { note: 'lost' } };
  await town.get(`/v1/operator/accounts/${ada.account}/move-code`, move);
  credentials = makeCredentials();
  requests = await freshRequests();
});
afterAll(async () => {
  await town.close();
});

async function freshRequests(): Promise<Map<string, Request>> {
  const grant = grantIn(String(await town.get('/v1/trust-list')));
  const presence = await presencesOf(ada, { order });
  const { account } = ada;
  return makeRequests({ account, handle: seed.handle, order, spare, gate, grant, presence });
}

async function addOperator(name: string): Promise<string> {
  const body = { name, role: 'ADMIN' };
  return (await town.operate<{ token: string }>('POST', 'operators', { body })).token;
}

async function makeOrder(idempotencyKey: string): Promise<Order> {
  const body = { idempotencyKey, amountCents: 120 };
  return await town.get<Order>('/v1/orders', { body, token: kiosk });
}

function makeCredentials(): Credential[] {
  const bearer = (name: string, { role, token }: { role: Role; token: string }): Credential => {
    return { name, role, of: () => ({ token }) };
  };
  const signed = (
    name: string,
    { role, by }: { role: Role | null; by: ScriptedGate },
  ): Credential => ({
    name,
    role,
    of: async ({ url, body }) => {
      if (body !== undefined) return { headers: signatureOf(by, body) };
      return { headers: by.signRequest(url, await town.fetchChallenge()) };
    },
  });
  return [
    { name: 'nobody', role: null, of: () => ({}) },
    { name: 'a made-up token', role: null, of: () => ({ token: 'A'.repeat(43) }) },
    bearer('rider A', { role: 'session', token: ada.session }),
    bearer('rider B', { role: 'session', token: bob.session }),
    bearer('merchant A', { role: 'merchant', token: kiosk }),
    bearer('merchant B', { role: 'merchant', token: bakery }),
    bearer('the operator', { role: 'operator', token: admin }),
    signed('the gate', { role: 'gate', by: gate }),
    signed('another gate', { role: null, by: otherGate }),
  ];
}

function signatureOf(by: ScriptedGate, body: object): Record<string, string> {
  return { 'stile-signature': signAuthorisation(utf8(JSON.stringify(body)), by.key) };
}

async function operations(): Promise<{ name: string; path: string; roles: Role[] }[]> {
  const { paths } = await town.get<OpenApi>('/openapi.json');
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security = [] }]) => {
      const roles = security.flatMap((one) => Object.keys(one) as Role[]);
      return { name: `${method.toUpperCase()} ${path}`, path, roles };
    }),
  );
}

async function askAs(credential: Credential, request: Request) {
  const { url, ...rest } = request;
  return await town.ask(url, { ...rest, ...(await credential.of(request)) });
}

/** All that anybody could have changed. */
async function everything(): Promise<unknown[]> {
  const names = ['gates', 'merchants', 'parked', 'trial-balance', 'taps'];
  const accounts = [ada, bob].map(({ account }) => `accounts/${account}`);
  const all = [...names, ...accounts].map((name) => town.operate('GET', name));
  for (const token of [ada.session, bob.session]) {
    all.push(town.get('/v1/riders/me/statement', { token }));
  }
  for (const token of [kiosk, bakery]) {
    all.push(town.get(`/v1/payments?fromMs=0&toMs=${START_MS * 2}`, { token }));
  }
  for (const { order: id } of [order, spare]) {
    all.push(town.get(`/v1/orders/${id}`, { token: kiosk }));
  }
  return await Promise.all(all);
}

describe('every operation of the document', () => {
  test('names one role, or is known to be open to all', async () => {
    const open: string[] = [];
    for (const { name, path, roles } of await operations()) {
      if (roles.length === 0) open.push(name);
      else expect([name, roles]).toEqual([name, [roleOf(path)]]);
    }
    expect(open.sort()).toEqual(PUBLIC);
  });

  test('is asked below, and there is none that the document does not know', async () => {
    const names = (await operations()).map(({ name }) => name);
    expect([...requests.keys(), ...PUBLIC].sort()).toEqual(names.sort());
    const told = new Set(names.map((name) => name.split(' ')[1]?.replace(/\{(\w+)\}/g, ':$1')));
    expect([...new Set(servedPaths())].filter((path) => !told.has(path)).sort()).toEqual(HIDDEN);
  });

  test('is refused to every other role, with no word of data, and changes nothing', async () => {
    const before = await everything();
    let refused = 0;
    for (const { name, roles } of await operations()) {
      const request = requests.get(name);
      if (request === undefined) continue;
      for (const credential of credentials) {
        if (credential.role !== null && roles.includes(credential.role)) continue;
        const { status, body } = await askAs(credential, request);
        const who = `${name} as ${credential.name}`;
        expect({ who, status }).toEqual({ who, status: 401 });
        expect(body).toEqual({ code: 'UNAUTHENTICATED', message: expect.any(String) });
        refused += 1;
      }
    }
    expect(await everything()).toEqual(before);
    // 9 credentials; riders and merchants are two each, who may both ask.
    const of = { session: 7, merchant: 7, operator: 8, gate: 8 };
    const all = (await operations()).flatMap(({ roles }) => roles.map((role) => of[role]));
    expect(refused).toBe(all.reduce((sum, count) => sum + count, 0));
  });

  test('that is open to all asks for no credential and is not moved by one', async () => {
    for (const name of PUBLIC) {
      const request = requestOf(name, {
        rest: 'g1',
        body: name.startsWith('POST') ? {} : undefined,
      });
      const found = new Set<number>();
      for (const credential of credentials) found.add((await askAs(credential, request)).status);
      expect([name, found.size, found.has(401)]).toEqual([name, 1, false]);
    }
  });
});

function roleOf(path: string): Role {
  if (path.startsWith('/v1/operator/')) return 'operator';
  if (path.startsWith('/v1/riders/me')) return 'session';
  return path.startsWith('/v1/gates/') ? 'gate' : 'merchant';
}

/** The paths that the router knows, from its own drawing of them. */
function servedPaths(): string[] {
  const parents: string[] = [];
  const paths: string[] = [];
  for (const line of town.settlement.api.printRoutes({ commonPrefix: false }).split('\n')) {
    const found = /^([│ ]*)[├└]── (\S+)(.*)$/.exec(line);
    if (found === null) continue;
    const depth = (found[1] ?? '').length / 4;
    const path = (parents[depth - 1] ?? '') + found[2];
    parents.splice(depth, Number.POSITIVE_INFINITY, path);
    if (found[3]?.includes('(')) paths.push(path);
  }
  return paths;
}

describe("another's", () => {
  const as = (token: string, body?: object) => ({ token, ...(body === undefined ? {} : { body }) });

  test('payments are unknown to a merchant, and closing their key closes only its own', async () => {
    const before = await everything();
    const url = `/v1/payments/${SALE}`;
    expect(await town.get(url, as(bakery))).toMatchObject({
      outcome: 'UNKNOWN',
      reason: 'NOT_RECEIVED',
      amountCents: 0,
      note: null,
      atMs: null,
    });
    const back = { idempotencyKey: 'bakery-back', amountCents: 1 };
    expect(await town.ask(`${url}/refunds`, as(bakery, back))).toMatchObject({
      status: 404,
      body: { code: 'PAYMENT_UNKNOWN' },
    });
    const list = `/v1/payments?fromMs=0&toMs=${START_MS * 2}`;
    expect((await town.get<PaymentList>(list, as(bakery))).items).toEqual([]);
    expect(await everything()).toEqual(before);
    const reversed = await town.get<Payment>(`${url}/reversal`, as(bakery, {}));
    expect(reversed).toMatchObject({ outcome: 'REFUSED', reason: 'REVERSED', amountCents: 0 });
    expect(await town.get(url, as(kiosk))).toMatchObject({ outcome: 'PAID', refundedCents: 0 });
    expect(await ada.money()).toMatchObject({ balanceCents: 4_700 });
  });

  test('orders are unknown to a merchant', async () => {
    const before = await everything();
    for (const method of ['GET', 'DELETE'] as const) {
      const answer = await town.ask(`/v1/orders/${order.order}`, { method, token: bakery });
      expect(answer).toMatchObject({ status: 404, body: { code: 'ORDER_UNKNOWN' } });
    }
    expect(await everything()).toEqual(before);
  });

  test('idempotency key is no hindrance: keys are each merchant\u2019s own', async () => {
    const body = { idempotencyKey: 'order-of-kiosk', amountCents: 77 };
    const made = await town.get<Order>('/v1/orders', as(bakery, body));
    expect(made).toMatchObject({ state: 'OPEN', amountCents: 77 });
    expect(made.order).not.toBe(order.order);
  });

  test('seeds cannot be confirmed or ended by a rider', async () => {
    const drawn = as(ada.session, await ada.provePresence('make-payment-seed'));
    const next = await town.get<{ handle: string }>('/v1/riders/me/payment-seeds', drawn);
    const url = `/v1/riders/me/payment-seeds/${next.handle}/confirmation`;
    expect(await town.ask(url, as(bob.session, {}))).toMatchObject({
      status: 404,
      body: { code: 'HANDLE_UNKNOWN' },
    });
    await town.get('/v1/riders/me/payment-seeds', { method: 'DELETE', token: bob.session });
    // Ada's seed before is not ended by either, and her new one can still be confirmed.
    const sale = { idempotencyKey: 'still-good', code: seed.codeAt(START_MS), amountCents: 10 };
    expect(await town.get('/v1/payments', as(kiosk, sale))).toMatchObject({ outcome: 'PAID' });
    await town.get(url, as(ada.session, {}));
    seed = await ada.fetchSeed();
  });

  test('money is on no other statement, and a top-up key of another is not taken', async () => {
    type Items = { items: { amountCents: number }[] };
    const { items } = await town.get<Items>('/v1/riders/me/statement', as(bob.session));
    expect(items.map(({ amountCents }) => amountCents)).toEqual([5_000]);
    const me = await town.get<{ account: string }>('/v1/riders/me', as(bob.session));
    expect(me.account).toBe(bob.account);
    await bob.topUp(1, 'top-up-1-of-both');
    await ada.topUp(2, 'top-up-1-of-both');
    expect(await bob.money()).toMatchObject({ balanceCents: 5_001 });
  });

  test('gate cannot be asked for, whichever name is in the path, the body or the key', async () => {
    const before = await everything();
    const code = await bob.onlineCode();
    for (const [path, named, key, status] of [
      [gate, gate, otherGate, 401],
      [gate, otherGate, otherGate, 401],
      [otherGate, gate, gate, 401],
      [otherGate, gate, otherGate, 400],
    ] as const) {
      const body = authorisationOf(named, code);
      const headers = signatureOf(key, body);
      const answer = await town.ask(`/v1/gates/${path.gate}/payments`, { body, headers });
      expect(answer.status).toBe(status);
    }
    expect(await everything()).toEqual(before);
  });
});

test('each operation is answered to whom it is meant for', async () => {
  requests = await freshRequests();
  for (const [name, request] of requests) {
    const role = roleOf(request.url);
    const credential = credentials.find((one) => one.role === role);
    if (credential === undefined) throw new Error(`nobody is ${role}`);
    const status = name.endsWith('/events')
      ? await streamStatus(request.url, (await credential.of(request)).token)
      : (await askAs(credential, request)).status;
    expect({ name, good: status >= 200 && status < 300 }).toEqual({ name, good: true });
  }
});

async function streamStatus(path: string, token = ''): Promise<number> {
  const stop = new AbortController();
  const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' };
  const response = await fetch(new URL(path, town.settlement.url), {
    headers,
    signal: stop.signal,
  });
  const first = await response.body?.getReader().read();
  stop.abort();
  expect(Buffer.from(first?.value ?? []).toString()).toContain('OPEN');
  return response.status;
}
