/** Ids of the deny list and the digest of a set, with published values. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex } from './bytes.ts';
import {
  DENY_ID_BYTES,
  denyId,
  denyIdHex,
  EMPTY_SET_DIGEST,
  isSaneChange,
  updateSetDigest,
} from './deny-list.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const digest = (
  from: string,
  { adds = [], removes = [] }: { adds?: Iterable<string>; removes?: Iterable<string> },
) =>
  updateSetDigest(from, {
    adds: [...adds].map(bytesOf),
    removes: [...removes].map(bytesOf),
    sha256,
  });

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex, DENY_ID_BYTES) ?? new Uint8Array(DENY_ID_BYTES);
}

const anyId = fc
  .uint8Array({ minLength: DENY_ID_BYTES, maxLength: DENY_ID_BYTES })
  .map((bytes) => toHex(bytes));
const anyIds = fc.uniqueArray(anyId, { maxLength: 20 });

test('an id is issuer, account and serial, big-endian', () => {
  expect(denyIdHex({ issuer: 7, account: '0123456789abcdef', serial: 42 })).toBe(
    '00070123456789abcdef0000002a',
  );
  expect(denyIdHex({ issuer: 0xffff, account: 'ffffffffffffffff', serial: 0 })).toBe(
    'ffffffffffffffffffff00000000',
  );
});

test('two passes never share an id', () => {
  const anyPass = fc.tuple(
    fc.nat({ max: 0xffff }),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map(toHex),
    fc.nat({ max: 0xffffffff }),
  );
  fc.assert(
    fc.property(anyPass, anyPass, (a, b) => {
      const [first, second] = [a, b].map(([issuer, account, serial]) =>
        denyIdHex({ issuer, account, serial }),
      );
      expect(first === second).toBe(a.join() === b.join());
    }),
  );
});

test.each([
  [65_536, '0123456789abcdef', 1],
  [-1, '0123456789abcdef', 1],
  [7, '0123456789ABCDEF', 1],
  [7, '0123', 1],
  [7, '0123456789abcdef', 2 ** 32],
  [7, '0123456789abcdef', 1.5],
])('an id of (%s, %s, %s) is a bug, not another id', (issuer, account, serial) => {
  expect(() => denyId({ issuer, account, serial })).toThrow('Bug:');
});

test('the digest is the sum of the hashes, as published', () => {
  const one = '00070123456789abcdef0000002a';
  const all = '00070123456789abcdef00000000';
  // By another program: sha256("SDL1-id\0" ‖ id).
  const hashOfOne = 'a1583293a51ecd95d23c1b5c4a7685b5c7bc5ff3cd1648656aa776d60f3d0dbd';
  expect(digest(EMPTY_SET_DIGEST, { adds: [one] })).toBe(hashOfOne);
  expect(digest(EMPTY_SET_DIGEST, { adds: [one, all] })).toBe(
    '2a308f451d2f544f0d12d895b8e095680ae354c84e13d2fbbc331b5ef28cb3dc',
  );
});

test('the digest does not depend on the order of ids', () => {
  fc.assert(
    fc.property(
      anyIds.chain((ids) =>
        fc.tuple(fc.constant(ids), fc.shuffledSubarray(ids, { minLength: ids.length })),
      ),
      ([ids, shuffled]) => {
        expect(digest(EMPTY_SET_DIGEST, { adds: shuffled })).toBe(
          digest(EMPTY_SET_DIGEST, { adds: ids }),
        );
      },
    ),
  );
});

test('adding and then removing gives back the digest that was', () => {
  fc.assert(
    fc.property(anyIds, anyIds, (before, ids) => {
      const was = digest(EMPTY_SET_DIGEST, { adds: before });
      expect(digest(digest(was, { adds: ids }), { removes: ids })).toBe(was);
      expect(digest(was, { adds: ids, removes: ids })).toBe(was);
      expect(digest(digest(was, { removes: ids }), { adds: ids })).toBe(was);
    }),
  );
});

test('any path of deltas has the digest of the snapshot that it leads to', () => {
  // Few ids and many steps, so that the same id comes and goes more than once.
  const anyStep = fc.array(fc.nat({ max: 9 }), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 20 }), (steps) => {
      const set = new Set<string>();
      let path = EMPTY_SET_DIGEST;
      for (const step of steps) {
        const toggled = new Set(
          step.map((serial) => denyIdHex({ issuer: 7, account: '0123456789abcdef', serial })),
        );
        const adds = [...toggled].filter((id) => !set.has(id));
        const removes = [...toggled].filter((id) => set.has(id));
        path = digest(path, { adds, removes });
        for (const id of adds) set.add(id);
        for (const id of removes) set.delete(id);
      }
      expect(path).toBe(digest(EMPTY_SET_DIGEST, { adds: set }));
      expect(path).toMatch(/^[0-9a-f]{64}$/);
    }),
  );
});

test('another set has another digest', () => {
  fc.assert(
    fc.property(anyIds, anyId, (ids, id) => {
      const without = ids.filter((other) => other !== id);
      expect(digest(EMPTY_SET_DIGEST, { adds: without })).not.toBe(
        digest(EMPTY_SET_DIGEST, { adds: [...without, id] }),
      );
    }),
  );
});

test.each([
  [0, 10_000, true],
  [0, 10_001, false],
  [10_000, 0, true],
  [10_001, 0, false],
  [50_000, 60_000, true],
  [50_000, 60_001, false],
  [100_000, 120_000, true],
  [100_000, 120_001, false],
  [100_000, 80_000, true],
  [100_000, 79_999, false],
  [0, 0, true],
])('a change from %i to %i ids is sane: %s', (before, after, sane) => {
  expect(isSaneChange({ before, after })).toBe(sane);
});
