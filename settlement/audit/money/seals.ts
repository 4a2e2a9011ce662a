/** The seal of the books: the ledger's chain computed again to its last link, and the seal of every epoch. */

import { toHex } from '@stile/protocol/bytes.ts';
import {
  epochSeal,
  FIRST_LINK,
  type KeyedHash,
  nextLink,
  nextResolutionLink,
} from '../../core/money/book-seal.ts';
import { type Check, checkOf } from '../check.ts';

const SHOWN_HEX = 16;

/** @param keyedHash Null: the key of the books is not there, so nothing can be said. */
export function checkBookSeal(keyedHash: KeyedHash | null): Check {
  const wrong: string[] = keyedHash === null ? ['the key of the books is missing'] : [];
  let link: Uint8Array = FIRST_LINK;
  let count = 0;
  let stored: Uint8Array | null = null;
  return {
    transfer: (transfer) => {
      count += 1;
      if (keyedHash !== null) link = nextLink(link, { transfer, keyedHash });
    },
    bookSeal: (seal) => {
      if (seal.name === 'ledger') stored = seal.link;
    },
    epoch: (epoch) => {
      if (keyedHash === null) return;
      const isSealed =
        epoch.seal !== null && toHex(epoch.seal) === toHex(epochSeal(epoch, keyedHash));
      if (!isSealed) wrong.push(`epoch ${epoch.gate}/${epoch.epoch}`);
    },
    results: () => {
      const end = toHex(link);
      if (keyedHash !== null && (stored === null || toHex(stored) !== end))
        wrong.push('the ledger');
      const good = `${count} transfers, which end in ${end.slice(0, SHOWN_HEX)}`;
      return [checkOf('the books are as they were sealed', { wrong, good })];
    },
  };
}

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
      if (seal.name === 'resolutions') stored = seal.link;
    },
    results: () => {
      const isSealed = keyedHash !== null && toHex(stored) === toHex(link);
      const wrong = isSealed ? [] : [keyedHash === null ? 'the key is missing' : 'the decisions'];
      const name = 'what persons decided is as it was sealed';
      return [checkOf(name, { wrong, good: `${count} decisions` })];
    },
  };
}
