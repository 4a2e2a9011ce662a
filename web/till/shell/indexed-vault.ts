/**
 * The till's vault in IndexedDB, where a record is on the disk before settlement is asked. What an earlier version left
 * in the small storage is taken along.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { isClosedDatabase, STRICT } from '../../parts/indexed.ts';
import type { TextStorage } from '../../parts/storage.ts';
import {
  createTextVault,
  RECORD_KINDS,
  type RecordKind,
  readTexts,
  type TillVault,
  TOKEN_STORED_AS,
} from './vault.ts';

const NAME = 'stile-till';
const VERSION = 1;
const TOKEN = 'token';

interface Schema extends DBSchema {
  pending: { key: string; value: object };
  order: { key: string; value: object };
  refund: { key: string; value: object };
  /** Whose till this is. */
  shop: { key: string; value: string };
}
type Database = IDBPDatabase<Schema>;

/** Opened at its first use; where a browser has no IndexedDB for pages, the small storage does. */
export function openTillVault(storage: TextStorage): TillVault {
  let opened: Promise<TillVault> | undefined;
  const vault = () => {
    opened ??= open(() => {
      opened = undefined;
    }).then(
      async (db) => {
        await takeAlong(db, storage);
        return indexedVault(db);
      },
      () => createTextVault(storage),
    );
    opened.catch(() => {
      opened = undefined;
    });
    return opened;
  };
  /** Somebody who has deleted or upgraded the database has closed it: it is opened anew, once. */
  const use = async <T>(work: (vault: TillVault) => Promise<T>): Promise<T> => {
    try {
      return await work(await vault());
    } catch (error) {
      if (!isClosedDatabase(error)) throw error;
      opened = undefined;
      return await work(await vault());
    }
  };
  return {
    readRecords: (kind) => use((found) => found.readRecords(kind)),
    addRecord: (place, record) => use((found) => found.addRecord(place, record)),
    removeRecord: (place) => use((found) => found.removeRecord(place)),
    readToken: () => use((found) => found.readToken()),
    writeToken: (token) => use((found) => found.writeToken(token)),
  };
}

async function open(onClosed: () => void): Promise<Database> {
  const db = await openDB<Schema>(NAME, VERSION, {
    upgrade(fresh) {
      for (const store of [...RECORD_KINDS, 'shop'] as const) fresh.createObjectStore(store);
    },
    blocking: () => {
      db.close();
      onClosed();
    },
    terminated: onClosed,
  });
  return db;
}

function indexedVault(db: Database): TillVault {
  return {
    readRecords: async (kind) => await db.getAll(kind),
    addRecord: async ({ kind, key }, record) => await put(db, { store: kind, key, value: record }),
    removeRecord: async ({ kind, key }) => await db.delete(kind, key),
    readToken: async () => (await db.get('shop', TOKEN)) ?? null,
    async writeToken(token) {
      const work = db.transaction('shop', 'readwrite', STRICT);
      await (token === null ? work.store.delete(TOKEN) : work.store.put(token, TOKEN));
      await work.done;
    },
  };
}

type Putting = { store: RecordKind; key: string; value: object };

async function put(db: Database, { store, key, value }: Putting): Promise<void> {
  const work = db.transaction(store, 'readwrite', STRICT);
  await work.store.put(value, key);
  await work.done;
}

/** What a version before this one has stored: first here and on the disk, and only then no more there. */
async function takeAlong(db: Database, storage: TextStorage): Promise<void> {
  for (const kind of RECORD_KINDS) {
    for (const { name, key, record } of readTexts(storage, kind)) {
      const [value] = record;
      if (typeof value !== 'object' || value === null) continue;
      await put(db, { store: kind, key, value });
      storage.removeItem(name);
    }
  }
  const token = storage.getItem(TOKEN_STORED_AS);
  if (token === null) return;
  const work = db.transaction('shop', 'readwrite', STRICT);
  const stored = await work.store.get(TOKEN);
  if (stored === undefined) await work.store.put(token, TOKEN);
  await work.done;
  storage.removeItem(TOKEN_STORED_AS);
}
