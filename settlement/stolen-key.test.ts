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
