/**
 * Processes on one database that die at any byte of what they say to it, over and over, while others go on: each
 * request is made again until it is answered, and a history ends in the books of one in which nobody died.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { WorkTurn } from '../../core/rides/outbox-changes.ts';
import { type CutWire, openCutWire } from '../../testing/cut-wire.ts';
import { histories } from '../../testing/history/deeds.ts';
import { playHistory } from '../../testing/history/play.ts';
import { LIMITS } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import type { Store } from '../port.ts';
import { openScratchSqlite } from '../sqlite/testing/scratch-store.ts';
import { openPostgresStore } from './store.ts';

const KILLS = Number(process.env.STILE_KILLS ?? 250);
const SEED = Number(process.env.STILE_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Of one life, behind its start: some end before their first answer, some do much. */
const LIFE_BYTES_MAX = 40_000;
/** Processes that die at one request, each a little further on or not. */
const TRIES_MAX = 100;
/** What nobody asks for twice with the same words: a code is drawn anew, a list is the next one, a fare is another. */
const ASKED_ONCE = new Set<keyof Store>(['addOnlineCode', 'advanceDenyList', 'setFare']);

const server = usePostgres();

type Life = { name: string; wire: CutWire; store: Store };

/** Some processes on one database; `kills`: how many have died. */
class Town {
  readonly #url: string;
  readonly #random: () => number;
  readonly dataDir = mkdtempSync(join(tmpdir(), 'stile-kills-'));
  readonly #lives = new Set<Life>();
  #begun = 0;
  kills = 0;
  isMortal = false;

  constructor(url: string, random: () => number) {
    this.#url = url;
    this.#random = random;
  }

  async #begin(): Promise<Life> {
    this.#begun += 1;
    const name = `s${String(this.#begun).padStart(4, '0')}`;
    const wire = await openCutWire(this.#url, { name });
    const { dataDir } = this;
    const store = await openPostgresStore({ url: wire.url, dataDir, limitsNow: LIMITS });
    const life = { name, wire, store };
    this.#lives.add(life);
    return life;
  }

  async #bury(life: Life): Promise<void> {
    this.#lives.delete(life);
    await life.wire.close();
    await life.store.close();
    // What the dead one held is free once the server has seen that nobody is there.
    const seen = `SELECT 1 FROM pg_stat_activity WHERE application_name = '${life.name}'`;
    await expect.poll(async () => (await server.run(seen)).rowCount, { interval: 5 }).toBe(0);
  }

  /** A process that lives for ever. */
  async immortal(): Promise<Store> {
    return (await this.#begin()).store;
  }

  /** A process that dies and is begun anew; what it was asked for is asked again. */
  async mortal(immortal: Store): Promise<Store> {
    let life = await this.#begin();
    let beginning: Promise<void> | null = null;
    const begin = async (dead: Life) => {
      this.kills += 1;
      await this.#bury(dead);
      life = await this.#begin();
      this.#arm(life);
    };
    const ask = async (name: keyof Store, given: unknown[]): Promise<unknown> => {
      for (let tries = 0; tries < TRIES_MAX; tries += 1) {
        const asked = life;
        if (this.isMortal && !asked.wire.isCut) this.#arm(asked);
        try {
          return await Reflect.apply(asked.store[name], asked.store, given);
        } catch (error) {
          if (!asked.wire.isCut) throw error;
        }
        if (asked === life) {
          beginning ??= begin(asked).finally(() => {
            beginning = null;
          });
        }
        await beginning;
      }
      throw new Error(`${name}: ${TRIES_MAX} processes died at it`);
    };
    const methods = (Object.keys(immortal) as (keyof Store)[]).map((name) => [
      name,
      ASKED_ONCE.has(name) ? immortal[name] : (...given: unknown[]) => ask(name, given),
    ]);
    return Object.fromEntries(methods) as Store;
  }

  readonly #armed = new WeakSet<Life>();
  #arm(life: Life): void {
    if (this.#armed.has(life)) return;
    this.#armed.add(life);
    life.wire.cutAfter(Math.floor(this.#random() * LIFE_BYTES_MAX));
  }

  async close(): Promise<void> {
    for (const { store, wire } of this.#lives) {
      await store.close();
      await wire.close();
    }
    rmSync(this.dataDir, { recursive: true });
  }
}

/** Two share the work: what one of them holds the other passes by. */
function workedByBoth(one: Store, other: Store): Store {
  return {
    ...one,
    ...({
      workOnce: async (turn) => {
        const turns = await Promise.all([one.workOnce(turn), other.workOnce(turn)]);
        const first = (kind: WorkTurn['kind']) => turns.find((of) => of.kind === kind);
        return first('failed') ?? first('worked') ?? { kind: 'idle' };
      },
    } satisfies Partial<Store>),
  };
}

test(`${KILLS} kills at any byte (seed ${SEED}): every history ends as if nobody had died`, async () => {
  const drawn = fc.sample(histories, { seed: SEED, numRuns: KILLS });
  const drawnShares = fc.sample(fc.double({ min: 0, max: 1, noNaN: true }), {
    seed: SEED,
    numRuns: 20 * KILLS,
  });
  const shares = drawnShares.values();
  const draw = () => shares.next().value ?? 0;
  let kills = 0;
  for (const deeds of drawn) {
    if (kills >= KILLS) break;
    const undisturbed = await openScratchSqlite(LIMITS);
    const { ends } = await playHistory(undisturbed.store, deeds);
    await undisturbed.remove();
    const url = await server.freshDatabase();
    const town = new Town(url, draw);
    const immortal = await town.immortal();
    const [one, other] = [await town.mortal(immortal), await town.mortal(immortal)];
    const played = await playHistory(workedByBoth(one, other), deeds, {
      before: async () => {
        town.isMortal = true;
      },
    });
    expect(played.ends, `seed ${SEED}`).toBe(ends);
    kills += town.kills;
    await town.close();
    await server.recycle(url);
  }
  expect(kills).toBeGreaterThanOrEqual(KILLS);
});
