/** What is asked in one moment goes together, up to a bound; who fails, fails alone. */
import { expect, test } from 'vitest';
import { createGroups, createLookUp } from './groups.ts';

type Run = (numbers: readonly number[]) => Promise<readonly (string | null)[]>;

function recorded(run: Run, bounds: { sizeMax?: number; atOnceMax?: number } = {}) {
  const groups: (readonly number[])[] = [];
  const ask = createGroups<number, string>({
    sizeMax: 3,
    atOnceMax: 1,
    ...bounds,
    run: async (numbers) => {
      groups.push(numbers);
      return await run(numbers);
    },
  });
  return { groups, ask };
}

const named: Run = async (numbers) => numbers.map((number) => `n${number}`);

test('of seven asked at once three go together, in their order, and each has its own answer', async () => {
  const { groups, ask } = recorded(named);
  expect(await Promise.all([1, 2, 3, 4, 5, 6, 7].map(ask))).toEqual(
    [1, 2, 3, 4, 5, 6, 7].map((number) => `n${number}`),
  );
  expect(groups).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
});

test('no more groups run at once than are allowed', async () => {
  let running = 0;
  let most = 0;
  const { ask } = recorded(
    async (numbers) => {
      running += 1;
      most = Math.max(most, running);
      for (let turn = 0; turn < 5; turn += 1) await new Promise((next) => setImmediate(next));
      running -= 1;
      return await named(numbers);
    },
    { sizeMax: 1, atOnceMax: 2 },
  );
  await Promise.all([1, 2, 3, 4, 5].map(ask));
  expect(most).toBe(2);
});

test('what has to be asked again comes before what is new', async () => {
  const { groups, ask } = recorded(async (numbers) =>
    numbers.map((number, index) => (index === 0 ? `n${number}` : null)),
  );
  await Promise.all([1, 2, 3, 4].map(ask));
  expect(groups).toEqual([[1, 2, 3], [2, 3, 4], [3, 4], [4]]);
});

test('a group that fails is carried out one by one, and only the cause of it fails', async () => {
  const { groups, ask } = recorded(async (numbers) => {
    if (numbers.includes(2)) throw new Error('two');
    return await named(numbers);
  });
  const ended = await Promise.allSettled([1, 2, 3].map(ask));
  expect(ended.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]]);
  expect(await ask(4)).toBe('n4');
});

test('a group that says nothing about any of them fails, and does not run for ever', async () => {
  const { ask } = recorded(async (numbers) => numbers.map(() => null));
  await expect(ask(1)).rejects.toThrow('a group gets on by one request at least');
});

test('one look-up for all that is asked in one moment, each name once', async () => {
  const asked: (readonly string[])[] = [];
  const lookUp = createLookUp(async (names: readonly string[]) => {
    asked.push(names);
    return new Map([['a', 1]]);
  });
  expect(await Promise.all(['a', 'b', 'a'].map(lookUp))).toEqual([1, undefined, 1]);
  expect(asked).toEqual([['a', 'b']]);
});
