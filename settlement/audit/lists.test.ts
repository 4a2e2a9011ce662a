/** The deny list against its stored version and the last signed one, with a salt and of before there were any. */
import { sha256 } from '@stile/crypto/sign.ts';
import { denyId, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { denyHeadOf, denyVersionOf } from '@stile/protocol/trust-list.ts';
import { expect, test } from 'vitest';
import { DENY_SALT } from '../testing/facts.ts';
import { checkDenyList } from './lists.ts';

const ID = denyId({ issuer: 1, account: '0123456789abcdef', serial: 0 });
const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [ID], removes: [], sha256 });
const salted = denyVersionOf({ version: 3, count: 1, idsDigest, salt: DENY_SALT }, sha256);
const plain = denyVersionOf({ version: 3, count: 1, idsDigest, salt: null }, sha256);

test.each([
  ['salted, and signed so', salted, salted, true],
  ['of before there were salts, and signed so', plain, plain, true],
  ['salted, but signed without', salted, plain, false],
  ['under another salt than was signed', { ...salted, salt: '0'.repeat(64) }, salted, false],
  ['with a salt that went', { ...salted, salt: null }, salted, false],
  ['of other ids', { ...salted, idsDigest: EMPTY_SET_DIGEST }, salted, false],
])('a version %s', async (_what, stored, signed, isGood) => {
  const check = checkDenyList();
  check.deniedId?.({ id: ID });
  check.denyVersion?.(stored);
  const payload = JSON.stringify({ deny: denyHeadOf(signed) });
  check.trustList?.({ version: 9, jws: '', payload });
  const [result] = await check.results();
  expect(result?.ok).toBe(isGood);
});
