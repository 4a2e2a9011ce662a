/**
 * The root is taken out of a settlement: who signs then, what is carried to the root and back, what is refused,
 * and that nothing is signed past an end.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromJwk } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import type {
  OperatorKeysView,
  RootGrant,
  RootRequest,
} from '@stile/protocol/http/operator-api.ts';
import { openSigned } from '@stile/protocol/root-trust.ts';
import { claimedSigner } from '@stile/protocol/signed.ts';
import { trustListSchema } from '@stile/protocol/trust-list.ts';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { rootKeyOf, signGrant, signRotation } from './keys/root-grant.ts';
import { initSettlement, startSettlement } from './main.ts';
import { exportRoot } from './root-export.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

const DAY_MS = 86_400_000;
const NOW_S = START_MS / 1000;
const LIFE = { nowS: NOW_S, lifetimeS: 90 * 86_400 };

let town: ScriptedTown;
let outside: string;
beforeEach(async () => {
  town = await ScriptedTown.open();
  outside = scratchDir();
});
afterEach(async () => {
  await town.close();
});

const fileOf = (name: string) => join(outside, name);
const keyIn = (name: string) => keyFromJwk(JSON.parse(readFileSync(fileOf(name), 'utf8')));
const exportOf = (dataDir: string) =>
  exportRoot(dataDir, { to: fileOf('root'), nextTo: fileOf('next'), nowMs: START_MS });
const view = () => town.operate<OperatorKeysView>('GET', 'roots');
const request = () => town.operate<RootRequest>('POST', 'roots/requests', { body: {} });
const install = (body: RootGrant) =>
  town.operate<OperatorKeysView>('POST', 'roots/grants', { body });
const states = ({ onlineKeys }: OperatorKeysView) =>
  onlineKeys.map(({ number, state }) => `${number} ${state}`);

async function takeRootOut(): Promise<void> {
  const { dataDir } = town;
  await town.stop();
  await exportOf(dataDir);
  town = await ScriptedTown.open({ dataDir });
}

/** What the sweep does at its next turn. */
async function sweep(): Promise<void> {
  town.clock.advance(5_000);
  await town.settled();
}

async function trustList() {
  const jws = String(await town.get('/v1/trust-list'));
  const { root } = town;
  const parts = { root, schema: trustListSchema };
  const followed = await root.follow(JSON.parse(payloadOf(jws)).roots);
  if (followed !== null) root.adopt(followed);
  return { list: await openSigned('stile-trust-list+jws', jws, parts), jws };
}

function payloadOf(jws: string): string {
  return Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString();
}

describe('while the root is here', () => {
  test('it signs no list itself, and an online key is followed by itself ahead of its end', async () => {
    const { jws } = await trustList();
    expect(claimedSigner(jws).key).not.toEqual(town.rootKey);
    for (let month = 0; month < 12; month += 1) {
      town.clock.advance(30 * DAY_MS);
      await sweep();
      await trustList();
      await expect.poll(async () => (await view()).isDue).toBe(false);
    }
    expect((await view()).onlineKeys.length).toBeGreaterThan(3);
  });

  test('a stolen online key is ended: the list is signed anew by another, at once', async () => {
    const before = await trustList();
    const after = await town.operate<OperatorKeysView>('POST', 'roots/online-keys/revocation', {
      body: {},
    });
    expect(states(after)).toEqual(['1 revoked', '2 signs']);
    const { list } = await trustList();
    expect(list.version).toBe(before.list.version + 1);
    expect(await town.root.isBelieved(before.jws)).toBe(false);
  });

  test('the announced root takes over, the one before goes, and another one is announced', async () => {
    const before = await view();
    const lists = await trustList();
    const after = await town.operate<OperatorKeysView>('POST', 'roots/rotation', { body: {} });
    expect(after.root).toMatchObject({ generation: 2, fingerprint: before.root.next });
    expect(existsSync(join(town.dataDir, 'keys', 'root.jwk.json'))).toBe(false);
    await trustList();
    expect(await town.root.isBelieved(lists.jws)).toBe(false);
    expect(town.root.state.generation).toBe(2);
    const { dataDir } = town;
    await town.stop();
    town = await ScriptedTown.open({ dataDir });
    expect((await view()).root.generation).toBe(2);
  });
});

