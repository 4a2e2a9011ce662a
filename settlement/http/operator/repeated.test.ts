/** An operator presses the key twice: the same once more answers that it is done, and changes nothing. */
import type { Resolved } from '@stile/protocol/http/parked-api.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ScriptedGate } from '../../testing/gate.ts';
import { type Asked, type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

let town: ScriptedTown;
let rider: ScriptedRider;
beforeEach(async () => {
  town = await ScriptedTown.open({ settings: { operators: { fourEyes: true } } });
  rider = await town.addRider();
  await town.setFare('M1', 250);
});
afterEach(async () => {
  await town.close();
});

type Request = Asked & { path: string };
type Answer = { status: number; body: unknown };

async function ask({ path, token = town.operatorToken, ...asked }: Request): Promise<Answer> {
  const { status, body } = await town.ask(`/v1/operator/${path}`, { ...asked, token });
  return { status, body };
}

async function tokenOf(name: string): Promise<string> {
  const body = { name, role: 'ADMIN' };
  return (await town.operate<{ token: string }>('POST', 'operators', { body })).token;
}

const post = (path: string, body: object = {}): Request => ({ method: 'POST', path, body });
const remove = (path: string): Request => ({ method: 'DELETE', path });
const denial = () => ({ account: rider.account });

/** What is asked for, and what is answered when it is asked for again; left out: the same as before. */
const ACTS: Record<string, { of: () => Request | Promise<Request>; again?: Answer }> = {
  'deny an account': { of: () => post('denials', { ...denial(), note: 'lost' }) },
  'deny a phone': { of: () => post('denials', { ...denial(), serial: 1, note: 'lost' }) },
  'lift a denial': {
    of: async () => {
      await ask(post('denials', { ...denial(), note: 'lost' }));
      return { method: 'DELETE', path: 'denials', body: denial() };
    },
  },
  "end an account's seeds": { of: () => remove(`accounts/${rider.account}/payment-seeds`) },
  'block a merchant': {
    of: async () => {
      await town.addMerchant('kiosk');
      return remove('merchants/kiosk');
    },
  },
  "end an operator's access": {
    of: async () => {
      await tokenOf('Vera');
      return remove('operators/Vera');
    },
  },
  "revoke a gate's keys": {
    of: async () => {
      await town.addGate('g1', 'M1');
      return post('gates/g1/revocation', { replacedOnly: false });
    },
    again: { status: 200, body: { gate: 'g1', keys: 0 } },
  },
  'revoke keys that were replaced': {
    of: async () => {
      await town.addGate('g1', 'M1');
      await town.addGate('g1', 'M1');
      return post('gates/g1/revocation', { replacedOnly: true });
    },
    again: { status: 200, body: { gate: 'g1', keys: 0 } },
  },
  'revoke an issuer key': { of: () => post('issuer-keys/1/revocation') },
  'try all failed work again': { of: () => post('failed-work/retries') },
  'try work again that was done': { of: () => post('failed-work/retries', { id: 1 }) },
  'confirm the time': { of: () => post('clock', { nowS: START_MS / 1000 }) },
  'ask for a move': {
    of: async () => {
      const token = await tokenOf('Vera');
      return { ...post(`accounts/${rider.account}/move-code`, { note: 'known' }), token };
    },
  },
  'confirm a move': { of: async () => (await confirmation()).confirm },
  'confirm a move that is used': {
    of: async () => {
      const { confirm, move } = await confirmation();
      await ask(confirm);
      expect(await ask(move)).toMatchObject({ status: 201 });
      return confirm;
    },
  },
};

async function confirmation() {
  const [vera, ben] = [await tokenOf('Vera'), await tokenOf('Ben')];
  const path = `accounts/${rider.account}/move-code`;
  const move = { ...post(path, { note: 'known' }), token: vera };
  const { approval } = (await ask(move)).body as { approval: number };
  return { move, confirm: { ...post(`approvals/${approval}`), token: ben } };
}

test.each(Object.entries(ACTS))('%s', async (_name, { of, again }) => {
  const request = await of();
  const first = await ask(request);
  expect(first.status).toBeLessThan(300);
  await town.settled();
  const second = await ask(request);
  if (again === undefined) expect(second).toEqual(first);
  else expect(second).toEqual(again);
});

test.each([
  remove('merchants/nobody'),
  remove('operators/Nobody'),
  post('gates/g9/revocation', { replacedOnly: false }),
  post('issuer-keys/9/revocation'),
  post('approvals/9'),
  post('parked/replays', { gate: 'g9', epoch: 'ab', note: 'x' }),
])('what there never was is said, however often: %j', async (request) => {
  const token = await tokenOf('Vera');
  for (const _ of [1, 2]) expect((await ask({ ...request, token })).status).toBeOneOf([400, 404]);
});

describe('parked records', () => {
  const RIDES = 3;

  /** Whose first record never comes. */
  async function openGap(): Promise<ScriptedGate> {
    const gate = await town.addGate('g1', 'M1');
    gate.note(START_MS);
    for (let count = 0; count < RIDES; count += 1) {
      gate.tap(rider.code(START_MS), { atMs: START_MS });
    }
    await town.send(gate, { fromSeq: 2 });
    return gate;
  }

  const wordOf = ({ gate, epoch }: ScriptedGate) => ({ gate, epoch, note: 'looked at' });
  const resolve = async (body: object): Promise<Resolved> => {
    const path = 'how' in body ? 'resolutions' : 'replays';
    const resolved = await town.operate<Resolved>('POST', `parked/${path}`, { body });
    await town.settled();
    return resolved;
  };
  const none = { refused: [], nextSeq: null };

  test.each(['ADOPT', 'WRITE_OFF'])(
    'all of an epoch, by %s; another way is refused',
    async (how) => {
      const word = { ...wordOf(await openGap()), how };
      expect(await resolve(word)).toEqual({ resolved: RIDES, already: 0, ...none });
      for (const _ of [1, 2]) {
        expect(await resolve(word)).toEqual({ resolved: 0, already: RIDES, ...none });
      }
      const behind = { ...word, fromSeq: 4 };
      expect(await resolve(behind)).toEqual({ resolved: 0, already: 0, ...none });
      const other = { ...word, how: how === 'ADOPT' ? 'WRITE_OFF' : 'ADOPT' };
      expect(await ask(post('parked/resolutions', other))).toMatchObject({
        status: 409,
        body: { code: 'RESOLVED_OTHERWISE' },
      });
      expect(await ask(post('parked/resolutions', { ...word, gate: 'g9' }))).toMatchObject({
        status: 404,
      });
    },
  );

  test('judged again, and in their log by then', async () => {
    const gate = await openGap();
    expect(await resolve(wordOf(gate))).toEqual({ resolved: RIDES, already: 0, ...none });
    await town.send(gate);
    await town.settled();
    expect(await town.operate('GET', 'parked')).toEqual([]);
    expect(await resolve(wordOf(gate))).toEqual({ resolved: 0, already: RIDES, ...none });
    expect(await resolve({ ...wordOf(gate), seq: 2 })).toEqual({
      resolved: 0,
      already: 1,
      ...none,
    });
  });
});
