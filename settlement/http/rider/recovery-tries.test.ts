/** Recovery codes that are tried and drawn over and over: whom that keeps out, and whom not. */
import { generateKey } from '@stile/crypto/sign.ts';
import { writeRecoveryCode } from '@stile/protocol/recovery-code.ts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown } from '../../testing/town.ts';

const MADE_UP = writeRecoveryCode(new Uint8Array(15).fill(7));

let town: ScriptedTown;
let rider: ScriptedRider;
beforeEach(async () => {
  town = await ScriptedTown.open();
  rider = await town.addRider();
});
afterEach(async () => {
  await town.close();
});

describe('guessing', () => {
  /** As they are stored since before a made-up code could be told from them. */
  const forgetQuickHashes = () => {
    const db = new Database(`${town.dataDir}/settlement.db`);
    db.prepare('UPDATE recovery_code SET quick_hash = NULL').run();
    db.close();
  };
  const open = async (recovery: object) => {
    await town.close();
    town = await ScriptedTown.open({ settings: { recovery } });
    rider = await town.addRider();
  };
  const block = (code: string) => town.ask('/v1/blocks', { body: { code } });

  test('keeps nobody out who shares the address, with codes that look right and with junk', async () => {
    const code = await rider.drawCode();
    const tries = Array.from({ length: 150 }, (_, n) => (n % 3 === 0 ? 'junk' : MADE_UP));
    const statuses = new Set(
      await Promise.all(tries.map(async (one) => (await block(one)).status)),
    );
    expect([...statuses]).toEqual([403]);
    expect((await block(code)).body).toEqual({ phones: 1 });
    const recovery = await town.recovery(code, generateKey('Ed25519'));
    expect((await town.ask('/v1/recoveries', recovery)).status).toBe(201);
  });

  test('beside codes of before is slow and shared out; those work, and new ones do not wait', async () => {
    await open({ triesPerMinute: 6 });
    const paper = await rider.drawCode();
    forgetQuickHashes();
    expect((await block(MADE_UP)).status).toBe(403);
    const waits = block(paper);
    const other = await town.addRider();
    expect((await block(await other.drawCode())).body).toEqual({ phones: 1 });
    const full = await block(MADE_UP);
    expect([full.status, full.headers['retry-after']]).toEqual([503, '1']);
    town.clock.advance(10_000);
    expect((await waits).body).toEqual({ phones: 1 });
  });

  test('with one real code is a few tries a minute', async () => {
    const code = await rider.drawCode();
    const statuses: number[] = [];
    for (let tries = 0; tries < 11; tries += 1) statuses.push((await block(code)).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 200), 429]);
    const other = await town.addRider();
    expect((await block(await other.drawCode())).status).toBe(200);
    town.clock.advance(60_000);
    expect((await block(code)).status).toBe(200);
  });

  test('by a thief who has a photo of the paper leaves its rider the tries of another address', async () => {
    await town.close();
    town = await ScriptedTown.open({ settings: { http: { trustedProxies: ['127.0.0.1'] } } });
    rider = await town.addRider();
    const code = await rider.drawCode();
    const from = (address: string, body: object) =>
      town.ask('/v1/blocks', { body, headers: { 'x-forwarded-for': address } });
    const wrong = { code, account: '0123456789abcdef' };
    for (let tries = 0; tries < 20; tries += 1) await from('192.0.2.66', wrong);
    expect((await from('192.0.2.66', { code })).status).toBe(429);
    expect((await from('192.0.2.1', { code })).body).toEqual({ phones: 1 });
  });
});

test('codes are drawn a few a minute by an account, and a neighbour draws as before', async () => {
  const statuses: number[] = [];
  const draw = async (of: ScriptedRider) => {
    const body = await of.provePresence('make-recovery-code');
    const asked = { token: of.session, body };
    return (await town.ask('/v1/riders/me/recovery-code', asked)).status;
  };
  for (let codes = 0; codes < 7; codes += 1) statuses.push(await draw(rider));
  expect(statuses).toEqual([201, 201, 201, 201, 201, 201, 429]);
  expect(await draw(await town.addRider())).toBe(201);
  town.clock.advance(60_000);
  expect(await draw(rider)).toBe(201);
});
