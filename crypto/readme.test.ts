/** The worked examples of protocol/README.md are what the code makes of them. */
import { readFileSync } from 'node:fs';
import { utf8 } from '@stile/protocol/bytes.ts';
import {
  denyId,
  denyIdHex,
  EMPTY_SET_DIGEST,
  saltedDigest,
  updateSetDigest,
} from '@stile/protocol/deny-list.ts';
import { genesisHash, readBatch, readRecord, sealHolds } from '@stile/protocol/gate-log.ts';
import { expect, test } from 'vitest';
import { verifyWithNoble } from './noble-verify.ts';
import { keyFromSeed, sha256 } from './sign.ts';
import { verifyWithNode } from './testing/both-answers.ts';
import * as vector from './testing/published-vector.ts';

const README = readFileSync(new URL('../protocol/README.md', import.meta.url), 'utf8');
// RFC 8032 §7.1, test 3.
const GATE_SEED = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';

test('§2.4 has the codes that are tested as vectors', () => {
  for (const part of [
    vector.SUITE_0_HEX,
    vector.SUITE_0_TEXT,
    vector.SUITE_1_HEX,
    vector.SUITE_1_TEXT,
  ]) {
    expect(README.split('\n')).toContain(part);
  }
});

test('§5 has the ids and digests that come out', () => {
  const one = denyId({ issuer: 7, account: '0123456789abcdef', serial: 42 });
  const all = denyId({ issuer: 7, account: '0123456789abcdef', serial: 0 });
  const digest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [one], removes: [], sha256 });
  expect(README).toContain(denyIdHex({ issuer: 7, account: '0123456789abcdef', serial: 42 }));
  const both = updateSetDigest(EMPTY_SET_DIGEST, { adds: [one, all], removes: [], sha256 });
  expect(README).toContain(saltedDigest(both, { salt: '5a'.repeat(32), sha256 }));
  expect(README).toContain(digest);
  expect(README).toContain(updateSetDigest(digest, { adds: [all], removes: [], sha256 }));
});

test('§7 has a batch that is read, chained from the genesis and sealed by its key', () => {
  const from = README.indexOf('{"stile":"gate-log/1","gate":"harbour-1"');
  const bytes = utf8(README.slice(from, README.indexOf('```', from)));
  const reading = readBatch(bytes, sha256);
  if (!reading.ok) throw new Error(reading.detail);
  const { header, records } = reading.batch;
  expect(header.prev).toBe(
    Buffer.from(genesisHash({ gate: header.gate, epoch: header.epoch, sha256 })).toString('hex'),
  );
  const key = keyFromSeed(Buffer.from(GATE_SEED, 'hex')).publicKey;
  expect(sealHolds(reading.batch, { gateKey: key, verify: verifyWithNode })).toBe(true);
  expect(sealHolds(reading.batch, { gateKey: key, verify: verifyWithNoble })).toBe(true);
  expect(records.map((record) => readRecord(record).ok)).toEqual([true]);
});
