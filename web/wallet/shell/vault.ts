/**
 * What a phone keeps, in IndexedDB: its key, its pass, its seed, the last counter that a code was made
 * with, and what settlement last said about the account. A counter is on disk before its code exists; two
 * tabs take their counters one after the other, because IndexedDB runs such transactions one by one.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { Rider, Statement } from '../core/account.ts';
import type { DeviceKey } from './device-key.ts';
import type { KeptSeed } from './seed.ts';

const NAME = 'stile-wallet';
const VERSION = 1;
const ONLY = 'only';
const STRICT = { durability: 'strict' } as const;
/** Stays in another storage, to tell a phone that was emptied from one that is new. */
const ENROLLED_MARK = 'stile-enrolled';

export type Phone = {
  key: DeviceKey;
  account: string;
  serial: number;
  issuer: number;
  pass: Uint8Array;
  issuedAtS: number;
  expiresAtS: number;
  seed: KeptSeed | null;
};

/** What settlement last said; old as soon as it is stored. */
export type Seen = {
  rider: Rider;
  statement: Statement;
  currency: string;
  atMs: number;
  /** Settlement's clock less this phone's, when both were last seen together; null: not known. */
  clockOffsetS: number | null;
};

interface Schema extends DBSchema {
  phone: { key: string; value: Phone };
  /** By account, from 0 at its enrolment: an account without one is not kept here any more. */
  counter: { key: string; value: number };
  seen: { key: string; value: Seen };
}

/** What was kept of this account is gone, or another one has its place. */
export class VaultLost extends Error {
  override readonly name = 'VaultLost';
}

export type Vault = Awaited<ReturnType<typeof openVault>>;

/** @throws where the browser has no IndexedDB for this page (private windows of some browsers). */
export async function openVault() {
  const db = await openDB<Schema>(NAME, VERSION, {
    upgrade(fresh: IDBPDatabase<Schema>) {
      for (const store of ['phone', 'counter', 'seen'] as const) fresh.createObjectStore(store);
    },
    // Whoever deletes or upgrades it must not wait for this page, which finds out at its next code.
    blocking: () => db.close(),
  });
  return {
    readPhone: () => db.get('phone', ONLY),
    readSeen: () => db.get('seen', ONLY),
    /** Whether a key of this kind can be kept at all; some private windows cannot. */
    async tryKey(key: DeviceKey): Promise<void> {
      const work = db.transaction('phone', 'readwrite');
      await work.store.put({ key } as Phone, 'trial');
      await work.store.delete('trial');
      await work.done;
    },
    async addPhone(phone: Phone): Promise<void> {
      const work = db.transaction(['phone', 'counter', 'seen'], 'readwrite', STRICT);
      await Promise.all([
        work.objectStore('phone').put(phone, ONLY),
        work.objectStore('counter').clear(),
        work.objectStore('counter').put(0, phone.account),
        work.objectStore('seen').clear(),
        work.done,
      ]);
      localStorage.setItem(ENROLLED_MARK, phone.account);
    },
    /** Changes some of what is kept; what another tab has changed meanwhile stays. */
    async changePhone(account: string, change: Partial<Phone>): Promise<Phone> {
      const work = db.transaction('phone', 'readwrite', STRICT);
      const kept = await work.store.get(ONLY);
      if (kept?.account !== account) throw new VaultLost('this account is not kept here any more');
      const next = { ...kept, ...change };
      await work.store.put(next, ONLY);
      await work.done;
      return next;
    },
    async writeSeen(seen: Seen): Promise<void> {
      await db.put('seen', seen, ONLY);
    },
    /** The next counter; on disk before this resolves, and nobody else gets the same one. */
    async takeCounter(account: string): Promise<number> {
      const work = db.transaction('counter', 'readwrite', STRICT);
      const last = await work.store.get(account);
      if (last === undefined) throw new VaultLost('this account has no counter any more');
      await work.store.put(last + 1, account);
      await work.done;
      return last + 1;
    },
    async forget(): Promise<void> {
      const work = db.transaction(['phone', 'counter', 'seen'], 'readwrite', STRICT);
      await Promise.all([
        work.objectStore('phone').clear(),
        work.objectStore('counter').clear(),
        work.objectStore('seen').clear(),
        work.done,
      ]);
      localStorage.removeItem(ENROLLED_MARK);
    },
    close: () => db.close(),
  };
}

/** The account that was enrolled here, as far as this browser still knows. */
export function enrolledBefore(): string | null {
  return localStorage.getItem(ENROLLED_MARK);
}

/** Asks the browser not to evict what is kept; it may say no, or have no such notion. */
export async function askToPersist(): Promise<void> {
  await navigator.storage?.persist?.();
}
