/**
 * Brings the cached lists up to what settlement publishes. The deny list that a trust list names comes first;
 * if that cannot be had, the trust list is applied without it, because keys that are revoked must not wait
 * for a list that is refused. What failed is fetched again.
 */

import type { SigningKey } from '@stile/crypto/sign.ts';
import { isTakenStep } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { DenyHead, TrustList } from '@stile/protocol/trust-list.ts';
import { isSameHead, type ReferenceStore } from '../store/reference-store.ts';
import type { Caller } from './deny-snapshot.ts';
import type { Uplink } from './uplink.ts';

/** Lists may change between two requests; after this many tries the next round has to do. */
const ROUNDS_MAX = 3;

const NOT_TOGETHER = new Fault(
  'LIST_REFUSED',
  'the deny list is not the one that the trust list names',
);

export type ListsOutcome = { changed: boolean };

export type ListsFetcher = { refresh(): Promise<ListsOutcome> };

/**
 * Lets a scan that has arrived in the meantime be judged between two pieces of a long list: the event
 * loop's own turn, not a time.
 */
export function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

export type ListsParts = {
  gate: string;
  key: SigningKey;
  reference: ReferenceStore;
  uplink: Uplink;
  /** A trust list has come into force, or is known to be the latest still. */
  onTrust: (list: TrustList, of: { isAnew: boolean }) => void;
};

export function createListsFetcher({
  gate,
  key,
  reference,
  uplink,
  onTrust,
}: ListsParts): ListsFetcher {
  const caller = { gate, key };
  let etag: string | null = null;
  return {
    async refresh() {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const fetched = await uplink.fetchTrust(etag);
        if (fetched === null) {
          if (reference.trust !== null) onTrust(reference.trust, { isAnew: false });
          return { changed: false };
        }
        const { list, jws } = fetched;
        const inForce = reference.trust?.version ?? 0;
        // A thief may have signed the one in force, under any version.
        const isAnew = await reference.isSignerEnded();
        if (list.version < inForce && !isAnew) {
          throw new Fault(
            'LIST_REFUSED',
            `trust list ${list.version} is older than ${inForce}, which is in force`,
          );
        }
        const denied = await attemptDeny(list.deny, { caller, reference, uplink, isAnew });
        if (denied === 'other' && round < ROUNDS_MAX - 1) continue;
        reference.applyTrust(list, { jws, isAnew });
        onTrust(list, { isAnew });
        // Without it everything is fetched again the next time.
        etag = denied === 'applied' ? fetched.etag : null;
        if (denied === 'applied') return { changed: list.version !== inForce };
        throw denied === 'other' ? NOT_TOGETHER : denied;
      }
      throw NOT_TOGETHER;
    },
  };
}

type DenyParts = { caller: Caller; reference: ReferenceStore; uplink: Uplink; isAnew: boolean };

/** `other`: it is another list by now. A fault: it could not be had, or is refused. */
async function attemptDeny(
  wanted: DenyHead,
  parts: DenyParts,
): Promise<'applied' | 'other' | Fault> {
  try {
    return (await bringDenyTo(wanted, parts)) ? 'applied' : 'other';
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // Without room for a long list there may be some for a short one.
    if (error.code.startsWith('STORE') && error.code !== 'STORE_FULL') throw error;
    return error;
  }
}

/** Whether the cached deny list is now exactly the one that the trust list names. */
async function bringDenyTo(
  wanted: DenyHead,
  { caller, reference, uplink, isAnew }: DenyParts,
): Promise<boolean> {
  if (isSameHead(reference.denyHead, wanted)) return true;
  if (wanted.version < reference.denyHead.version && !isAnew) return false;
  const delta = isAnew ? 'snapshot' : await uplink.fetchDelta(caller, reference.denyHead.version);
  if (delta !== 'current' && delta !== 'snapshot') {
    if (!isSameHead(delta, wanted)) return false;
    try {
      await reference.applyDelta(delta, pause);
      return true;
    } catch (error) {
      // A delta that does not fit what is here is mended by the whole list, if that is sane.
      if (!(error instanceof Fault) || error.code !== 'LIST_REFUSED') throw error;
    }
  }
  const { head, body } = await uplink.fetchSnapshot(caller);
  if (!isSameHead(head, wanted)) return false;
  const before = reference.denyHead;
  if (!isAnew && !isTakenStep(before, head)) {
    throw new Fault(
      'LIST_REFUSED',
      `deny list refused: from ${before.count} to ${head.count} entries without force`,
    );
  }
  await reference.applySnapshot({ head, body }, pause);
  return true;
}
