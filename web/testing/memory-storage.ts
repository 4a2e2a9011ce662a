/** A browser's small storage without a browser. */
import type { TextStorage } from '../parts/storage.ts';

export function createMemoryStorage(first: Readonly<Record<string, string>> = {}): TextStorage {
  const texts = new Map(Object.entries(first));
  return {
    getItem: (name) => texts.get(name) ?? null,
    setItem: (name, text) => {
      texts.set(name, text);
    },
    removeItem: (name) => {
      texts.delete(name);
    },
    names: () => [...texts.keys()],
  };
}
