/**
 * Signs and serves the lists that gates obey. A change is carried into one new deny list version and one new
 * trust list, however many accounts it concerns. What is served is always the deny list that the published
 * trust list names, even while the next version is already being written.
 */
import type { Clock } from '@stile/host/clock.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { DenyHead, TrustList } from '@stile/protocol/trust-list.ts';
import type { Logger } from 'pino';
import type { SignedTime } from '../core/lists/signed-time.ts';
import { decideNextLists, isRefreshDue, type TrustTerms } from '../core/lists/trust.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { createDenyFiles } from './deny-files.ts';
import { pause } from './pause.ts';

/** Changed ids that one transaction writes. */
const CHANGED_IDS_MAX = 500;

export type Published = { list: TrustList; jws: string };
export type Publisher = ReturnType<typeof createPublisher>;

export type PublisherParts = {
  store: Store;
  operatorKeys: OperatorKeys;
  config: TrustTerms;
  clock: Clock;
  /** What is signed goes by it. */
  signedClock: SignedClock;
  log: Logger;
};

/** What a person has to know of the lists. */
export type ListsState = Published & { heldDeny: DenyHead | null; time: SignedTime };

export function createPublisher(parts: PublisherParts) {
  const { store, operatorKeys, config: terms, clock, signedClock, log } = parts;
  let published: Published | undefined;
  let heldDeny: DenyHead | null = null;

  let latest: Promise<void> = Promise.resolve();
  /** One after the other: two at once would sign two lists under one version. */
  async function publish(): Promise<void> {
    latest = latest.catch(() => undefined).then(publishOnce);
    await latest;
  }

  async function publishOnce(): Promise<void> {
    while (await store.advanceDenyList(CHANGED_IDS_MAX, clock.now().wallMs)) await pause();
    const facts = await store.readListFacts();
    const nowS = signedNowS();
    if (facts.trust !== undefined && !operatorKeys.canSignAt(nowS)) {
      log.error('nothing is published: no key may sign; the root has to certify a new one');
      published = facts.trust;
      return;
    }
    // Gates that have heard that its key was ended wait for another list.
    const mustSign = facts.trust !== undefined && !(await operatorKeys.isBelieved(facts.trust.jws));
    const roots = operatorKeys.statements;
    const next = decideNextLists(facts, { terms, roots, nowS, mustSign });
    const { list } = next;
    heldDeny = next.heldDeny;
    if (heldDeny !== null) {
      const { version, count } = heldDeny;
      log.error(
        { version, count, inForce: facts.trust?.list.deny.count },
        'the deny list has changed out of all proportion: it is held until it is forced or mended',
      );
    }
    if (list === null) {
      published = facts.trust;
      return;
    }
    const jws = await operatorKeys.sign('stile-trust-list+jws', list);
    await store.addTrustList(list, { jws, nowMs: clock.now().wallMs });
    published = { list, jws };
  }

  /** Says so each time, because nothing but a person ends it. */
  function signedNowS(): number {
    const { atS, doubt } = signedClock.judge();
    if (doubt !== null) {
      log.error(
        doubt,
        'the clock is far from the last signed time: set it, or confirm that it is right',
      );
    }
    return atS;
  }

  function current(): Published {
    assert(published !== undefined, 'a list is published before anything is served');
    return published;
  }

  return {
    publish,
    current,
    /** Whether the list in force is old enough to be signed anew. */
    isRefreshDue: () => isRefreshDue(current().list, { nowS: signedNowS(), pace: terms.lists }),
    state: (): ListsState => ({ ...current(), heldDeny, time: signedClock.judge() }),
    ...createDenyFiles({ store, signer: operatorKeys, signedClock }, () => current().list.deny),
  };
}
