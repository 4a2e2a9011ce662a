/**
 * The same random history, played on every database, has the same answers and ends in the same books, byte for byte.
 * A run that fails says its seed; `STILE_SEED=…` plays that one again, `STILE_HISTORIES=300` more of them.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { histories } from '../testing/history/deeds.ts';
import { playHistory } from '../testing/history/play.ts';
import { LIMITS } from '../testing/log.ts';
import { usePostgres } from '../testing/postgres-server.ts';
import { storeProperty } from '../testing/store-property.ts';
import { openScratchPostgres } from './postgres/testing/scratch-store.ts';
import { openScratchSqlite } from './sqlite/testing/scratch-store.ts';

const HISTORIES = Number(process.env.STILE_HISTORIES ?? 20);
const { STILE_SEED } = process.env;
const SEED = STILE_SEED === undefined ? {} : { seed: Number(STILE_SEED) };

const server = usePostgres();
/** SQLite says how it has to be; played once more it is seen to change nothing where it refuses. */
const OTHERS = {
  'on SQLite once more': () => openScratchSqlite(LIMITS),
  'on PostgreSQL': () => openScratchPostgres(server, LIMITS),
};

test.each(Object.entries(OTHERS))(
  '%s: a history ends as it does on SQLite',
  async (_name, open) => {
    await fc.assert(
      fc.asyncProperty(histories, async (deeds) => {
        const [first, other] = [await openScratchSqlite(LIMITS), await open()];
        try {
          const { answers, refused, ends } = await playHistory(first.store, deeds);
          const played = await playHistory(other.store, deeds, { refused });
          expect(played.answers).toEqual(answers);
          expect(played.ends).toBe(ends);
        } finally {
          await first.remove();
          await other.remove();
        }
      }),
      { ...storeProperty(HISTORIES), ...SEED },
    );
  },
);
