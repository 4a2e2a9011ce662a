/** What settlement signs for a gate besides lists: receipts and identities, one of each good, the others not. */
import type { SignedType } from '@stile/protocol/signed.ts';
import { rootKeyOf, signUnder } from './list-keys.ts';
import * as keys from './test-keys.ts';
import { addJson, addText, type Tree, unixS } from './tree.ts';

/** The head of the example log of protocol/README.md §7. */
const RECEIPT = {
  stile: 'gate-receipt/1',
  gate: 'harbour-1',
  epoch: '00112233445566ff',
  ackSeq: 1,
  head: '3a4cb6d420209434b633d4636fbb775c57450951c1c4e329891c066365bb151d',
  atMs: unixS('2026-01-01T01:00:07Z') * 1000,
  nonce: '000102030405060708090a0b0c0d0e0f',
};
const IDENTITY = {
  stile: 'gate-enrolment/1',
  gate: 'harbour-1',
  line: 'tram-4',
  scope: 1,
  operator: 'Harbour Transit',
  publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  issuedAtS: unixS('2026-01-01T00:59:00Z'),
};
const RECEIPT_TYPE = 'stile-gate-receipt+jws';
const IDENTITY_TYPE = 'stile-gate-enrolment+jws';

type Case = {
  name: string;
  /** As which it is opened. */
  type: SignedType;
  opens: boolean;
  signedAs?: SignedType;
  key?: keys.TestKey;
  payload: object;
};

const CASES: readonly Case[] = [
  { name: 'receipt', type: RECEIPT_TYPE, opens: true, payload: RECEIPT },
  {
    name: 'receipt-wrong-root',
    type: RECEIPT_TYPE,
    opens: false,
    key: keys.OTHER_ROOT,
    payload: RECEIPT,
  },
  {
    name: 'receipt-of-other-type',
    type: RECEIPT_TYPE,
    opens: false,
    signedAs: 'stile-gate-payment-answer+jws',
    payload: RECEIPT,
  },
  {
    name: 'receipt-field-more',
    type: RECEIPT_TYPE,
    opens: false,
    payload: { ...RECEIPT, more: 1 },
  },
  {
    name: 'receipt-short-nonce',
    type: RECEIPT_TYPE,
    opens: false,
    payload: { ...RECEIPT, nonce: '00' },
  },
  { name: 'identity', type: IDENTITY_TYPE, opens: true, payload: IDENTITY },
  {
    name: 'identity-wrong-root',
    type: IDENTITY_TYPE,
    opens: false,
    key: keys.OTHER_ROOT,
    payload: IDENTITY,
  },
];

export async function addReceipts(tree: Tree): Promise<void> {
  const expected: Record<string, object> = {};
  for (const { name, type, opens, signedAs = type, key = keys.ROOT, payload } of CASES) {
    const path = `receipts/${name}.jws`;
    const jws = await signUnder(key, { type: signedAs, payload });
    addText(tree, { path, text: `${jws}\n` });
    expected[`${name}.jws`] = opens ? { type, opens, payload } : { type, opens };
  }
  addJson(tree, {
    path: 'receipts/expected.json',
    value: { rootKey: rootKeyOf(keys.ROOT), expected },
  });
}
