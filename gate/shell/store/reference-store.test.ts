/** Trust list and deny list on disk, swapped in whole or not at all. */

import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES, denyIdHex } from '@stile/protocol/deny-list.ts';
import { denyHeadOf } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { makeTrust, rootKey, signAsRoot, strangerKey, trustIn } from '../../testing/phone.ts';
import { type DenyStep, denyOf } from '../../testing/settlement.ts';
import { openReferenceStore } from './reference-store.ts';

const ACCOUNT = '0000000000000001';
const LIST_2 = denyOf(2, [denyIdHex({ issuer: 7, account: ACCOUNT, serial: 1 })]);
const LIST_3 = denyOf(3, [denyIdHex({ issuer: 7, account: ACCOUNT, serial: 2 })]);
const noPause = async () => undefined;

async function open(dir: string, key = rootKey) {
  const store = await openReferenceStore(dir, trustIn(key));
  let closed = false;
  const close = () => {
    if (!closed) store.close();
    closed = true;
  };
  onTestFinished(close);
  return Object.assign(Object.create(store) as typeof store, { close });
}

type Store = Awaited<ReturnType<typeof open>>;

async function applyTrust(
  store: Store,
  { deny, version }: { deny: DenyStep; version: number },
): Promise<void> {
  const list = makeTrust({ deny: deny.head, version });
  store.applyTrust(list, { jws: await signAsRoot('stile-trust-list+jws', list) });
}

function applySnapshot(
  store: Store,
  { deny, pause = noPause }: { deny: DenyStep; pause?: () => Promise<void> },
): Promise<void> {
  const { head, ids } = deny;
  const body = concatBytes(...ids.map((id) => fromHex(id, DENY_ID_BYTES) ?? new Uint8Array()));
  return store.applySnapshot({ head, body }, pause);
}

function denyFiles(dir: string): string[] {
  return readdirSync(dir).filter((name) => /^deny-.*\.(db|part)$/.test(name));
}

test('a new directory has no trust list and an empty deny list', async () => {
  const store = await open(scratchDir());
  expect(store.trust).toBeNull();
  expect(store.denyHead).toMatchObject({ version: 0, count: 0 });
  expect(store.isDenied({ issuer: 7, account: ACCOUNT, serial: 1 })).toBe(false);
});

test('a snapshot is swapped in whole; look-ups see the old list until then', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applySnapshot(store, { deny: LIST_2 });
  const seen: boolean[] = [];
  await applySnapshot(store, {
    deny: LIST_3,
    pause: async () => {
      seen.push(
        store.isDenied({ issuer: 7, account: ACCOUNT, serial: 1 }) &&
          !store.isDenied({ issuer: 7, account: ACCOUNT, serial: 2 }),
      );
    },
  });
  expect(seen).toEqual([true]);
  expect(store.isDenied({ issuer: 7, account: ACCOUNT, serial: 1 })).toBe(false);
  expect(store.isDenied({ issuer: 7, account: ACCOUNT, serial: 2 })).toBe(true);
  expect(denyFiles(dir)).toHaveLength(1);
  await applySnapshot(store, { deny: LIST_3 });
  expect(store.denyHead).toEqual(denyHeadOf(LIST_3.head));
});

test('a snapshot that breaks off while it is built leaves the old list, and no litter', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applySnapshot(store, { deny: LIST_2 });
  const broken = applySnapshot(store, {
    deny: LIST_3,
    pause: async () => {
      throw new Error('out of order');
    },
  });
  await expect(broken).rejects.toThrow('out of order');
  expect(store.denyHead).toEqual(denyHeadOf(LIST_2.head));
  store.close();
  // What a killed process leaves: half a file, and a whole one that was never taken into use.
  writeFileSync(join(dir, 'deny-9-ffffffff.db.part'), 'half');
  writeFileSync(join(dir, 'deny-9-ffffffff.db'), 'whole');
  const again = await open(dir);
  expect(again.denyHead).toEqual(denyHeadOf(LIST_2.head));
  expect(denyFiles(dir)).toHaveLength(1);
});

test('an older trust list is refused, the same one again is not', async () => {
  const store = await open(scratchDir());
  await applyTrust(store, { deny: denyOf(0, []), version: 6 });
  await expect(applyTrust(store, { deny: denyOf(0, []), version: 5 })).rejects.toMatchObject({
    code: 'LIST_REFUSED',
  });
  expect(store.trust?.version).toBe(6);
  await applyTrust(store, { deny: denyOf(0, []), version: 6 });
});

test('a cached trust list is believed only with its signature', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applyTrust(store, { deny: denyOf(0, []), version: 6 });
  store.close();
  await expect(open(dir, strangerKey)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect((await open(dir)).trust?.version).toBe(6);
});

test('a trust list that was changed on disk is found', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applyTrust(store, { deny: denyOf(0, []), version: 6 });
  store.close();
  const db = new Database(join(dir, 'reference.db'));
  db.exec("UPDATE current SET value = replace(value, '.', '.x') WHERE key = 'trust'");
  db.close();
  await expect(open(dir)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

test('a deny file that was lost is found: an empty list would let everybody in', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applySnapshot(store, { deny: LIST_2 });
  await applyTrust(store, { deny: LIST_2, version: 6 });
  store.close();
  for (const name of denyFiles(dir)) rmSync(join(dir, name));
  await expect(open(dir)).rejects.toMatchObject({
    code: 'STORE_CORRUPT',
    message: expect.stringContaining('deny list 0, but 2 was applied'),
  });
});

test('a deny list ahead of its trust list is what a kill between the two leaves; it is kept', async () => {
  const dir = scratchDir();
  const store = await open(dir);
  await applySnapshot(store, { deny: LIST_2 });
  await applyTrust(store, { deny: LIST_2, version: 6 });
  await applySnapshot(store, { deny: LIST_3 });
  store.close();
  const again = await open(dir);
  expect(again.denyHead).toEqual(denyHeadOf(LIST_3.head));
  expect(again.trust?.version).toBe(6);
});

test.each(['reference.db', 'deny-0.db'])('garbage in %s is STORE_CORRUPT', async (name) => {
  const dir = scratchDir();
  (await open(dir)).close();
  for (const end of ['-wal', '-shm']) rmSync(join(dir, `${name}${end}`), { force: true });
  expect(existsSync(join(dir, name))).toBe(true);
  writeFileSync(join(dir, name), Buffer.alloc(4_096, 0x5a));
  await expect(open(dir)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});
