/**
 * What a till must not forget, as it sees its storage: the token, and what was begun and is not known yet. Each record
 * has a key of its own, so that two windows never write over one another's.
 */
import type { TextStorage } from '../../parts/storage.ts';

export const RECORD_KINDS = ['pending', 'order', 'refund'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

export type RecordKey = { kind: RecordKind; key: string };

export type TillVault = {
  /** Of this kind, as they were stored; whoever asks has to look at each. */
  readRecords(kind: RecordKind): Promise<unknown[]>;
  /** On the disk before this resolves. @throws if it cannot be stored. */
  addRecord(place: RecordKey, record: object): Promise<void>;
  removeRecord(place: RecordKey): Promise<void>;
  readToken(): Promise<string | null>;
  /** On the disk before this resolves; null: nobody's from now on. @throws if it cannot be stored. */
  writeToken(token: string | null): Promise<void>;
};

export const TOKEN_STORED_AS = 'stile-till-token';

export function recordName({ kind, key }: RecordKey): string {
  return `stile-till-${kind}-${key}`;
}

/** In the small storage, where a browser that is killed forgets the last minute: better than nowhere. */
export function createTextVault(storage: TextStorage): TillVault {
  return {
    readRecords: async (kind) => readTexts(storage, kind).flatMap(({ record }) => record),
    async addRecord(place, record) {
      storage.setItem(recordName(place), JSON.stringify(record));
    },
    async removeRecord(place) {
      storage.removeItem(recordName(place));
    },
    readToken: async () => storage.getItem(TOKEN_STORED_AS),
    async writeToken(token) {
      if (token === null) storage.removeItem(TOKEN_STORED_AS);
      else storage.setItem(TOKEN_STORED_AS, token);
    },
  };
}

type StoredText = { name: string; key: string; record: unknown[] };

/** Junk of others hides no record beside it: then `record` has none. */
export function readTexts(storage: TextStorage, kind: RecordKind): StoredText[] {
  const prefix = recordName({ kind, key: '' });
  const names = storage.names().filter((name) => name.startsWith(prefix));
  return names.map((name) => {
    const key = name.slice(prefix.length);
    try {
      return { name, key, record: [JSON.parse(storage.getItem(name) ?? '')] };
    } catch {
      return { name, key, record: [] };
    }
  });
}
