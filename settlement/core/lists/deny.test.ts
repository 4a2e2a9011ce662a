/** Versions of the deny list come from differences only. */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { denyVersionOf } from '@stile/protocol/trust-list.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DENY_SALT } from '../../testing/facts.ts';
import {
  type DenyRow,
  denyDeltaBetween,
  isListedIn,
  NOTHING_DENIED,
  nextDenyList,
} from './deny.ts';

const ids = [1, 2, 3, 4].map((serial) =>
  denyId({ issuer: 1, account: '0123456789abcdef', serial }),
);
const of = (index: number) => ids[index] ?? new Uint8Array();

test('only differences are published, and no version without one', () => {
  const candidates = [
    { id: of(0), wanted: true, listed: false },
    { id: of(1), wanted: true, listed: true },
    { id: of(2), wanted: false, listed: false },
  ];
  const change = nextDenyList(NOTHING_DENIED, { candidates, salt: DENY_SALT, sha256 });
  const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [of(0)], removes: [], sha256 });
  const salted = { version: 1, count: 1, idsDigest, salt: DENY_SALT };
  expect(change?.head).toEqual(denyVersionOf(salted, sha256));
  const others = { candidates: candidates.slice(1), salt: DENY_SALT, sha256 };
  expect(nextDenyList(NOTHING_DENIED, others)).toBeNull();
});

test('a version of before there were salts is followed at once by a salted one of the same ids', () => {
  const setDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [of(0)], removes: [], sha256 });
  const plain = { version: 7, count: 1, setDigest, idsDigest: setDigest, salt: null };
  const change = nextDenyList(plain, { candidates: [], salt: DENY_SALT, sha256 });
  const salted = { version: 8, count: 1, idsDigest: setDigest, salt: DENY_SALT };
  expect(change).toEqual({ head: denyVersionOf(salted, sha256), adds: [], removes: [] });
  if (change === null) throw new Error('there is one');
  expect(nextDenyList(change.head, { candidates: [], salt: DENY_SALT, sha256 })).toBeNull();
});

test('any history of additions and removals ends in the digest of what is listed', () => {
  const moves = fc.array(fc.array(fc.nat({ max: 3 }), { maxLength: 4 }), { maxLength: 12 });
  fc.assert(
    fc.property(moves, fc.nat({ max: 12 }), (versions, from) => {
      let head = NOTHING_DENIED;
      const listed = new Set<number>();
      const rows: (DenyRow & { index: number })[] = [];
      for (const flips of versions) {
        const candidates = [...new Set(flips)].map((index) => {
          return { index, id: of(index), wanted: !listed.has(index), listed: listed.has(index) };
        });
        const change = nextDenyList(head, { candidates, salt: DENY_SALT, sha256 });
        if (change === null) continue;
        for (const { index, wanted } of candidates) {
          if (wanted)
            rows.push({ index, id: of(index), addedIn: change.head.version, removedIn: null });
          else {
            const row = rows.findLast((one) => one.index === index);
            if (row !== undefined) row.removedIn = change.head.version;
          }
          if (wanted) listed.add(index);
          else listed.delete(index);
        }
        ({ head } = change);
      }
      const now = rows.filter((row) => isListedIn(row, head.version));
      expect(now).toHaveLength(head.count);
      const digest = updateSetDigest(EMPTY_SET_DIGEST, {
        adds: now.map(({ id }) => id),
        removes: [],
        sha256,
      });
      expect(head.idsDigest).toBe(digest);
      const start = Math.min(from, head.version);
      const change = denyDeltaBetween(rows, { from: start, to: head.version });
      const before = new Set(
        rows.filter((row) => isListedIn(row, start)).map(({ id }) => toHex(id)),
      );
      for (const id of change.removes) expect(before.delete(id)).toBe(true);
      for (const id of change.adds) expect(before.has(id)).toBe(false);
      for (const id of change.adds) before.add(id);
      expect([...before].sort()).toEqual(now.map(({ id }) => toHex(id)).sort());
    }),
  );
});
