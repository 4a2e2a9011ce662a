/**
 * After a restore gates have heard more of the roots than settlement knows. It is said, what is signed next lies above
 * that, and one way ends it: a new request, the root, installation.
 */
import { chmodSync, cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type {
  GateView,
  OperatorKeysView,
  RootGrant,
  RootRequest,
} from '@stile/protocol/http/operator-api.ts';
import { pinnedRoot, RootTrust, rootWordsIn } from '@stile/protocol/root-trust.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { backUp, restore } from './backup.ts';
import { requireNextFile, rootKeyOf, signGrant, signRotation } from './keys/root-grant.ts';
import { exportRoot } from './root-export.ts';
import type { ScriptedGate } from './testing/gate.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

const LIFE = { nowS: START_MS / 1000, lifetimeS: 90 * 86_400 };

let town: ScriptedTown;
let gate: ScriptedGate;
let believed: RootTrust;
let outside: string;
beforeEach(async () => {
  town = await ScriptedTown.open();
  gate = await town.addGate('g1', 'M1');
  believed = new RootTrust(pinnedRoot(town.rootKey));
  outside = scratchDir();
});
afterEach(async () => {
  await town.close();
});

const at = (name: string) => join(outside, name);
const keyIn = (name: string) => keyFromJwk(JSON.parse(readFileSync(at(name), 'utf8')));
const view = () => town.operate<OperatorKeysView>('GET', 'roots');
const request = () => town.operate<RootRequest>('POST', 'roots/requests', { body: {} });
const install = (body: RootGrant) =>
  town.operate<OperatorKeysView>('POST', 'roots/grants', { body });
const health = async () => (await town.get<{ signing: string }>('/v1/health')).signing;
const gates = async () => (await town.operate<GateView[]>('GET', 'gates'))[0];
const refusalOf = async (body: RootGrant) =>
  (await town.ask('/v1/operator/roots/grants', { body, token: town.operatorToken })).body;

async function takeRootOut(): Promise<void> {
  const { dataDir } = town;
  await town.stop();
  await exportRoot(dataDir, { to: at('root'), nextTo: at('next'), nowMs: START_MS });
  town = await ScriptedTown.open({ dataDir });
}

async function sign(of: { endOthers: boolean }): Promise<RootGrant> {
  const grant = await signGrant(await request(), { root: keyIn('root'), ...of, ...LIFE });
  await install(grant);
  return grant;
}

async function rotate(by: SigningKey, next: SigningKey): Promise<void> {
  const turn = { root: by, next: rootKeyOf(next), ...LIFE };
  await install(await signRotation(await request(), turn));
}

/** What the gate does at a sync: it hears the roots in the list, and says with its report what it holds. */
async function sync(): Promise<void> {
  const jws = String(await town.get('/v1/trust-list'));
  const followed = await believed.follow(rootWordsIn(jws));
  if (followed !== null) believed.adopt(followed);
  const { generation, number, floor } = believed.state;
  gate.lists = { ...gate.lists, root: { generation, number, floor } };
  await town.send(gate);
}

const believesList = async () =>
  await believed.isBelieved(String(await town.get('/v1/trust-list')));
const believes = async (certificate: string) =>
  await believed.openCertificate(certificate, { isKept: false }).then(
    () => true,
    () => false,
  );

type Way = 'restore' | 'a copy by hand';

/** The settlement goes back to how it was then. */
async function goBack(way: Way, by: { life: () => Promise<void> }): Promise<void> {
  const [to, dataDir] = [at('backup'), at('restored')];
  await backUp(town.dataDir, { to, nowMs: START_MS });
  await by.life();
  await town.close();
  if (way === 'restore') await restore(to, { dataDir, nowMs: START_MS });
  else {
    cpSync(to, dataDir, { recursive: true });
    for (const dir of [dataDir, join(dataDir, 'keys')]) chmodSync(dir, 0o700);
  }
  town = await ScriptedTown.open({ dataDir });
}

const WAYS: Way[] = ['restore', 'a copy by hand'];

describe.each(WAYS)('the root is away, the backup came back by %s', (way) => {
  test('keys that were stolen in the lost time are ended by one new grant, and the gate hears it', async () => {
    await takeRootOut();
    const grants: RootGrant[] = [];
    await goBack(way, {
      life: async () => {
        await sign({ endOthers: true });
        await sign({ endOthers: true });
        await sync();
        grants.push(await sign({ endOthers: false }), await sign({ endOthers: false }));
        await sync();
      },
    });
    const stolen = grants.map(({ certificate }) => certificate);
    expect(believed.state).toMatchObject({ generation: 1, number: 3, floor: 3 });
    expect(await Promise.all(stolen.map(believes))).toEqual([true, true]);
    await sync();
    expect(await believesList()).toBe(false);
    expect(await health()).toBe('REFUSED');
    expect(await view()).toMatchObject({ gatesAhead: ['g1'], gatesRefusing: ['g1'] });
    const held = { rootGeneration: 1, rootNumber: 3, rootFloor: 3, refusesSigner: true };
    expect(await gates()).toMatchObject(held);
    for (const grant of grants) {
      const message = expect.stringContaining('request-online-key');
      expect(await refusalOf(grant)).toMatchObject({ code: 'CONFLICT', message });
    }
    expect(await request()).toEqual(await request());
    await sign({ endOthers: false });
    await sync();
    expect(await believesList()).toBe(true);
    expect(await Promise.all(stolen.map(believes))).toEqual([false, false]);
    expect(await health()).toBe('GOOD');
    expect(await view()).toMatchObject({ gatesAhead: [], gatesRefusing: [] });
    expect(await gates()).toMatchObject({ refusesSigner: false });
    // From then on nothing is left out any more.
    const { number, above } = await request();
    expect((await view()).onlineKeys.at(-1)?.number).toBe(number - 1);
    await sign({ endOthers: true });
    expect((await view()).root.statement).toBe(
      Math.max(above.statement, believed.state.number) + 1,
    );
  });

  test('a rotation that the backup does not know is done again with the files of then', async () => {
    await takeRootOut();
    const [next, third] = [keyIn('next'), generateKey('Ed25519')];
    await goBack(way, {
      life: async () => {
        await rotate(next, third);
        await sync();
        const ending = { root: next, endOthers: true, ...LIFE };
        await install(await signGrant(await request(), ending));
        await sync();
      },
    });
    await sync();
    expect(await health()).toBe('REFUSED');
    const asked = await request();
    const signing = { endOthers: false, ...LIFE };
    await expect(signGrant(asked, { root: keyIn('root'), ...signing })).rejects.toThrow(
      /gates follow root 2 already/,
    );
    await expect(signGrant(asked, { root: next, ...signing })).rejects.toThrow(/--next-to/);
    await expect(requireNextFile(asked, { isThere: false, without: [] })).rejects.toThrow(
      /the file of then/,
    );
    await requireNextFile(asked, { isThere: true, without: [] });
    await rotate(next, third);
    await sync();
    expect(believed.state).toMatchObject({ generation: 2 });
    expect(await believesList()).toBe(true);
    expect(await health()).toBe('GOOD');
    expect((await view()).root.statement).toBe(believed.state.number);
    // The gate goes on to the root that was announced in the lost time.
    await rotate(third, generateKey('Ed25519'));
    await sync();
    expect(believed.state).toMatchObject({ generation: 3, root: rootKeyOf(third) });
    expect(await believesList()).toBe(true);
  });
});

describe('the root is in the directory', () => {
  test('a restored settlement ends the keys of before by itself, and gates take its lists', async () => {
    await goBack('restore', {
      life: async () => {
        for (const path of ['online-keys/revocation', 'online-keys/revocation', 'online-keys']) {
          await town.operate('POST', `roots/${path}`, { body: {} });
        }
        await sync();
      },
    });
    const { floor } = believed.state;
    expect(await believesList()).toBe(true);
    await sync();
    expect(believed.state.floor).toBeGreaterThan(floor + 1000);
    expect(await health()).toBe('GOOD');
    expect((await view()).onlineKeys.map(({ state }) => state)).toEqual(['revoked', 'signs']);
  });

  test('one that was copied back by hand does so once a gate has reported', async () => {
    await goBack('a copy by hand', {
      life: async () => {
        await town.operate('POST', 'roots/online-keys/revocation', { body: {} });
        await sync();
      },
    });
    expect(await believesList()).toBe(false);
    await sync();
    town.clock.advance(5_000);
    await expect.poll(believesList).toBe(true);
    expect(await health()).toBe('GOOD');
  });

  test('a rotation that the backup does not know needs the root that was announced then', async () => {
    const announced: string[] = [];
    await goBack('restore', {
      life: async () => {
        await town.operate('POST', 'roots/rotation', { body: {} });
        await sync();
        announced.push(readFileSync(join(town.dataDir, 'keys', 'root-3.jwk.json'), 'utf8'));
      },
    });
    await sync();
    expect(await health()).toBe('REFUSED');
    const rotation = { body: {}, token: town.operatorToken };
    const refused = await town.ask('/v1/operator/roots/rotation', rotation);
    expect(refused).toMatchObject({
      status: 409,
      body: { message: expect.stringMatching(/root-3/) },
    });
    const file = join(town.dataDir, 'keys', 'root-3.jwk.json');
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, announced[0] ?? '', { mode: 0o600 });
    await town.operate('POST', 'roots/rotation', { body: {} });
    await sync();
    expect(await believesList()).toBe(true);
    expect(await health()).toBe('GOOD');
  });
});

