/** What the vault asks of IndexedDB: a counter is on the disk before anybody has it. */
import { expect, test, vi } from 'vitest';
import { createMemoryStorage } from '../../testing/memory-storage.ts';
import { openIndexedVault } from './indexed-vault.ts';
import { type AccountView, type Vault, VaultLost } from './vault.ts';

const log = vi.hoisted(() => ({
  transactions: [] as { mode: string; options: unknown }[],
  finish: (): void => undefined,
  isClosing: false,
}));

function thrown(): never {
  throw new DOMException('The database connection is closing.', 'InvalidStateError');
}

vi.mock('idb', () => ({
  openDB: async () => ({
    get: async () => thrown(),
    put: async () => thrown(),
    transaction: (...asked: [stores: unknown, mode: string, options: unknown]) => {
      if (log.isClosing) thrown();
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

test.each<[string, (vault: Vault) => Promise<unknown>]>([
  ['a counter', (vault) => vault.takeCounter('0123456789abcdef')],
  ['a change', (vault) => vault.changeEnrolment('0123456789abcdef', {})],
  ['what settlement said', (vault) => vault.writeView({} as AccountView)],
  ['a look at the phone', (vault) => vault.readEnrolment() as Promise<unknown>],
  ['a look at what settlement said', (vault) => vault.readView() as Promise<unknown>],
])('%s behind a deletion in another tab says that what was stored is lost', async (_what, ask) => {
  log.isClosing = true;
  const vault = await openIndexedVault(createMemoryStorage({}));
  await expect(ask(vault)).rejects.toBeInstanceOf(VaultLost);
  log.isClosing = false;
});
