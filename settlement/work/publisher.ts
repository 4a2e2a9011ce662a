/**
 * Signs and serves the lists that gates obey. A change is carried into one new deny list version and one new
 * trust list, however many accounts it concerns. What is served is always the deny list that the published
 * trust list names, even while the next version is already being written.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { DELTA_IDS_MAX } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import { signObject } from '@stile/protocol/signed.ts';
import type { DenyDelta, TrustList } from '@stile/protocol/trust-list.ts';
import { decideNextTrustList, isRefreshDue, type TrustTerms } from '../core/lists/trust.ts';
import { rootKeyOf, type Signer } from '../keys/root-key.ts';
import type { Store } from '../store/port.ts';
import { buildDenySnapshot } from './deny-snapshot.ts';
import { pause } from './pause.ts';

/** Changed ids that one transaction writes. */
const CHANGED_IDS_MAX = 500;

export type Published = { list: TrustList; jws: string };
export type Publisher = ReturnType<typeof createPublisher>;

export type PublisherParts = {
  store: Store;
  rootKey: SigningKey;
  config: TrustTerms;
  clock: Clock;
};

export function createPublisher({ store, rootKey, config: terms, clock }: PublisherParts) {
  const publicKey = rootKeyOf(rootKey);
  const signer: Signer = { privateKey: rootKey.privateJwk, publicKey };
  let published: Published | undefined;
  let snapshot: { version: number; file: Promise<Uint8Array> } | undefined;

  async function publish(): Promise<void> {
    while (await store.advanceDenyList(CHANGED_IDS_MAX, clock.now().wallMs)) await pause();
    const facts = await store.readListFacts();
    const list = decideNextTrustList(facts, { terms, nowS: wallS(clock) });
    if (list === null) {
      published = facts.trust;
      return;
    }
    const jws = await signObject('stile-trust-list+jws', list, signer);
    await store.addTrustList(list, { jws, nowMs: clock.now().wallMs });
    published = { list, jws };
  }

  function current(): Published {
    assert(published !== undefined, 'a list is published before anything is served');
    return published;
  }

  return {
    publicKey,
    publish,
    current,
    /** Whether the list in force is old enough to be signed anew. */
    isRefreshDue: () => isRefreshDue(current().list, { nowS: wallS(clock), pace: terms.lists }),
    /** Head, LF and ids as one file; put together once for each version. */
    async snapshot(): Promise<Uint8Array> {
      const { deny } = current().list;
      if (snapshot?.version !== deny.version) {
        const file = buildDenySnapshot(store, deny, { signer, issuedAtS: wallS(clock) });
        snapshot = { version: deny.version, file };
        file.catch(() => {
          // Who waits for this file sees the failure; the next one asks afresh.
          if (snapshot?.file === file) snapshot = undefined;
        });
      }
      return await snapshot.file;
    },
    /** From a version to the published one; 'current' or 'unavailable' if there is none. */
    async delta(from: number): Promise<string | 'current' | 'unavailable'> {
      const { deny } = current().list;
      if (from === deny.version) return 'current';
      const delta = await store.findDenyDelta({ from, to: deny.version, idsMax: DELTA_IDS_MAX });
      if (delta === undefined) return 'unavailable';
      const signed: DenyDelta = {
        stile: 'deny-delta/1',
        from,
        ...deny,
        ...delta,
        issuedAtS: wallS(clock),
        force: false,
      };
      return await signObject('stile-deny-delta+jws', signed, signer);
    },
  };
}
