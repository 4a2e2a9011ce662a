/** The time of a ride is computed again: whatever anybody changes of it, or of what it follows from, is found. */
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { copyOf, tamper } from '../testing/tampering.ts';
import { ScriptedTown, START_MS } from '../testing/town.ts';
import { auditSettlement } from './audit.ts';

const RIDE_TIMES = 'every ride was when its record and its neighbours say';
const AGAIN = 'every fare is what settling again would charge';

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g2', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  const unclocked = (boot: string) =>
    gate.tap(rider.code(START_MS), { atMs: 5_000, clock: 'UNKNOWN', boot, monoMs: 5_000 });
  // The clock is not known in the first boot, later in the second, from the beginning in the third.
  unclocked('0000000a');
  unclocked('0000000b');
  await town.send(gate);
  await town.settled();
  gate.note(START_MS, { boot: '0000000b', monoMs: 9_000 });
  gate.tap(rider.code(START_MS), { atMs: START_MS, boot: '0000000c' });
  await town.send(gate, { fromSeq: 3 });
  await town.settled();
  await town.stop();
});

afterAll(async () => {
  await town.close();
});

async function audit(dataDir: string, name: string) {
  return (await auditSettlement(dataDir)).find((check) => check.name === name);
}

test('rides by each kind of clock pass', async () => {
  expect(await audit(town.dataDir, RIDE_TIMES)).toMatchObject({ ok: true, detail: '3 rides' });
  expect((await auditSettlement(town.dataDir)).filter(({ ok }) => !ok)).toEqual([]);
});

test.each([
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms - 1 WHERE ride_ms_source = 'GATE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms - 1 WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = NULL WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = 'CODE' WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms + 1 WHERE ride_ms_source = 'CODE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = 'BOUND' WHERE ride_ms_source = 'CODE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = NULL WHERE ride_ms_source = 'GATE'`],
  [RIDE_TIMES, `UPDATE record SET stale = 1 WHERE ride_ms_source = 'CODE'`],
  [AGAIN, `UPDATE record SET stale = 1 WHERE ride_ms_source = 'CODE'`],
])('%s: found when it is not so: %s', async (name, statement) => {
  const copy = copyOf(town.dataDir);
  tamper(join(copy, 'settlement.db'), statement);
  expect((await audit(copy, name))?.ok).toBe(false);
});
