/** Money of which nobody knows is asked about by itself, under its key, and comes in once. */
import { type ScriptedRider, ScriptedTown } from '@stile/settlement/testing/town.ts';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { TopUpProvider } from './top-up-provider.ts';

const SWEEP_MS = 5_000;
type Answer = 'PAID' | 'FAILED' | 'UNKNOWN' | 'SILENT' | Error;

let town: ScriptedTown;
afterEach(async () => {
  await town.close();
});

/** A provider that gives these answers in turn, the last one for ever. */
async function open(...answers: Answer[]) {
  const asked: { key: string; atMs: number }[] = [];
  const logged: { msg: string; key?: string; open?: number }[] = [];
  const topUpProvider: TopUpProvider = {
    async pay({ key }) {
      asked.push({ key, atMs: town.clock.now().wallMs });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === 'SILENT') return await new Promise(() => undefined);
      if (answer instanceof Error || answer === undefined) throw answer;
      return answer;
    },
  };
  const log = pino({ level: 'info' }, { write: (line: string) => logged.push(JSON.parse(line)) });
  town = await ScriptedTown.open({ config: { topUpProvider }, log });
  return { asked, logged, rider: await town.addRider() };
}

async function topUp(rider: ScriptedRider, key: string): Promise<number> {
  const body = { amountCents: 700, idempotencyKey: key };
  return (await town.ask('/v1/riders/me/top-ups', { token: rider.session, body })).status;
}

/** As many sweeps as fit, each carried through. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += SWEEP_MS) {
    town.clock.advance(SWEEP_MS);
    for (let turns = 0; turns < 12; turns += 1) await new Promise((go) => setImmediate(go));
    await town.settled();
  }
}

test('a rider who does not repeat has the money once it is known, at growing pauses', async () => {
  const { asked, rider } = await open('UNKNOWN', 'UNKNOWN', new Error('no network'), 'PAID');
  const begunMs = town.clock.now().wallMs;
  expect(await topUp(rider, 'top-up-one')).toBe(503);
  await pass(120_000);
  expect(asked.map(({ key, atMs }) => [key, atMs - begunMs])).toEqual([
    ['top-up-one', 0],
    ['top-up-one', 15_000],
    ['top-up-one', 45_000],
    ['top-up-one', 105_000],
  ]);
  expect((await rider.money()).balanceCents).toBe(700);
  expect(await topUp(rider, 'top-up-one')).toBe(200);
  await pass(3_600_000 / 12);
  expect(asked).toHaveLength(4);
  expect((await rider.money()).balanceCents).toBe(700);
});

test('a no that comes later ends it', async () => {
  const { asked, rider } = await open('UNKNOWN', 'FAILED');
  await topUp(rider, 'top-up-one');
  await pass(60_000);
  expect(asked).toHaveLength(2);
  expect(await topUp(rider, 'top-up-one')).toBe(409);
  expect((await rider.money()).balanceCents).toBe(0);
});

test('a rider who repeats meanwhile is not paid twice', async () => {
  const { rider } = await open('UNKNOWN', 'PAID');
  await topUp(rider, 'top-up-one');
  town.clock.advance(15_000);
  expect(await topUp(rider, 'top-up-one')).toBe(200);
  await pass(10_000);
  expect((await rider.money()).balanceCents).toBe(700);
});

test('a provider that never answers holds up nothing, and is asked again', async () => {
  const { asked, rider } = await open('UNKNOWN', 'SILENT', 'PAID');
  await topUp(rider, 'top-up-one');
  await pass(15_000);
  expect(asked).toHaveLength(2);
  await pass(20_000);
  expect(asked).toHaveLength(2);
  await pass(60_000);
  await expect.poll(async () => (await rider.money()).balanceCents).toBe(700);
});

test('what has no word for an hour is an alarm, each quarter of an hour', async () => {
  const { logged, rider } = await open('UNKNOWN');
  await topUp(rider, 'top-up-one');
  await topUp(rider, 'top-up-two');
  const alarms = () => logged.filter(({ msg }) => msg.startsWith('ALARM: top-ups'));
  await pass(3_595_000);
  expect(alarms()).toEqual([]);
  await pass(5_000);
  expect(alarms()).toMatchObject([{ open: 2, key: 'top-up-one' }]);
  await pass(900_000);
  expect(alarms()).toHaveLength(2);
}, 30_000);
