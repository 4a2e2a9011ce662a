/** The operator's word on lists: a wrong clock signs nothing, a huge step waits, and both can be said. */
import { sha256 } from '@stile/crypto/sign.ts';
import { DENY_ID_BYTES } from '@stile/protocol/deny-list.ts';
import type { ListsView } from '@stile/protocol/http/operator-api.ts';
import { openSigned } from '@stile/protocol/root-trust.ts';
import { denySnapshotSchema, type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { DATABASE_FILE } from '../../database-place.ts';
import type { ScriptedGate } from '../../testing/gate.ts';
import { ScriptedTown, START_MS } from '../../testing/town.ts';

const DAY_MS = 86_400_000;

let town: ScriptedTown;
afterEach(async () => {
  await town.close();
});

async function fetchTrust(): Promise<TrustList> {
  const { body } = await town.ask('/v1/trust-list');
  const { root } = town;
  const jws = Buffer.from(body as Uint8Array).toString();
  return await openSigned('stile-trust-list+jws', jws, { root, schema: trustListSchema });
}

async function fetchSnapshotHead(gate: ScriptedGate) {
  const { body } = await town.askDeny(gate, { rest: 'snapshot' });
  const file = Buffer.from(body as Uint8Array);
  const { root } = town;
  const jws = file.subarray(0, file.indexOf('\n')).toString();
  const schema = denySnapshotSchema;
  return await openSigned('stile-deny-snapshot+jws', jws, { root, schema });
}

test('a clock that jumps is not signed, denials go on, and the operator ends it', async () => {
  town = await ScriptedTown.open();
  const { account } = await town.addRider();
  const nowS = Math.floor(START_MS / 1000);
  town.clock.setWall(START_MS + 30 * DAY_MS);
  await town.operate('POST', 'denials', { body: { account, note: 'lost' } });
  await town.settled();
  expect(await fetchTrust()).toMatchObject({ version: 2, issuedAtS: nowS, deny: { count: 1 } });
  const doubt = { wallS: nowS + 30 * 86_400, expectedS: nowS };
  expect(await town.operate<ListsView>('GET', 'lists')).toMatchObject({ clock: { doubt } });
  // Passes are signed by the same time: one of a month ahead would open nothing anywhere.
  const { passes } = await town.operate<{ passes: { issuedAtS: number }[] }>(
    'GET',
    `accounts/${(await town.addRider()).account}`,
  );
  expect(passes.map(({ issuedAtS }) => issuedAtS)).toEqual([nowS]);
  const confirm = async (statedS: number) =>
    await town.ask('/v1/operator/clock', { token: town.operatorToken, body: { nowS: statedS } });
  expect(await confirm(nowS)).toMatchObject({
    status: 409,
    body: { message: expect.stringContaining('2026-04-01T08:00') },
  });
  expect(await confirm(nowS + 30 * 86_400)).toMatchObject({
    status: 200,
    body: { clock: { doubt: null } },
  });
  expect(await fetchTrust()).toMatchObject({ version: 3, issuedAtS: nowS + 30 * 86_400 });
});

test('after a start with the right clock a list of a month ahead is taken back', async () => {
  town = await ScriptedTown.open();
  town.clock.setWall(START_MS + 30 * DAY_MS);
  await town.operate('POST', 'clock', { body: { nowS: (START_MS + 30 * DAY_MS) / 1000 } });
  expect((await fetchTrust()).issuedAtS).toBe((START_MS + 30 * DAY_MS) / 1000);
  town.clock.setWall(START_MS);
  await town.setFare('M1', 250);
  await town.settled();
  expect((await fetchTrust()).issuedAtS).toBe((START_MS + 30 * DAY_MS) / 1000);
  await town.operate('POST', 'clock', { body: { nowS: START_MS / 1000 } });
  expect((await fetchTrust()).issuedAtS).toBe(START_MS / 1000);
});

test('a deny list out of all proportion waits for the operator, who forces one version', async () => {
  town = await ScriptedTown.open();
  const gate = await town.addGate('g1', 'M1');
  const { account } = await town.addRider();
  await town.operate('POST', 'denials', { body: { account, note: 'lost' } });
  await town.settled();
  // A mistake of some program: 10,001 more are to be denied.
  const db = new Database(`${town.dataDir}/${DATABASE_FILE}`);
  const insert = db.prepare(
    `INSERT INTO denial (id, cause, note, since_ms) VALUES (?, 'OPERATOR', 'x', 0)`,
  );
  const mark = db.prepare('INSERT INTO deny_dirty VALUES (?)');
  db.transaction(() => {
    for (let index = 0; index < 10_001; index += 1) {
      const id = sha256(Uint8Array.of(index >> 8, index & 0xff)).subarray(0, DENY_ID_BYTES);
      insert.run(id);
      mark.run(id);
    }
  })();
  db.close();
  await town.setFare('M1', 250);
  await town.settled();
  const held = await town.operate<ListsView>('GET', 'lists');
  expect(held).toMatchObject({ deny: { version: 1, count: 1 }, heldDeny: { count: 10_002 } });
  // Everything else goes on.
  expect(await fetchTrust()).toMatchObject({ tariff: { version: 2 }, deny: { version: 1 } });
  const denyVersion = held.heldDeny?.version ?? 0;
  const force = { token: town.operatorToken, body: { denyVersion: denyVersion + 1 } };
  expect((await town.ask('/v1/operator/lists/force', force)).status).toBe(404);
  await town.operate('POST', 'lists/force', { body: { denyVersion } });
  expect((await fetchTrust()).deny).toMatchObject({ version: denyVersion, count: 10_002 });
  expect(await fetchSnapshotHead(gate)).toMatchObject({ version: denyVersion, force: true });
  await town.operate('DELETE', 'denials', { body: { account } });
  await town.settled();
  // The next one is an ordinary step again, and a gate that was away for all of it takes it.
  expect(await fetchSnapshotHead(gate)).toMatchObject({
    version: denyVersion + 1,
    force: false,
    saneFrom: 0,
  });
});
