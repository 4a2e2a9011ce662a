/** The time of a ride is computed again: whatever anybody changes of it, or of what it follows from, is found. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Books, KindOfBooks } from '../testing/books.ts';
import { type ScriptedTown, START_MS } from '../testing/town.ts';

const RIDE_TIMES = 'every ride was when its record and its neighbours say';
const AGAIN = 'every fare is what settling again would charge';

async function liveIn(town: ScriptedTown): Promise<void> {
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
}

const CORRUPTIONS: readonly (readonly [check: string, statements: string])[] = [
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms - 1 WHERE ride_ms_source = 'GATE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms - 1 WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = NULL WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = 'CODE' WHERE ride_ms_source = 'BOOT'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms = ride_ms + 1 WHERE ride_ms_source = 'CODE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = 'BOUND' WHERE ride_ms_source = 'CODE'`],
  [RIDE_TIMES, `UPDATE record SET ride_ms_source = NULL WHERE ride_ms_source = 'GATE'`],
  [RIDE_TIMES, `UPDATE record SET stale = 1 WHERE ride_ms_source = 'CODE'`],
  [AGAIN, `UPDATE record SET stale = 1 WHERE ride_ms_source = 'CODE'`],
];

export function describeRideTimeAudit(name: string, kind: KindOfBooks): void {
  describe(name, () => {
    let town: ScriptedTown;
    let books: Books;
    let loose: Books;
    beforeAll(async () => {
      town = await kind.openTown();
      await liveIn(town);
      books = await kind.booksOf(town);
      loose = await books.copy();
      await loose.tamper('SELECT 1');
    });
    afterAll(async () => {
      await town.close();
    });

    test('rides by each kind of clock pass', async () => {
      const checks = await books.audit();
      expect(checks.find((check) => check.name === RIDE_TIMES)).toMatchObject({
        ok: true,
        detail: '3 rides',
      });
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    });

    test.each(CORRUPTIONS)('%s: found when it is not so: %s', async (check, statements) => {
      const copy = await loose.copy();
      await copy.tamper(statements);
      expect((await copy.audit()).find((one) => one.name === check)?.ok).toBe(false);
    });
  });
}