describe('taken out', () => {
  test('settlement runs without it, says so, and no root key is left in the directory', async () => {
    await takeRootOut();
    expect((await view()).root.isHere).toBe(false);
    const names = readdirSync(join(town.dataDir, 'keys')).filter((name) => /^root.*jwk/.test(name));
    expect(names).toEqual([]);
    await trustList();
    await expect(exportOf(town.dataDir)).rejects.toMatchObject({ code: 'CONFLICT' });
    for (const path of ['online-keys', 'online-keys/revocation', 'rotation']) {
      const asked = { body: {}, token: town.operatorToken };
      const { status, body } = await town.ask(`/v1/operator/roots/${path}`, asked);
      expect({ status, body }).toMatchObject({ status: 409, body: { code: 'CONFLICT' } });
    }
  });

  test('a key that is missing and was not taken out is refused by name', async () => {
    const { dataDir } = town;
    await town.stop();
    const files = ['root.jwk.json', 'root-2.jwk.json'].map((name) => join(dataDir, 'keys', name));
    for (const file of files) {
      const text = readFileSync(file, 'utf8');
      rmSync(file);
      const missing = { code: 'FILE_UNREADABLE', message: expect.stringContaining('root') };
      await expect(initSettlement(dataDir)).rejects.toMatchObject(missing);
      const start = startSettlement({ dataDir, port: 0 }, { log: pino({ level: 'silent' }) });
      await expect(start).rejects.toMatchObject(missing);
      expect(existsSync(file)).toBe(false);
      writeFileSync(file, text, { mode: 0o600 });
    }
    town = await ScriptedTown.open({ dataDir });
  });

  test('cut off in the middle it is done again; another file is never written over', async () => {
    const { dataDir } = town;
    await town.stop();
    writeFileSync(fileOf('next'), 'somebody else’s');
    await expect(exportOf(dataDir)).rejects.toMatchObject({ code: 'CONFLICT' });
    rmSync(fileOf('next'));
    await exportOf(dataDir);
    expect(keyIn('root').privateJwk.x).toBe(town.rootKey.x);
    town = await ScriptedTown.open({ dataDir });
  });

  test('a new key is carried by hand, and the same request is good until it is granted', async () => {
    await takeRootOut();
    const asked = await request();
    expect(await request()).toEqual(asked);
    const grant = await signGrant(asked, { root: keyIn('root'), endOthers: false, ...LIFE });
    expect(states(await install(grant))).toEqual(['1 good', '2 signs']);
    await trustList();
    expect(await request()).not.toEqual(asked);
  });

  test('it is said well ahead of the end; past it nothing is signed, and a grant mends it', async () => {
    await takeRootOut();
    const health = async () => (await town.get<{ signing: string }>('/v1/health')).signing;
    expect(await health()).toBe('GOOD');
    town.clock.advance(61 * DAY_MS);
    await sweep();
    expect(await health()).toBe('ENDS_SOON');
    expect(await view()).toMatchObject({ isDue: true, signsUntilS: expect.any(Number) });
    const before = await trustList();
    town.clock.advance(30 * DAY_MS);
    await sweep();
    expect(await health()).toBe('ENDED');
    await town.setFare('M1', 300);
    await sweep();
    expect((await trustList()).list.version).toBe(before.list.version);
    // Who wants to know the time is served the list without it.
    const asked = await town.ask('/v1/trust-list', { headers: { 'stile-nonce': 'ab'.repeat(16) } });
    expect(asked).toMatchObject({ status: 200 });
    expect(asked.headers).not.toHaveProperty('stile-time');
    const gate = await town.addGate('g1', 'M1').catch((error: Error) => error.message);
    expect(gate).toContain('KEY_ENDED');
    const { dataDir } = town;
    await town.stop();
    // By the time of then, though no list was signed since, and though the machine's clock says another.
    town = await ScriptedTown.open({ dataDir });
    expect(await health()).toBe('ENDED');
    expect((await trustList()).list.version).toBe(before.list.version);
    town.clock.advance(91 * DAY_MS);
    const nowS = NOW_S + 91 * 86_400;
    await town.operate('POST', 'clock', { body: { nowS } });
    const signing = { root: keyIn('root'), endOthers: false, nowS, lifetimeS: 86_400 };
    await install(await signGrant(await request(), signing));
    expect((await trustList()).list.version).toBeGreaterThan(before.list.version);
    expect((await trustList()).list.issuedAtS).toBeGreaterThanOrEqual(nowS);
  });

  test('a time that was confirmed stands through a restart, though no key may sign it', async () => {
    await takeRootOut();
    const { dataDir } = town;
    const before = await trustList();
    await town.stop();
    town = await ScriptedTown.open({ dataDir, startMs: START_MS + 100 * DAY_MS });
    const health = async () => (await town.get<{ signing: string }>('/v1/health')).signing;
    expect(await health()).toBe('GOOD');
    const nowS = NOW_S + 100 * 86_400;
    await town.operate('POST', 'clock', { body: { nowS } });
    expect(await health()).toBe('ENDED');
    await town.stop();
    town = await ScriptedTown.open({ dataDir, startMs: START_MS + 100 * DAY_MS });
    expect(await health()).toBe('ENDED');
    expect((await trustList()).list.version).toBe(before.list.version);
  });

  test('a stolen online key is ended where the root is', async () => {
    await takeRootOut();
    const stolen = await trustList();
    const grant = await signGrant(await request(), {
      root: keyIn('root'),
      endOthers: true,
      ...LIFE,
    });
    expect(states(await install(grant))).toEqual(['1 revoked', '2 signs']);
    await trustList();
    expect(await town.root.isBelieved(stolen.jws)).toBe(false);
  });

  test('the announced root takes over with its own file only, and so does the one after it', async () => {
    await takeRootOut();
    const third = generateKey('Ed25519');
    const turn = { root: keyIn('next'), next: rootKeyOf(third), ...LIFE };
    const after = await install(await signRotation(await request(), turn));
    expect(after.root).toMatchObject({ generation: 2, isHere: false });
    const again = { root: third, next: rootKeyOf(generateKey('Ed25519')), ...LIFE };
    await install(await signRotation(await request(), again));
    await trustList();
    expect(town.root.state).toMatchObject({ generation: 3, root: rootKeyOf(third) });
    const old = signGrant(await request(), { root: keyIn('root'), endOthers: false, ...LIFE });
    await expect(old).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  test('what is not for this settlement, or of no root that counts, is refused', async () => {
    await takeRootOut();
    const asked = await request();
    const good = await signGrant(asked, { root: keyIn('root'), endOthers: false, ...LIFE });
    const stranger = generateKey('Ed25519');
    const other = { ...asked, publicKey: rootKeyOf(stranger) };
    const root = keyIn('root');
    const bad: RootGrant[] = [
      await signGrant(other, { root, endOthers: false, ...LIFE }),
      {
        ...good,
        certificate: (await signGrant(other, { root, endOthers: false, ...LIFE })).certificate,
      },
      { ...good, certificate: 'none' },
      { ...good, statements: ['none'] },
    ];
    for (const body of bad) {
      const refused = await town.ask('/v1/operator/roots/grants', {
        body,
        token: town.operatorToken,
      });
      expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } });
    }
    const turn = { root: stranger, next: rootKeyOf(root), ...LIFE };
    await expect(signRotation(asked, turn)).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(states(await view())).toEqual(['1 signs']);
    expect(states(await install(good))).toEqual(['1 good', '2 signs']);
  });
});
