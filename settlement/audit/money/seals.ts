/** The seal of the books: the ledger's chains computed again to their last links, and the seal of every epoch. */

import { sha256 } from '@stile/crypto/sign.ts';
import { concatBytes, toHex } from '@stile/protocol/bytes.ts';
import {
  epochSeal,
  FIRST_LINK,
  type KeyedHash,
  MOVED_CHAIN,
  nextLink,
  nextResolutionLink,
} from '../../core/money/book-seal.ts';
import { type Check, checkOf } from '../check.ts';

const SHOWN_HEX = 16;

/** Names of the ledger's chains: one `ledger`, or many `ledger:NUMBER`. */
function isLedger(name: string): boolean {
  return name === 'ledger' || (name.startsWith('ledger:') && name !== MOVED_CHAIN);
}

/** @param keyedHash Null: the key of the books is not there, so nothing can be said. */
export function checkBookSeal(keyedHash: KeyedHash | null): Check {
  const wrong: string[] = keyedHash === null ? ['the key of the books is missing'] : [];
  const links = new Map<string, Uint8Array>();
  const stored = new Map<string, Uint8Array | null>();
  const moved: { link: Uint8Array; stored: Uint8Array; count: number } = {
    link: FIRST_LINK,
    stored: FIRST_LINK,
    count: 0,
  };
  let count = 0;
  return {
    movedTransfer: (transfer) => {
      moved.count += 1;
      if (keyedHash !== null) moved.link = nextLink(moved.link, { transfer, keyedHash });
    },
    transfer: ({ chain, ...transfer }) => {
      count += 1;
      if (keyedHash === null) return;
      const link = links.get(chain) ?? FIRST_LINK;
      links.set(chain, nextLink(link, { transfer, keyedHash }));
    },
    bookSeal: ({ name, link }) => {
      if (isLedger(name)) stored.set(name, link);
      if (name === MOVED_CHAIN) moved.stored = link ?? FIRST_LINK;
    },
    epoch: (epoch) => {
      if (keyedHash === null) return;
      const isSealed =
        epoch.seal !== null && toHex(epoch.seal) === toHex(epochSeal(epoch, keyedHash));
      if (!isSealed) wrong.push(`epoch ${epoch.gate}/${epoch.epoch}`);
    },
    results: () => {
      if (keyedHash !== null) wrong.push(...wrongChains(links, stored));
      const isMovedGood = keyedHash === null || toHex(moved.link) === toHex(moved.stored);
      if (!isMovedGood) wrong.push('the chain that was in the file of before');
      const ends = [...stored].sort().map(([, link]) => link ?? FIRST_LINK);
      const end = ends.length === 1 ? (ends[0] ?? FIRST_LINK) : sha256(concatBytes(...ends));
      const from = `, ${moved.count} of them from a file, where they ended in ${shown(moved.stored)}`;
      const good = `${count} transfers, which end in ${shown(end)}${moved.count === 0 ? '' : from}`;
      return [checkOf('the books are as they were sealed', { wrong, good })];
    },
  };
}

function shown(link: Uint8Array): string {
  return toHex(link).slice(0, SHOWN_HEX);
}

/** Those that do not end in their seal; the ledger as a whole if nothing was ever sealed. */
function wrongChains(links: Chains, stored: Chains): string[] {
  if ([...stored.values()].every((seal) => seal === null)) return ['the ledger'];
  const names = new Set([...links.keys(), ...stored.keys()]);
  const wrong = [...names].filter((name) => {
    const seal = stored.get(name) ?? null;
    return seal === null || toHex(seal) !== toHex(links.get(name) ?? FIRST_LINK);
  });
  return wrong.map((name) => (name === 'ledger' ? 'the ledger' : `chain ${name}`));
}

type Chains = ReadonlyMap<string, Uint8Array | null>;

/** Who decided what about parked records, when and why. @param keyedHash Null: nothing can be said. */
export function checkResolutionSeal(keyedHash: KeyedHash | null): Check {
  let link: Uint8Array = FIRST_LINK;
  let stored: Uint8Array = FIRST_LINK;
  let count = 0;
  return {
    resolution: (resolution) => {
      count += 1;
      if (keyedHash !== null) link = nextResolutionLink(link, { resolution, keyedHash });
    },
    bookSeal: (seal) => {
      if (seal.name === 'resolutions') stored = seal.link ?? FIRST_LINK;
    },
    results: () => {
      const isSealed = keyedHash !== null && toHex(stored) === toHex(link);
      const wrong = isSealed ? [] : [keyedHash === null ? 'the key is missing' : 'the decisions'];
      const name = 'what persons decided is as it was sealed';
      return [checkOf(name, { wrong, good: `${count} decisions` })];
    },
  };
}
