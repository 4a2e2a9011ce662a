/** What the vault asks of IndexedDB: a counter is on the disk before anybody has it. */
import { expect, test, vi } from 'vitest';
import { createMemoryStorage } from '../../testing/memory-storage.ts';
import { openIndexedVault } from './indexed-vault.ts';

const log = vi.hoisted(() => ({
  transactions: [] as { mode: string; options: unknown }[],
  finish: (): void => undefined,
}));

vi.mock('idb', () => ({
  openDB: async () => ({
    transaction: (...asked: [stores: unknown, mode: string, options: unknown]) => {
      log.transactions.push({ mode: asked[1], options: asked[2] });
      const done = new Promise<void>((resolve) => {
        log.finish = resolve;
      });
      return { store: { get: async () => 41, put: async () => undefined }, done };
    },
  }),
}));

test('a counter is taken in a strict transaction, and is told only once that is done', async () => {
  const vault = await openIndexedVault(createMemoryStorage({}));
  let told: number | undefined;
  const taken = vault.takeCounter('0123456789abcdef').then((counter) => {
    told = counter;
  });
  // Everything that does not wait for the transaction has happened by then.
  await new Promise((next) => setImmediate(next));
  expect(log.transactions).toEqual([{ mode: 'readwrite', options: { durability: 'strict' } }]);
  expect(told).toBeUndefined();
  log.finish();
  await taken;
  expect(told).toBe(42);
});
