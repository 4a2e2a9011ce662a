/** A process that could not open seeds which are still good: it does not start, or ends them on an operator's word. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { requireSeedKeys } from './seed-keys.ts';

const log = pino({ level: 'silent' });
const clock = createMovedClock({ wallMs: 1, monoMs: 1 });
let meta: Map<string, string>;
/** Keys of seeds that are good. */
let good: string[];
let looks: number;
beforeEach(() => {
  meta = new Map();
  good = [];
  looks = 0;
});

const store = {
  readMeta: async (key: string) => meta.get(key),
  swapMeta: async ({ key, from, to }: { key: string; from: string | null; to: string }) => {
    if ((meta.get(key) ?? null) !== from) return false;
    meta.set(key, to);
    return true;
  },
  listSeedKeys: async () => {
    looks += 1;
    return good;
  },
  endSeedsOfKey: async ({ keyId }: { keyId: string }) => {
    good = good.filter((one) => one !== keyId);
  },
};

/** The first of them seals. */
async function start(keys: string[], { mayForget = false } = {}): Promise<string> {
  const seedBox = { keyId: keys[0] ?? '', hasKey: (keyId: string) => keys.includes(keyId) };
  try {
    await requireSeedKeys({ store, seedBox, mayForget, clock, log });
    return 'started';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a process with other keys than those that sealed is refused by their names', async () => {
  expect(await start(['a'])).toBe('started');
  good = ['a'];
  expect(await start(['b'])).toMatch(/^STILE_SEED_KEY lacks the key a, .*put it behind the others/);
  expect(await start(['b', 'a'])).toBe('started');
  good = ['a', 'b'];
  expect(await start(['c'])).toMatch(/lacks the key a and b,/);
  expect(await start(['a'])).toMatch(/lacks the key b,/);
  expect(await start(['a', 'b'])).toBe('started');
});

test('a key whose seeds have ended is taken away without a word', async () => {
  await start(['a']);
  await start(['b', 'a']);
  good = ['b'];
  expect(await start(['b'])).toBe('started');
  expect(meta.get('seedKeys')).toBe('["b"]');
});

test('seeds of a lost key end on the word of the operator, others do not', async () => {
  await start(['a']);
  await start(['b', 'a']);
  good = ['a', 'b'];
  expect(await start(['b'], { mayForget: true })).toBe('started');
  expect(good).toEqual(['b']);
  expect(await start(['b'])).toBe('started');
});

test('a database of before, without the note, is looked at once', async () => {
  good = ['a'];
  expect(await start(['b'])).toMatch(/lacks the key a,/);
  expect(await start(['a'])).toBe('started');
  looks = 0;
  expect(await start(['a'])).toBe('started');
  expect(looks).toBe(0);
});

test('two that begin at once are both noted, and none without keys is asked', async () => {
  expect(await Promise.all([start(['a', 'b']), start(['b', 'a'])])).toEqual(['started', 'started']);
  expect(meta.get('seedKeys')).toBe('["a","b"]');
  await requireSeedKeys({ store, seedBox: null, mayForget: false, clock, log });
});
