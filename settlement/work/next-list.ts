/** What is published and what would be signed next, read from the database; it says loudly what only a person mends. */
import type { DenyHead, TrustList } from '@stile/protocol/trust-list.ts';
import type { Logger } from 'pino';
import { decideNextLists, type ListFacts, type TrustTerms } from '../core/lists/trust.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';

export type NextListParts = {
  store: Pick<Store, 'readListFacts'>;
  operatorKeys: OperatorKeys;
  config: TrustTerms;
  signedClock: SignedClock;
  log: Logger;
};

export function createNextList(parts: NextListParts) {
  const { store, operatorKeys, config: terms, signedClock, log } = parts;
  let heldDeny: DenyHead | null = null;

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

  return {
    signedNowS,
    /** A version of the deny list that waits for a person. */
    heldDeny: () => heldDeny,
    /** `list`: null if there is none to sign, or none that may be signed. */
    async read(): Promise<{ facts: ListFacts; list: TrustList | null }> {
      await operatorKeys.refresh();
      const facts = await store.readListFacts();
      const nowS = signedNowS();
      if (facts.trust !== undefined && !operatorKeys.canSignAt(nowS)) {
        log.error('nothing is published: no key may sign; the root has to certify a new one');
        return { facts, list: null };
      }
      // Gates that have heard that its key was ended wait for another list.
      const mustSign =
        facts.trust !== undefined && !(await operatorKeys.isBelieved(facts.trust.jws));
      const roots = operatorKeys.statements;
      const next = decideNextLists(facts, { terms, roots, nowS, mustSign });
      heldDeny = next.heldDeny;
      if (heldDeny !== null) {
        const { version, count } = heldDeny;
        log.error(
          { version, count, inForce: facts.trust?.list.deny.count },
          'the deny list has changed out of all proportion: it is held until it is forced or mended',
        );
      }
      return { facts, list: next.list };
    },
  };
}
