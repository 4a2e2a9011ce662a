/** One code, one name: of its maker, counter and time, or as an earlier version had it in the books. */

import { sha256 } from '@stile/crypto/sign.ts';
import { genesisHash } from '@stile/protocol/gate-log.ts';
import { expect, test } from 'vitest';
import { NOW_MS, ScriptedLog } from '../../testing/log.ts';
import { useIn } from './code-use.ts';

const A = 'a'.repeat(16);
const HOUR_MS = 3_600_000;

function recordOf(counter: number, atMs: number) {
  const log = new ScriptedLog('g1', 'M1');
  log.ride({ account: A, counter, atMs });
  const { seq, bytes } = log.batch().records[0] ?? { seq: 0, bytes: new Uint8Array() };
  return { seq, bytes, hash: genesisHash({ gate: 'g1', epoch: log.epoch, sha256 }) };
}

const code = { issuer: 1, account: A, serial: 1, counter: 7, generatedAtS: NOW_MS / 1000 };
const old = `1/${A}/1/7`;

test.each([
  ['no book of an earlier version', new Map(), `${old}/${code.generatedAtS}`],
  ['this code in the books by its counter', new Map([[old, [recordOf(7, NOW_MS)]]]), old],
  [
    'another code of the counter there',
    new Map([[old, [recordOf(7, NOW_MS - HOUR_MS)]]]),
    `${old}/${code.generatedAtS}`,
  ],
  ['both there', new Map([[old, [recordOf(7, NOW_MS - HOUR_MS), recordOf(7, NOW_MS)]]]), old],
])('%s', (_name, oldUses, expected) => {
  expect(useIn(oldUses, code)).toBe(expected);
});