describe('gates have not reported since the restore', () => {
  const LATER_MS = START_MS + 60_000;

  /** Of three gates one is gone, and one reports. */
  async function restoredTown(): Promise<void> {
    for (const name of ['g2', 'g3']) await town.send(await town.addGate(name, 'M1'));
    await town.send(gate);
    const [to, dataDir] = [at('backup'), at('restored')];
    await backUp(town.dataDir, { to, nowMs: START_MS });
    await town.close();
    await restore(to, { dataDir, nowMs: LATER_MS });
    town = await ScriptedTown.open({ dataDir, startMs: LATER_MS + 60_000 });
    await town.operate('POST', 'gates/g3/revocation', { body: {} });
  }

  test('a root that is announced anew, where the roots are away, takes all of them or their names', async () => {
    await takeRootOut();
    await restoredTown();
    const allows = async (...without: string[]) =>
      await requireNextFile(await request(), { isThere: false, without }).then(
        () => true,
        ({ code, message }) => `${code} ${message}`,
      );
    expect(await request()).toMatchObject({ unreported: ['g1', 'g2'] });
    expect(await allows()).toMatch(/^CONFLICT .*restored from g1, g2: .*--without-gates/);
    expect(await allows('g1')).toMatch(/restored from g2:/);
    expect(await allows('g1', 'g2')).toBe(true);
    // The root of then is nobody's surprise.
    await requireNextFile(await request(), { isThere: true, without: [] });
    await sync();
    expect(await allows()).toMatch(/restored from g2:/);
    await town.operate('POST', 'gates/g2/revocation', { body: {} });
    expect(await request()).toMatchObject({ unreported: [] });
    expect(await allows()).toBe(true);
  });

  test('nor is one announced in the directory, and a refusal changes nothing', async () => {
    await restoredTown();
    const ask = async (withoutGates?: string[]) =>
      await town.ask('/v1/operator/roots/rotation', {
        body: withoutGates === undefined ? {} : { withoutGates },
        token: town.operatorToken,
      });
    const before = await view();
    for (const names of [undefined, ['g2'], ['g9']]) {
      const message = expect.stringContaining('g1');
      expect(await ask(names)).toMatchObject({ status: 409, body: { code: 'CONFLICT', message } });
    }
    expect(await view()).toEqual(before);
    expect(existsSync(join(town.dataDir, 'keys', 'root-3.jwk.json'))).toBe(false);
    await sync();
    expect((await ask(['g2'])).status).toBe(200);
    expect((await view()).root.generation).toBe(2);
  });

  test('without a restore nobody is waited for: whoever was away finds every root in the list', async () => {
    expect(await request()).toMatchObject({ unreported: [] });
    for (const generation of [2, 3]) {
      await town.operate('POST', 'roots/rotation', { body: {} });
      expect((await view()).root.generation).toBe(generation);
    }
    await sync();
    expect(believed.state.generation).toBe(3);
  });
});

test('what a gate says whose key was revoked counts for nothing', async () => {
  gate.lists = { ...gate.lists, root: { generation: 9, number: 9, floor: 9 } };
  await town.send(gate);
  expect(await health()).toBe('REFUSED');
  await town.operate('POST', 'gates/g1/revocation', { body: {} });
  expect(await view()).toMatchObject({ gatesAhead: [] });
  expect(await health()).toBe('GOOD');
});

test('a second grant of one request is refused with its reason; the first one may be repeated', async () => {
  await takeRootOut();
  const asked = await request();
  const root = keyIn('root');
  const first = await signGrant(asked, { root, endOthers: false, ...LIFE });
  const after = await install(first);
  expect(await install(first)).toEqual(after);
  const second = await signGrant(asked, { root, endOthers: true, ...LIFE, lifetimeS: 5 });
  const message = expect.stringContaining('another grant of this request');
  expect(await refusalOf(second)).toMatchObject({ code: 'CONFLICT', message });
  expect(await view()).toEqual(after);
});
