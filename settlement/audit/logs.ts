/**
 * The gates' logs, walked again from the stored bytes: chain, sequence and head. It believes no column
 * that can be computed from what was received.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { genesisHash, recordHash } from '@stile/protocol/gate-log.ts';
import { type Check, checkOf } from './check.ts';
import type { EpochRow } from './port.ts';

/**
 * Each epoch's records are 1, 2, 3 and so on, each chained to the one before, up to its head; one that was adopted
 * begins behind a number and hash that its first record names.
 */
export function checkLogs(): Check {
  const broken: EpochRow[] = [];
  let count = 0;
  let hash: Uint8Array = new Uint8Array(32);
  let last = 0;
  let isWhole = true;
  return {
    epoch: ({ gate, epoch, baseSeq, baseHash }) => {
      count += 1;
      hash = baseHash ?? genesisHash({ gate, epoch, sha256 });
      last = baseSeq ?? 0;
      isWhole = true;
    },
    logRecord: (record) => {
      if (!isWhole) return;
      hash = recordHash({ previous: hash, bytes: record.bytes, sha256 });
      last += 1;
      isWhole = record.seq === last && isSame(hash, record.hash);
    },
    epochEnd: (epoch) => {
      if (!isWhole || last !== epoch.lastSeq || !isSame(hash, epoch.head)) broken.push(epoch);
    },
    results: () => {
      const inOrder = broken.sort((a, b) => a.id - b.id);
      const wrong = inOrder.map(({ gate, epoch }) => `${gate}/${epoch}`);
      return [checkOf("every gate's log is whole", { wrong, good: `${count} epochs` })];
    },
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return toHex(a) === toHex(b);
}
