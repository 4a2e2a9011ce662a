/**
 * Brings the cached lists up to what settlement publishes. Trust list and deny list belong together:
 * both are applied, or neither. A failed refresh changes nothing.
 */

import { isSaneChange } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { DenyHead } from '@stile/protocol/trust-list.ts';
import type { ReferenceStore } from '../store/reference-store.ts';
import type { Uplink } from './uplink.ts';

/** Lists may change between two requests; after this many tries the next round has to do. */
const ROUNDS_MAX = 3;

export type ListsOutcome = { changed: boolean; signedAtS: number };

export type ListsFetcher = { refresh(): Promise<ListsOutcome> };

/**
 * Lets a scan that has arrived in the meantime be judged between two pieces of a long list: the event
 * loop's own turn, not a time.
 */
function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

export function createListsFetcher(reference: ReferenceStore, uplink: Uplink): ListsFetcher {
  let etag: string | null = null;
  return {
    async refresh() {
      for (let round = 0; round < ROUNDS_MAX; round += 1) {
        const fetched = await uplink.fetchTrust(etag);
        if (fetched === null) return { changed: false, signedAtS: reference.trust?.issuedAtS ?? 0 };
        const { list, jws } = fetched;
        const inForce = reference.trust?.version ?? 0;
        if (list.version < inForce) {
          throw new Fault(
            'LIST_REFUSED',
            `trust list ${list.version} is older than ${inForce}, which is in force`,
          );
        }
        if (await bringDenyTo(list.deny, { reference, uplink })) {
          reference.applyTrust(list, jws);
          etag = fetched.etag;
          return { changed: list.version !== inForce, signedAtS: list.issuedAtS };
        }
      }
      throw new Fault('LIST_REFUSED', 'trust list and deny list do not belong together');
    },
  };
}

/** Whether the cached deny list is now exactly the one that the trust list names. */
async function bringDenyTo(
  wanted: DenyHead,
  { reference, uplink }: { reference: ReferenceStore; uplink: Uplink },
): Promise<boolean> {
  if (isSameHead(reference.denyHead, wanted)) return true;
  if (wanted.version < reference.denyHead.version) return false;
  const delta = await uplink.fetchDelta(reference.denyHead.version);
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
  const { head, body } = await uplink.fetchSnapshot();
  if (!isSameHead(head, wanted)) return false;
  const before = reference.denyHead;
  if (
    before.version > 0 &&
    !head.force &&
    !isSaneChange({ before: before.count, after: head.count })
  ) {
    throw new Fault(
      'LIST_REFUSED',
      `deny list refused: from ${before.count} to ${head.count} entries without force`,
    );
  }
  await reference.applySnapshot({ head, body }, pause);
  return true;
}

function isSameHead(a: DenyHead, b: DenyHead): boolean {
  return a.version === b.version && a.count === b.count && a.setDigest === b.setDigest;
}
