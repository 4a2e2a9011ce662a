/** What an operator is told when a gate or a fare is good as asked for, and will not bring in what they expect. */
import type { GateToken, SetFare } from '@stile/protocol/http/operator-api.ts';
import { afterEach, expect, test } from 'vitest';
import { ScriptedTown } from '../../testing/town.ts';

let town: ScriptedTown;
afterEach(async () => {
  await town.close();
});

test('a gate of a line without a fare is announced with a warning, until the line has one', async () => {
  town = await ScriptedTown.open();
  const add = async () =>
    await town.operate<GateToken>('POST', 'gates', { body: { gate: 'g7', line: 'L7' } });
  expect((await add()).warning).toBe('line L7 has no fare yet: set it with set-fare');
  await town.setFare('L7', 250);
  expect(await add()).not.toHaveProperty('warning');
});

test('a fare above what a pass lets a ride cost is set with a warning', async () => {
  town = await ScriptedTown.open();
  const set = async (fareCents: number) =>
    await town.operate<SetFare>('PUT', 'lines/L7', { body: { fareCents } });
  expect(await set(3_500)).not.toHaveProperty('warning');
  expect((await set(3_501)).warning).toContain('the ceiling of its pass: 3500');
});
