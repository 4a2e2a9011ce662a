/** What any Store must do for several processes: one leads at a time, and what one before it writes is refused. */
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ISSUER, LIMITS, NOW_MS } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

function trustListOf(version: number): TrustList {
  const key = { keyId: 1, publicKey: 'a'.repeat(64), notBeforeS: 0, notAfterS: 0xffffffff };
  return {
    stile: 'trust-list/1',
    operator: 'Town',
    currency: 'EUR',
    version,
    issuedAtS: NOW_MS / 1000,
    expiresAtS: NOW_MS / 1000,
    issuers: [{ issuer: ISSUER, ...key, status: 'active', ceilingExponent: 0 }],
    limits: LIMITS,
    tariff: { version: 1, lines: [] },
    deny: { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST },
    roots: [],
  };
}

export function describeLead(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ store, remove } = await open());
  });
  afterEach(async () => {
    await remove();
  });

  const bid = (holder: string) => store.bidForLease({ holder, over: null });

  test('the first one that asks leads, and says so again and again; others see it', async () => {
    expect(await bid('a')).toEqual({ fence: 1, holder: 'a', beats: 0 });
    expect(await bid('b')).toEqual({ fence: 1, holder: 'a', beats: 0 });
    expect(await bid('a')).toEqual({ fence: 1, holder: 'a', beats: 1 });
    expect(await bid('b')).toEqual({ fence: 1, holder: 'a', beats: 1 });
  });

  test('it is taken over as it was seen, and not if its holder has said a word since', async () => {
    await bid('a');
    const seen = await bid('b');
    await bid('a');
    expect(await store.bidForLease({ holder: 'b', over: seen })).toMatchObject({ holder: 'a' });
    const again = await bid('b');
    expect(await store.bidForLease({ holder: 'b', over: again })).toEqual({
      fence: 2,
      holder: 'b',
      beats: 0,
    });
    expect(await bid('a')).toMatchObject({ holder: 'b' });
  });

  test('one that lets go is followed at once; nobody lets go for another', async () => {
    await bid('a');
    await store.releaseLease('b');
    expect(await bid('b')).toMatchObject({ holder: 'a' });
    await store.releaseLease('a');
    expect(await bid('b')).toEqual({ fence: 2, holder: 'b', beats: 0 });
  });

  test('of many that ask at once one leads', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `p${index}`);
    const leases = await Promise.all(names.map(bid));
    expect(new Set(leases.map(({ holder }) => holder)).size).toBe(1);
    expect(new Set(leases.map(({ fence }) => fence))).toEqual(new Set([1]));
  });

  test('a list of one who led before is refused, and nothing of it is stored', async () => {
    await bid('a');
    const add = (version: number, fence?: number) => {
      return store.addTrustList(trustListOf(version), { jws: `by ${fence}`, nowMs: NOW_MS, fence });
    };
    expect(await add(1, 1)).toBe(true);
    await store.bidForLease({ holder: 'b', over: await bid('b') });
    expect(await add(2, 1)).toBe(false);
    expect(await store.findTrustVersion()).toBe(1);
    expect(await add(2, 2)).toBe(true);
    expect((await store.readListFacts()).trust?.jws).toBe('by 2');
  });

  test('a note is replaced by one of those that read it', async () => {
    const swap = (from: string | null, to: string) => store.swapMeta({ key: 'note', from, to });
    expect(await Promise.all([swap(null, 'x'), swap(null, 'y')])).toEqual(
      expect.arrayContaining([true, false]),
    );
    const first = (await store.readMeta('note')) ?? '';
    expect(['x', 'y']).toContain(first);
    expect(await swap('z', 'never')).toBe(false);
    expect(await swap(first, 'last')).toBe(true);
    expect(await store.readMeta('note')).toBe('last');
  });

  test('a challenge is used once, however many use it at once, and is kept until it ends', async () => {
    const use = () => store.useChallenge({ challenge: 'c', endsAtS: NOW_MS / 1000 });
    const uses = await Promise.all(Array.from({ length: 8 }, use));
    expect(uses.filter(Boolean)).toHaveLength(1);
    await store.sweepExpired(NOW_MS);
    expect(await use()).toBe(false);
    await store.sweepExpired(NOW_MS + 1_000);
    expect(await use()).toBe(true);
  });
}
