/**
 * A random history whose books are moved in its middle is answered the same, and ends the same, as one that nothing
 * disturbed. `STILE_SEED=…` plays one again, `STILE_MOVED_HISTORIES=300` more of them.
 */
import { rmSync } from 'node:fs';
import { systemRandom } from '@stile/host/random.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { auditSettlement } from '../audit/audit.ts';
import type { Store } from '../store/port.ts';
import { openPostgresStore } from '../store/postgres/store.ts';
import { movableStore, openFileOfBooks } from '../testing/file-of-books.ts';
import { type Deed, histories } from '../testing/history/deeds.ts';
import { readEnds } from '../testing/history/ends.ts';
import { playHistory } from '../testing/history/play.ts';
import { LIMITS } from '../testing/log.ts';
import { usePostgres } from '../testing/postgres-server.ts';
import { storeProperty } from '../testing/store-property.ts';
import { moveBooks } from './move.ts';

const HISTORIES = Number(process.env.STILE_MOVED_HISTORIES ?? 12);
const { STILE_SEED } = process.env;
const SEED = STILE_SEED === undefined ? {} : { seed: Number(STILE_SEED) };

const server = usePostgres();

/** A script signs no lists, which the audit says of every such history. */
async function findWrong(dataDir: string, database?: string): Promise<string[]> {
  const checks = await auditSettlement(dataDir, { database });
  return checks.filter(({ ok }) => !ok).map(({ name }) => name);
}

/** A script says of each batch that the first key of all has sealed it, which has another number after the move. */
async function withKeyOfScript(store: Store): Promise<Store> {
  const gateKeyId = (await store.findGateKeys('g1'))?.[0]?.id ?? 1;
  return {
    ...store,
    ingestBatch: async (batch, nowMs) => await store.ingestBatch({ ...batch, gateKeyId }, nowMs),
  };
}

/** A branch is adopted, and what its gate's own log says of the same ask comes behind it. */
const LATE_BEHIND_BRANCH: Deed[] = [
  ask(),
  ride(),
  ask(),
  { kind: 'cut' },
  ride(),
  { kind: 'send', gate: 0, branch: 0, skip: 1, records: 2 },
  ride(),
  { kind: 'send', gate: 0, branch: 0, skip: null, records: 1 },
  { kind: 'send', gate: 0, branch: 0, skip: null, records: 1 },
  ask(),
  { kind: 'resolve', gate: 0, how: 'ADOPT' },
];

function ask(): Deed {
  return { kind: 'authorise', gate: 0, rider: 'a', opens: false, isAsked: false };
}

function ride(): Deed {
  return { kind: 'ride', gate: 0, rider: 'a', counter: 0, hasClock: false, boot: 0 };
}

test('moved in the middle: the same answers, the same ends, and a good audit', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(99), async (deeds, part) => {
      const first = await openFileOfBooks();
      const { dataDir, store } = await openFileOfBooks();
      const url = await server.emptyDatabase();
      const movable = movableStore(store);
      const at = Math.floor((deeds.length * part) / 100);
      try {
        const { answers, ends, refused } = await playHistory(first.store, deeds);
        const played = await playHistory(movable.store, deeds, {
          refused,
          before: async (index, { nowMs }) => {
            if (index !== at) return;
            const before = await readEnds(movable.store, nowMs);
            await store.close();
            const wrong = await findWrong(dataDir);
            await moveBooks(dataDir, { to: url, random: systemRandom, pageRows: 3 });
            expect(await findWrong(dataDir, url)).toEqual(wrong);
            const moved = await openPostgresStore({ url, dataDir, limitsNow: LIMITS });
            movable.use(await withKeyOfScript(moved));
            expect(await readEnds(movable.store, nowMs)).toBe(before);
          },
        });
        expect(played.answers).toEqual(answers);
        expect(played.ends).toBe(ends);
        expect(await findWrong(dataDir, url)).toEqual(await findWrong(first.dataDir));
      } finally {
        await first.store.close();
        await movable.store.close();
        for (const dir of [dataDir, first.dataDir]) rmSync(dir, { recursive: true, force: true });
      }
    }),
    { ...storeProperty(HISTORIES), ...SEED, examples: [[LATE_BEHIND_BRANCH, 0]] },
  );
});
