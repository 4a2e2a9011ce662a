/** A payment's key is drawn, not made from the time: two sales of one second never meet under one key. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { expect, test } from 'vitest';
import { createMemoryStorage } from '../../testing/memory-storage.ts';
import { type Pending, Sale, type SaleParts } from './sale.ts';
import { createTextVault } from './vault.ts';

test('two tills at the same instant draw different keys, and one till draws a new one for each sale', async () => {
  const keys: string[] = [];
  const client = {
    async pay({ idempotencyKey }: Pending) {
      keys.push(idempotencyKey);
      return { outcome: 'PAID' };
    },
  };
  const till = (seed: number) =>
    new Sale({
      client: client as unknown as SaleParts['client'],
      clock: { now: () => ({ wallMs: 1_000, monoMs: 1_000 }), alarm: () => () => undefined },
      random: createSeededRandom(seed),
      vault: createTextVault(createMemoryStorage({})),
      tabs: { announce: () => undefined },
      onChange: () => undefined,
    });
  const [first, second] = [till(1), till(2)];
  for (const sale of [first, second])
    await sale.enter({ merchant: 'kiosk', name: 'Kiosk', currency: 'EUR' });
  await first.take('code', { amountCents: 1 });
  await second.take('code', { amountCents: 1 });
  await first.take('code', { amountCents: 1 });
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(3);
});
