/** Challenges that nobody keeps: good once, for a time, of this process, and no flood pushes one out. */
import { systemRandom } from '@stile/host/random.ts';
import { expect, test } from 'vitest';
import { createTownClock } from '../testing/town.ts';
import { createChallenges } from './challenges.ts';

function open(usedMax?: number) {
  const clock = createTownClock();
  return { clock, challenges: createChallenges({ clock, random: systemRandom }, usedMax) };
}

test('twenty thousand that are asked for do not push out the one before them, and leave nothing', () => {
  const { challenges } = open();
  const { challenge } = challenges.make();
  const others = new Set(Array.from({ length: 20_001 }, () => challenges.make().challenge));
  expect(others.size).toBe(20_001);
  expect(challenges.isOpen(challenge)).toBe(true);
  expect(challenges.size).toBe(0);
});

test('one is good until a proof has held for it, and for two minutes', async () => {
  const { challenges, clock } = open();
  const [first, second] = [challenges.make(), challenges.make()];
  expect(challenges.isOpen(first.challenge)).toBe(true);
  expect(challenges.isOpen(first.challenge)).toBe(true);
  await challenges.use(first.challenge);
  expect(challenges.isOpen(first.challenge)).toBe(false);
  clock.advance(119_000);
  expect(challenges.isOpen(second.challenge)).toBe(true);
  clock.advance(1_000);
  expect(challenges.isOpen(second.challenge)).toBe(false);
});

test('used ones are kept until they end, no longer, and no more than there is room for', async () => {
  const { challenges, clock } = open(2);
  const [first, second, third] = [challenges.make(), challenges.make(), challenges.make()];
  await challenges.use(first.challenge);
  await challenges.use(second.challenge);
  await expect(challenges.use(third.challenge)).rejects.toThrow(
    expect.objectContaining({ code: 'UPLINK_BUSY' }),
  );
  expect(challenges.isOpen(first.challenge)).toBe(false);
  clock.advance(120_000);
  await challenges.use(challenges.make().challenge);
  expect(challenges.size).toBe(1);
});

test('what is changed, spelt otherwise or of another process is none', () => {
  const { challenges } = open();
  const { challenge } = challenges.make();
  const flipped = `${challenge[0] === 'A' ? 'B' : 'A'}${challenge.slice(1)}`;
  const late = Buffer.from(challenge, 'base64url');
  late.writeUIntBE(4_000_000_000, 0, 6);
  for (const other of [flipped, `${challenge}=`, late.toString('base64url'), '', 'x']) {
    expect(challenges.isOpen(other), other).toBe(false);
  }
  const { clock } = open();
  expect(createChallenges({ clock, random: systemRandom }).isOpen(challenge)).toBe(false);
});
