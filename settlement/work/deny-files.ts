/**
 * The deny list as gates fetch it: whole, or the step from another version. Both say what is known of the
 * steps before them, so that a gate that was away can take what its own measure would refuse.
 */
import { DELTA_IDS_MAX } from '@stile/protocol/deny-list.ts';
import { signObject } from '@stile/protocol/signed.ts';
import type { DenyDelta, DenyHead } from '@stile/protocol/trust-list.ts';
import type { Signer } from '../keys/root-key.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { buildDenySnapshot } from './deny-snapshot.ts';

type DenyWord = { force: boolean; saneFrom: number };

export function createDenyFiles(
  { store, signer, signedClock }: { store: Store; signer: Signer; signedClock: SignedClock },
  current: () => DenyHead,
) {
  let snapshot: { name: string; file: Promise<Uint8Array> } | undefined;

  async function readWord(version: number): Promise<DenyWord> {
    const { forced, saneFrom } = await store.readDenyWord();
    return { force: forced?.version === version, saneFrom };
  }

  return {
    /** Head, LF and ids as one file; put together once for each version. */
    async snapshot(): Promise<Uint8Array> {
      const deny = current();
      const word = await readWord(deny.version);
      const name = JSON.stringify([deny.version, word]);
      if (snapshot?.name !== name) {
        const issuedAtS = signedClock.judge().atS;
        const file = buildDenySnapshot(store, deny, { signer, issuedAtS, ...word });
        snapshot = { name, file };
        file.catch(() => {
          // Who waits for this file sees the failure; the next one asks afresh.
          if (snapshot?.file === file) snapshot = undefined;
        });
      }
      return await snapshot.file;
    },
    /** From a version to the published one; 'current' or 'unavailable' if there is none. */
    async delta(from: number): Promise<string | 'current' | 'unavailable'> {
      const deny = current();
      if (from === deny.version) return 'current';
      const delta = await store.findDenyDelta({ from, to: deny.version, idsMax: DELTA_IDS_MAX });
      if (delta === undefined) return 'unavailable';
      const signed: DenyDelta = {
        stile: 'deny-delta/1',
        from,
        ...deny,
        ...delta,
        issuedAtS: signedClock.judge().atS,
        ...(await readWord(deny.version)),
      };
      return await signObject('stile-deny-delta+jws', signed, signer);
    },
  };
}
