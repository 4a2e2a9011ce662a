/** What the database has of the operator's keys: what the roots have said, and their words on online keys. */
import { type Clock, wallS } from '@stile/host/clock.ts';
import { z } from 'zod';
import { ensureKey, rootKeyFile, writeFirstRoot } from '../data-dir.ts';
import type { Store } from '../store/port.ts';
import { rootKeyOf, signFirstStatement } from './root-grant.ts';

export const META_KEY = 'operatorKeys';

const bookSchema = z.strictObject({
  statements: z.array(z.string()).min(1),
  certificates: z.array(z.string()),
});
export type Book = z.infer<typeof bookSchema>;

type BookParts = {
  dataDir: string;
  store: Pick<Store, 'readMeta' | 'swapMeta'>;
  clock: Clock;
};

export function readBook(text: string): Book {
  return bookSchema.parse(JSON.parse(text));
}

/** A crash before it is stored leaves keys that nobody knows, and the next start takes them. */
export async function beginBook({ dataDir, store, clock }: BookParts): Promise<string> {
  const root = ensureKey(rootKeyFile(dataDir, 1));
  const next = rootKeyOf(ensureKey(rootKeyFile(dataDir, 2)));
  writeFirstRoot(dataDir, rootKeyOf(root));
  const statements = [await signFirstStatement(root, { next, nowS: wallS(clock) })];
  const text = JSON.stringify({ statements, certificates: [] } satisfies Book);
  // Of two that begin at once one is first, and the other one's root is refused by it.
  const isFirst = await store.swapMeta({ key: META_KEY, from: null, to: text });
  return isFirst ? text : ((await store.readMeta(META_KEY)) ?? text);
}
