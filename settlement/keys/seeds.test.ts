/** Seeds at rest: what opens them, and everything that must not. */
import { systemRandom } from '@stile/host/random.ts';
import { otpOfTimeStep } from '@stile/protocol/payment-code.ts';
import { describe, expect, test } from 'vitest';
import { createSeedBox, findStrayStep, findTimeStep } from './seeds.ts';

/** Test keys: never use them for anything else. */
const [OLD, NEW] = ['11'.repeat(32), '22'.repeat(32)];
const SEED = new Uint8Array(32).fill(7);
const OWNER = { handle: '00012345', account: '0123456789abcdef', serial: 1 };

describe('a sealed seed', () => {
  const box = createSeedBox(OLD, systemRandom);
  const row = { ...OWNER, ...box.seal(SEED, OWNER) };

  test('opens with its key, and shows nothing of itself before', () => {
    expect(box.open(row)).toEqual(Buffer.from(SEED));
    expect(Buffer.from(row.sealed).includes(Buffer.from(SEED))).toBe(false);
    expect(box.seal(SEED, OWNER).sealed).not.toEqual(row.sealed);
  });

  test.each([
    ['another handle', { handle: '00012346' }],
    ['another account', { account: 'fedcba9876543210' }],
    ['another serial', { serial: 2 }],
    ['another key', { keyId: '00000000' }],
    ['nothing sealed', { sealed: new Uint8Array() }],
  ])('does not open under %s', (_name, change) => {
    expect(box.open({ ...row, ...change })).toBeUndefined();
  });

  test('does not open with any one bit changed', () => {
    for (let at = 0; at < row.sealed.length; at += 1) {
      const sealed = Uint8Array.from(row.sealed);
      sealed[at] = (sealed[at] ?? 0) ^ 1;
      expect(box.open({ ...row, sealed }), `byte ${at}`).toBeUndefined();
    }
  });

  test('of nobody opens as any other: an unknown handle takes the same work', () => {
    expect(box.open(box.nobody)).toHaveLength(SEED.length);
  });

  test('is opened by a ring that has its key anywhere, and sealed by the first', () => {
    const ring = createSeedBox(`${NEW},${OLD}`, systemRandom);
    expect(ring.open(row)).toEqual(Buffer.from(SEED));
    const fresh = { ...OWNER, ...ring.seal(SEED, OWNER) };
    expect(createSeedBox(NEW, systemRandom).open(fresh)).toEqual(Buffer.from(SEED));
    expect(createSeedBox(NEW, systemRandom).open(row)).toBeUndefined();
  });
});

test.each(['', 'short', `${OLD},`, 'zz'.repeat(32), Array(9).fill(OLD).join(',')])(
  'keys %j are refused with what they should be',
  (keys) => {
    expect(() => createSeedBox(keys, systemRandom)).toThrow(/STILE_SEED_KEY/);
  },
);

describe('the step of a password', () => {
  const nowS = 90_000_000;
  const step = nowS / 60;
  test.each([-1, 0, 1])('is found %i steps away', (away) => {
    expect(findTimeStep(SEED, { otp: otpOfTimeStep(SEED, step + away), nowS })).toBe(step + away);
  });

  test.each([-2, 2])('is not found %i steps away', (away) => {
    expect(findTimeStep(SEED, { otp: otpOfTimeStep(SEED, step + away), nowS })).toBeNull();
  });

  test.each([-10, -2, 2, 10])('%i steps away it is a clock that is off', (away) => {
    const at = { otp: otpOfTimeStep(SEED, step + away), nowS };
    expect(findStrayStep(SEED, at)).toBe(step + away);
    expect(findStrayStep(undefined, at)).toBeNull();
  });

  test.each([-11, -1, 0, 1, 11])('%i steps away it is no clock that is off', (away) => {
    expect(findStrayStep(SEED, { otp: otpOfTimeStep(SEED, step + away), nowS })).toBeNull();
  });

  test('is none without a seed, whatever is given', () => {
    expect(findTimeStep(undefined, { otp: otpOfTimeStep(SEED, step), nowS })).toBeNull();
    expect(findTimeStep(SEED, { otp: '', nowS })).toBeNull();
  });
});
