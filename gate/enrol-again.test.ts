/**
 * A box whose key was revoked, or whose identity is gone, is enrolled anew where it stands, before a real settlement:
 * the rides that wait in it are charged, and another gate never gets its log.
 */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeTransitCode } from '@stile/phone/code.ts';
import { expect, test } from 'vitest';
import { FARE_CENTS, openTown, runStile } from './testing/town.ts';

async function world() {
  const town = await openTown();
  const { log, phone, show } = town;
  let counter = 0;
  const ride = async () => {
    counter += 1;
    const fresh = { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
    await show(makeTransitCode(phone.pass, { fresh, sign: phone.key.sign }));
    expect((await log.next('tap')).verdict).toBe('open');
  };
  const charged = async (rides: number) => {
    while ((await phone.balanceCents()) > 2_000 - rides * FARE_CENTS) {
      await new Promise((resume) => setImmediate(resume));
    }
    expect(await phone.balanceCents()).toBe(2_000 - rides * FARE_CENTS);
  };
  return { ...town, ride, charged };
}

test('a gate whose key was revoked is enrolled anew, and its rides are charged in a new epoch', async () => {
  const { gate, dataDir, log, operate, enrol, ride, charged, restartGate } = await world();
  await ride();
  gate.syncNow();
  await charged(1);
  await operate('POST', 'gates/g1/revocation', { body: { replacedOnly: false } });
  await ride();
  const { status } = await log.next('settlement refuses a batch');
  expect(status).toBe(403);
  const before = readFileSync(join(dataDir, 'identity.json'), 'utf8');
  await expect(enrol({ gate: 'g1' })).rejects.toThrow('another gate already runs');
  const again = await restartGate(async () => {
    await expect(enrol({ gate: 'g2' })).rejects.toThrow(/of gate g2.*log of g1/);
    expect(readFileSync(join(dataDir, 'identity.json'), 'utf8')).toBe(before);
    await enrol({ gate: 'g1' });
  });
  await ride();
  again.syncNow();
  await charged(3);
  const [{ epochs = [] } = {}] = (await operate('GET', 'gates')) as unknown as {
    epochs: object[];
  }[];
  expect(epochs).toHaveLength(2);
});

test("without its identity the log still is its gate's: no other gets it, and the rides go up", async () => {
  const { dataDir, enrol, ride, charged, restartGate, wire } = await world();
  wire.mode = 'cut';
  await ride();
  const again = await restartGate(async () => {
    renameSync(join(dataDir, 'identity.json'), `${dataDir}.identity`);
    await expect(enrol({ gate: 'g2' })).rejects.toThrow(/of gate g2.*log of g1/);
    rmSync(`${dataDir}.identity`);
    await enrol({ gate: 'g1' });
  });
  wire.mode = 'pass';
  again.syncNow();
  await charged(1);
});

test('a log in quarantine is sent from a directory of its own, as the gate that it names, and charged once', async () => {
  const { gate, dataDir, enrol, ride, charged, restartGate, wire } = await world();
  await ride();
  gate.syncNow();
  await charged(1);
  wire.mode = 'cut';
  await ride();
  const kept = join(dataDir, 'quarantine', 'then');
  await restartGate(() => {
    mkdirSync(kept, { recursive: true, mode: 0o700 });
    const names = readdirSync(dataDir).filter((name) => name.startsWith('taps.db'));
    for (const name of names) renameSync(join(dataDir, name), join(kept, name));
  });
  await ride();
  // The gate itself rests meanwhile, with a ride that waits in it.
  const own = `${dataDir}.own`;
  const sender = await restartGate(async () => {
    renameSync(dataDir, own);
    cpSync(join(own, 'quarantine', 'then'), dataDir, { recursive: true });
    chmodSync(dataDir, 0o700);
    expect(await runStile('audit', dataDir)).toContain('of gate g1');
    await enrol({ gate: 'g1' });
  });
  wire.mode = 'pass';
  sender.syncNow();
  await charged(2);
  const again = await restartGate(async () => {
    rmSync(dataDir, { recursive: true });
    renameSync(own, dataDir);
    await enrol({ gate: 'g1' });
  });
  again.syncNow();
  await charged(3);
  await ride();
  again.syncNow();
  await charged(4);
});
