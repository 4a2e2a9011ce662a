/**
 * The deny list as gates fetch it: whole, or the step from another version. Both say what is known of the
 * steps before them, so that a gate that was away can take what its own measure would refuse; and the salt, which
 * nobody else hears.
 */
import { DELTA_IDS_MAX } from '@stile/protocol/deny-list.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import type { DenyDelta, DenyHead, DenyVersion } from '@stile/protocol/trust-list.ts';
import { NOTHING_DENIED } from '../core/lists/deny.ts';
import type { OperatorKeys } from '../keys/operator-keys.ts';
import type { SignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { buildDenySnapshot } from './deny-snapshot.ts';
import { pause } from './pause.ts';

/** Steps to the version in force that are kept, each up to half a megabyte; and that wait to be made. */
const DELTAS_KEPT_MAX = 64;
const DELTAS_WAITING_MAX = 8;

type DenyWord = { force: boolean; saneFrom: number };

export function createDenyFiles(
  { store, signer, signedClock }: { store: Store; signer: OperatorKeys; signedClock: SignedClock },
  current: () => DenyHead,
) {
  let deltas: { name: string; files: Map<number, Promise<string>> } | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
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
      const issuedAtS = signedClock.judge().atS;
      const name = JSON.stringify([deny.version, word, signer.nameAt(issuedAtS)]);
      if (snapshot?.name !== name) {
        const file = readVersion(store, deny).then((version) =>
          buildDenySnapshot(store, version, { signer, issuedAtS, ...word }),
        );
        snapshot = { name, file };
        file.catch(() => {
          // Who waits for this file sees the failure; the next one asks afresh.
          if (snapshot?.file === file) snapshot = undefined;
        });
      }
      return await snapshot.file;
    },
    /**
     * From a version to the published one; 'current' or 'unavailable' if there is none. Each is made once:
     * it takes a tenth of a second, and anyone may ask.
     * @throws Fault UPLINK_BUSY if too many others are still to be made.
     */
    async delta(from: number): Promise<string | 'current' | 'unavailable'> {
      const deny = current();
      if (from === deny.version) return 'current';
      const word = await readWord(deny.version);
      const name = JSON.stringify([deny.version, word, signer.nameAt(signedClock.judge().atS)]);
      if (deltas?.name !== name) deltas = { name, files: new Map() };
      const { files } = deltas;
      const known = files.get(from);
      if (known !== undefined) return await known;
      if (waiting >= DELTAS_WAITING_MAX) {
        throw new Fault('UPLINK_BUSY', 'too many steps of the deny list are being made');
      }
      const file = makeInTurn(() => makeDelta(from, { deny, word }));
      const [oldest] = files.size >= DELTAS_KEPT_MAX ? files.keys() : [];
      if (oldest !== undefined) files.delete(oldest);
      files.set(from, file);
      file.catch(() => files.delete(from));
      return await file;
    },
  };

  async function makeDelta(
    from: number,
    { deny, word }: { deny: DenyHead; word: DenyWord },
  ): Promise<string | 'unavailable'> {
    const delta = await store.findDenyDelta({ from, to: deny.version, idsMax: DELTA_IDS_MAX });
    if (delta === undefined) return 'unavailable';
    const signed: DenyDelta = {
      stile: 'deny-delta/1',
      from,
      ...(await readVersion(store, deny)),
      ...delta,
      issuedAtS: signedClock.judge().atS,
      ...word,
    };
    return await signer.sign('stile-deny-delta+jws', signed);
  }

  /** One at a time, so that others have their turn in between. */
  async function makeInTurn<T>(make: () => Promise<T>): Promise<T> {
    waiting += 1;
    const mine = last.then(pause).then(make);
    last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting -= 1;
    }
  }
}

/** With what only gates hear of it. */
async function readVersion(store: Store, { version }: DenyHead): Promise<DenyVersion> {
  if (version === 0) return NOTHING_DENIED;
  const known = await store.findDenyVersion(version);
  assert(known !== null, 'the version in force is stored');
  return known;
}
