/** Pieces of background work come one in each round of the event loop, in the order they were brought. */
import { expect, test } from 'vitest';
import { createTurns } from './turns.ts';

test('each round has one piece, whoever brings it, first come first served', async () => {
  const turns = createTurns();
  const seen: string[] = [];
  let round = 0;
  let counting = true;
  const count = () => {
    round += 1;
    if (counting) setImmediate(count);
  };
  setImmediate(count);
  const work = async (name: string, pieces: number) => {
    for (let piece = 1; piece <= pieces; piece += 1) {
      await turns.take();
      seen.push(`${round} ${name}${piece}`);
    }
  };
  await Promise.all([work('a', 3), work('b', 2), work('c', 1)]);
  counting = false;
  expect(seen).toEqual(['1 a1', '2 b1', '3 c1', '4 a2', '5 b2', '6 a3']);
});

test('a piece that fails costs the others nothing', async () => {
  const turns = createTurns();
  const failing = turns.take().then(() => {
    throw new Error('no');
  });
  const other = turns.take();
  await expect(failing).rejects.toThrow('no');
  await other;
  await turns.take();
});
