/** A thief has the issuer's key: what that can do to a rider, and how an operator ends it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromJwk, type SigningKey } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes } from '@stile/protocol/bytes.ts';
import {
  encodePass,
  issuerMessage,
  type Pass,
  readSignedPass,
} from '@stile/protocol/transit-code.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown, START_MS } from './testing/town.ts';

let town: ScriptedTown;
beforeEach(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
});
afterEach(async () => {
  await town.close();
});

/** The key file of the issuer, as it lies in a copied data directory. */
function stealIssuerKey(keyId = 1): SigningKey {
  const file = join(town.dataDir, 'keys', `issuer-1-${keyId}.jwk.json`);
  return keyFromJwk(JSON.parse(readFileSync(file, 'utf8')));
}

function passOf(rider: ScriptedRider): Pass {
  const pass = readSignedPass(rider.pass);
  if (!pass.ok) throw new Error('the rider has a pass');
  return pass.value.pass;
}

/** A code under a pass of the victim's account, for the thief's own phone. */
function forge(victim: ScriptedRider, changes: Partial<Pass> = {}): string {
  const thief = generateKey('Ed25519');
  const fields = encodePass({ ...passOf(victim), deviceKey: thief.publicKey, ...changes });
  const pass = concatBytes(fields, stealIssuerKey().sign(issuerMessage(fields)));
  const fresh = { generatedAtS: START_MS / 1000, counter: 7, flags: 0 };
  return makeTransitCode(pass, { fresh, sign: thief.sign });
}

test("a forged pass of a victim's account charges nobody, and the operator is told", async () => {
  const gate = await town.addGate('g1', 'M1');
  const victim = await town.addRider();
  await victim.topUp(1000);
  gate.tap(forge(victim), { atMs: START_MS });
  gate.tap(victim.code(START_MS), { atMs: START_MS });
  expect((await town.send(gate)).items).toEqual([
    { seq: 1, ruling: 'rejected', reason: 'DEVICE_KEY_UNKNOWN' },
    { seq: 2, ruling: 'accepted' },
  ]);
  await town.settled();
  expect(await victim.money()).toMatchObject({ balanceCents: 750, debtCents: 0 });
  const [view] = await town.operate<{ alarms: object }[]>('GET', 'gates');
  expect(view?.alarms).toMatchObject({ notIssued: 1 });
});

test("a longer pass that a rider makes for their own phone with the issuer's key waits for a person", async () => {
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  const fields = encodePass({ ...passOf(rider), lifetimeMin: 60_000 });
  rider.pass = concatBytes(fields, stealIssuerKey().sign(issuerMessage(fields)));
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  expect((await town.send(gate)).items).toEqual([
    { seq: 1, ruling: 'parked', reason: 'PASS_NOT_ISSUED' },
  ]);
  await town.settled();
  expect(await rider.money()).toMatchObject({ debtCents: 0 });
});

type Key = { keyId: number; status: string; signsFromS: number; notAfterS: number };
const DAY_MS = 86_400_000;

async function published(): Promise<string[]> {
  await town.settled();
  const jws = String(await town.get('/v1/trust-list'));
  const { issuers } = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
  return (issuers as Key[]).map(({ keyId, status }) => `${keyId} ${status}`);
}

async function renewedKeyId(rider: ScriptedRider): Promise<number> {
  const { account, serial } = rider;
  const proof = await town.prove(rider.key, {
    purpose: 'renew-pass',
    subject: `${account}/${serial}`,
  });
  const { pass } = await town.get<{ pass: string }>('/v1/passes', {
    body: { account, serial, ...proof },
  });
  rider.pass = new Uint8Array(Buffer.from(pass, 'hex'));
  return passOf(rider).issuerKeyId;
}

/** What the sweep does at its next turn. */
async function sweep(): Promise<void> {
  town.clock.advance(5_000);
  await town.settled();
}

test('an announced key is published at once, signs when its time has come, and retires the one before', async () => {
  const rider = await town.addRider();
  const key = await town.operate<Key>('POST', 'issuer-keys', { body: {} });
  expect(key).toMatchObject({ keyId: 2, signsFromS: START_MS / 1000 + 7 * 86_400 });
  expect(await published()).toEqual(['1 active', '2 active']);
  expect(await renewedKeyId(rider)).toBe(1);
  town.clock.advance(7 * DAY_MS);
  expect(await renewedKeyId(rider)).toBe(2);
  await expect.poll(async () => await published()).toEqual(['1 retired', '2 active']);
});

test('a revoked key is published as revoked, the next pass is signed by another, at once', async () => {
  const rider = await town.addRider();
  const revoked = async () =>
    (await town.get<{ revokedIssuerKeys: number[] }>('/v1/riders/me', { token: rider.session }))
      .revokedIssuerKeys;
  expect(await revoked()).toEqual([]);
  await town.operate('POST', 'issuer-keys/1/revocation', { body: {} });
  expect(await revoked()).toEqual([1]);
  expect(await published()).toEqual(['1 revoked', '2 active']);
  expect(await renewedKeyId(rider)).toBe(2);
  expect(await town.operate<Key[]>('GET', 'issuer-keys')).toMatchObject([
    { keyId: 1, status: 'revoked' },
    { keyId: 2, status: 'active' },
  ]);
});

test('a key is followed by itself ahead of its end, and no pass outlives the key that signed it', async () => {
  const rider = await town.addRider();
  for (let month = 0; month < 30; month += 1) {
    town.clock.advance(30 * DAY_MS);
    await sweep();
    const keyId = await renewedKeyId(rider);
    const keys = await town.operate<Key[]>('GET', 'issuer-keys');
    const signer = keys.find((key) => key.keyId === keyId);
    const { issuedAtS, lifetimeMin } = passOf(rider);
    expect(issuedAtS + lifetimeMin * 60).toBeLessThanOrEqual(signer?.notAfterS ?? 0);
  }
  expect(passOf(rider).issuerKeyId).toBe(2);
});
