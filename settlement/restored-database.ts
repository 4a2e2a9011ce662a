/**
 * What follows a restore of books in PostgreSQL, which its own programs do: keys and books have to fit, and versions go
 * on far above those of the backup, because gates hold later lists than it knows, and would refuse its next ones.
 */
import { type Clock, wallS } from '@stile/host/clock.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import type { Random } from '@stile/host/random.ts';
import type { SeenVersions } from './core/lists/version-floor.ts';
import { readConfig, requireWhole } from './data-dir.ts';
import { requirePlace } from './database-place.ts';
import { requireKeysOfBooks } from './keys/keys-of-books.ts';
import { META_KEY } from './keys/operator-book.ts';
import { openStore, readTokenHash } from './open-store.ts';
import type { Store } from './store/port.ts';

/** No process that leads has this name. */
const HOLDER = 'restored';

export type RestoredParts = {
  /** postgres://… of the database that was restored. */
  database: string;
  clock: Clock;
  random: Random;
};

/**
 * Once, before settlement is started on them; once more does no harm.
 * @throws Fault CONFLICT if settlement runs, FILE_UNREADABLE if a key is missing or another one, CONFIG_INVALID or STORE_*
 * if the database is not the one of this directory.
 */
export async function goOnAboveBackup(dataDir: string, of: RestoredParts): Promise<SeenVersions> {
  const { database, clock, random } = of;
  requirePlace(dataDir, database);
  requireWhole(dataDir, { database });
  const config = readConfig(dataDir);
  const unlock = lockDataDir(dataDir, 'settlement');
  try {
    const store = await openStore(dataDir, { config, clock, random, database });
    try {
      await readTokenHash(store);
      const text = await store.readMeta(META_KEY);
      if (text !== undefined) await requireKeysOfBooks(dataDir, { text, nowS: wallS(clock) });
      await endLease(store);
      return await store.jumpAhead(clock.now().wallMs);
    } finally {
      await store.close();
    }
  } finally {
    unlock();
  }
}

/** Whoever led when the backup was made does not lead here: the first that starts does at once. */
async function endLease(store: Store): Promise<void> {
  const over = await store.bidForLease({ holder: HOLDER, over: null });
  await store.bidForLease({ holder: HOLDER, over });
  await store.releaseLease(HOLDER);
}
