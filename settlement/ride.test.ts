/** One town, from a fare to a debt: what a tap does to money, deny list and lists. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedTown, START_MS } from './testing/town.ts';

let town: ScriptedTown;
beforeEach(async () => {
  town = await ScriptedTown.open();
  await town.setFare('M1', 250);
});
afterEach(async () => {
  await town.close();
});

test('an opened tap costs its fare, and the ledger balances', async () => {
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider('P-256');
  await rider.topUp(1000);
  gate.note(START_MS);
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  const reply = await town.send(gate);
  expect(reply).toMatchObject({ gate: 'g1', epoch: gate.epoch, ackSeq: 2 });
  expect(reply.items).toEqual([
    { seq: 1, ruling: 'accepted' },
    { seq: 2, ruling: 'accepted' },
  ]);
  await town.settled();
  expect(await rider.money()).toEqual({ balanceCents: 750, debtCents: 0, denied: false });
  const books = await town.operate<{ balanced: boolean; accounts: unknown }>(
    'GET',
    'trial-balance',
  );
  expect(books.balanced).toBe(true);
  expect(books.accounts).toContainEqual({
    name: 'revenue:M1',
    debitsCents: 0,
    creditsCents: 250,
    balanceCents: 250,
  });
});
