/** A gate that goes on from an older image of its card earns again, before a real settlement. */
import { cpSync, rmSync } from 'node:fs';
import { makeTransitCode } from '@stile/phone/code.ts';
import { expect, test } from 'vitest';
import { FARE_CENTS, openTown } from './testing/town.ts';

test('every ride counts once, before and behind a restored image', async () => {
  const town = await openTown();
  const { dataDir, log, phone, restartGate, show } = town;
  let counter = 0;
  const ride = async () => {
    counter += 1;
    const fresh = { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
    await show(makeTransitCode(phone.pass, { fresh, sign: phone.key.sign }));
    const { verdict } = await log.next('tap');
    expect(verdict).toBe('open');
  };
  const charged = async (rides: number) => {
    while ((await phone.balanceCents()) > 2_000 - rides * FARE_CENTS) {
      await new Promise((resume) => setImmediate(resume));
    }
    expect(await phone.balanceCents()).toBe(2_000 - rides * FARE_CENTS);
  };
  await ride();
  const image = `${dataDir}.image`;
  const first = await restartGate(() => cpSync(dataDir, image, { recursive: true }));
  await ride();
  await ride();
  first.syncNow();
  await charged(3);
  const second = await restartGate(() => {
    rmSync(dataDir, { recursive: true });
    cpSync(image, dataDir, { recursive: true });
  });
  await ride();
  second.syncNow();
  await charged(4);
  const [gate] = (await town.operate('GET', 'gates')) as unknown as { epochs: object[] }[];
  expect(gate?.epochs).toHaveLength(2);
  type Parked = { epoch: string; why: string };
  const parked = (await town.operate('GET', 'parked')) as unknown as Parked[];
  expect(parked.some(({ why }) => why === 'OTHER_BYTES')).toBe(true);
  // The other branch is taken as rides: each of them is charged already, in the epoch behind it.
  const [{ epoch = '' } = {}] = parked;
  const body = { gate: 'g1', epoch, how: 'ADOPT', note: 'the card was restored' };
  await town.operate('POST', 'parked/resolutions', { body });
  expect(await town.operate('GET', 'parked')).toEqual([]);
  const isPending = async () => {
    const taps = (await town.operate('GET', 'taps')) as unknown as { outcome: string | null }[];
    return taps.some(({ outcome }) => outcome === 'PENDING');
  };
  while (await isPending()) await new Promise((resume) => setImmediate(resume));
  await charged(4);
});
