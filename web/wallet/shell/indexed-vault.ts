/**
 * The vault in IndexedDB. Two tabs take their counters one after the other, because IndexedDB runs such
 * transactions one by one.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { isClosedDatabase, STRICT } from '../../parts/indexed.ts';
import type { TextStorage } from '../../parts/storage.ts';
import { type AccountView, type Enrolment, type Vault, VaultLost } from './vault.ts';

const NAME = 'stile-wallet';
const VERSION = 1;
const ONLY = 'only';
const PENDING = 'pending';
/** Stays in another storage, to tell a phone that was emptied from one that is new. */
const ENROLLED_MARK = 'stile-enrolled';

interface Schema extends DBSchema {
  phone: { key: string; value: Enrolment };
  /** By account, from 0 at its enrolment: an account without one is not stored here any more. */
  counter: { key: string; value: number };
  seen: { key: string; value: AccountView };
}

/** @throws if the browser has no IndexedDB for this page (private windows of some browsers). */
export async function openIndexedVault(marks: TextStorage): Promise<Vault> {
  const db = await openDB<Schema>(NAME, VERSION, {
    upgrade(fresh: IDBPDatabase<Schema>) {
      for (const store of ['phone', 'counter', 'seen'] as const) fresh.createObjectStore(store);
    },
    // Whoever deletes or upgrades it must not wait for this page, which finds out at its next code.
    blocking: () => db.close(),
  });
  return lostIfClosed({
    readEnrolment: async () => await db.get('phone', ONLY),
    readView: async () => await db.get('seen', ONLY),
    enrolledBefore: () => marks.getItem(ENROLLED_MARK),
    async keepKey(make) {
      const kept = await db.get('phone', PENDING);
      if (kept !== undefined) return kept.key;
      const key = await make();
      const work = db.transaction('phone', 'readwrite', STRICT);
      const earlier = await work.store.get(PENDING);
      // Of another tab, that was quicker.
      if (earlier === undefined) await work.store.put({ key } as Enrolment, PENDING);
      await work.done;
      return earlier?.key ?? key;
    },
    async dropKey() {
      await db.delete('phone', PENDING);
    },
    async addEnrolment(enrolment) {
      const work = db.transaction(['phone', 'counter', 'seen'], 'readwrite', STRICT);
      // Another tab may have heard of the same account before, and have shown codes of it.
      const counter = (await work.objectStore('counter').get(enrolment.account)) ?? 0;
      await Promise.all([
        work.objectStore('phone').put(enrolment, ONLY),
        work.objectStore('phone').delete(PENDING),
        work.objectStore('counter').clear(),
        work.objectStore('counter').put(counter, enrolment.account),
        work.objectStore('seen').clear(),
        work.done,
      ]);
      marks.setItem(ENROLLED_MARK, enrolment.account);
    },
    async changeEnrolment(account, change) {
      const work = db.transaction('phone', 'readwrite', STRICT);
      const stored = await work.store.get(ONLY);
      if (stored?.account !== account) throw new VaultLost('this account is not here any more');
      const next = { ...stored, ...(typeof change === 'function' ? change(stored) : change) };
      await work.store.put(next, ONLY);
      await work.done;
      return next;
    },
    async writeView(view) {
      await db.put('seen', view, ONLY);
    },
    async takeCounter(account) {
      const work = db.transaction('counter', 'readwrite', STRICT);
      const last = await work.store.get(account);
      if (last === undefined) throw new VaultLost('this account has no counter any more');
      await work.store.put(last + 1, account);
      await work.done;
      return last + 1;
    },
    async clear() {
      const work = db.transaction(['phone', 'counter', 'seen'], 'readwrite', STRICT);
      await Promise.all([
        work.objectStore('phone').clear(),
        work.objectStore('counter').clear(),
        work.objectStore('seen').clear(),
        work.done,
      ]);
      marks.removeItem(ENROLLED_MARK);
    },
    close: () => db.close(),
  });
}

/** A connection that was closed for somebody else, or is closing, throws at whatever comes next. */
function lostIfClosed(vault: Vault): Vault {
  const kept = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw isClosedDatabase(error)
        ? new VaultLost('what was stored here was closed or deleted')
        : error;
    }
  };
  return {
    ...vault,
    readEnrolment: async () => await kept(vault.readEnrolment()),
    readView: async () => await kept(vault.readView()),
    keepKey: (make) => kept(vault.keepKey(make)),
    dropKey: () => kept(vault.dropKey()),
    addEnrolment: (enrolment) => kept(vault.addEnrolment(enrolment)),
    changeEnrolment: (account, change) => kept(vault.changeEnrolment(account, change)),
    writeView: (view) => kept(vault.writeView(view)),
    takeCounter: (account) => kept(vault.takeCounter(account)),
    clear: () => kept(vault.clear()),
  };
}
