/**
 * What a settlement's books were made with, and cannot be changed under them: every amount in them is of one
 * currency, every account and key of one issuer.
 */
import { Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';
import type { Store } from './store/port.ts';

const MADE_WITH_KEY = 'booksMadeWith';
const madeWithSchema = z.strictObject({ currency: z.string(), issuer: z.int() });
type MadeWith = z.infer<typeof madeWithSchema>;

/** @throws Fault CONFIG_INVALID if the settings name another currency or issuer than the books are of. */
export async function requireSameBooks(
  store: Store,
  { dataDir, currency, issuer }: MadeWith & { dataDir: string },
): Promise<void> {
  const text = await store.readMeta(MADE_WITH_KEY);
  const books =
    text === undefined ? await readFromLists(store) : madeWithSchema.parse(JSON.parse(text));
  const settings: MadeWith = { currency, issuer };
  for (const name of ['currency', 'issuer'] as const) {
    const made = books[name];
    if (made === undefined || made === settings[name]) continue;
    throw new Fault(
      'CONFIG_INVALID',
      `${name} in ${dataDir}/settlement.json is ${settings[name]}, but the books here were made with ${made}: ` +
        'set it back. Other books need another, empty directory',
    );
  }
  if (text === undefined) await store.writeMeta(MADE_WITH_KEY, JSON.stringify(settings));
}

/** Books of an older version do not say it themselves, but what they have published does. */
async function readFromLists(store: Store): Promise<Partial<MadeWith>> {
  const { issuerKeys, trust } = await store.readListFacts();
  const issuer = issuerKeys[0]?.issuer;
  return {
    ...(issuer === undefined ? {} : { issuer }),
    ...(trust === undefined ? {} : { currency: trust.list.currency }),
  };
}
