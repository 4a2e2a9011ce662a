/**
 * Certificates of online keys and what roots say of each other: whole lists that open and do not, and which
 * root is believed after which statements.
 */
import type { RootStatement } from '@stile/protocol/root-trust.ts';
import { fingerprintOf, type Signer, signObject } from '@stile/protocol/signed.ts';
import { onlineSignerOf, rootKeyOf, signingKeyOf } from './list-keys.ts';
import * as keys from './test-keys.ts';
import { addJson, addText, type Tree, unixS } from './tree.ts';

const RECEIPT_TYPE = 'stile-gate-receipt+jws';
const AT_S = unixS('2026-01-01T01:00:00Z');
const RECEIPT = {
  stile: 'gate-receipt/1',
  gate: 'harbour-1',
  epoch: '00112233445566ff',
  ackSeq: 0,
  head: '7948fd836ea43bb091e7b5e438ab91a255096d5ace9897d4c208c9e2539e8087',
  atMs: AT_S * 1000,
  nonce: '000102030405060708090a0b0c0d0e0f',
};

type CertificateCase = { name: string; description: string; opens: boolean; signer: Signer };

async function certificateCases(): Promise<CertificateCase[]> {
  const { ROOT: root, ONLINE, OTHER_ONLINE } = keys;
  const middle = await onlineSignerOf(ONLINE, { root });
  const chained = { stile: 'online-key/1', number: 2, publicKey: rootKeyOf(OTHER_ONLINE) };
  const life = { notBeforeS: AT_S - 60, notAfterS: AT_S + 60 };
  const byOnline = await signObject('stile-online-key+jws', { ...chained, ...life }, middle);
  const other = signingKeyOf(OTHER_ONLINE);
  return [
    { name: 'good', description: 'an online key of the root', opens: true, signer: middle },
    {
      name: 'first-second',
      description: 'the receipt is of the first second of its key',
      opens: true,
      signer: await onlineSignerOf(ONLINE, { root, notBeforeS: AT_S }),
    },
    {
      name: 'last-second',
      description: 'the receipt is of the last second of its key',
      opens: true,
      signer: await onlineSignerOf(ONLINE, { root, notAfterS: AT_S }),
    },
    {
      name: 'before-its-life',
      description: 'the receipt is a second older than its key',
      opens: false,
      signer: await onlineSignerOf(ONLINE, { root, notBeforeS: AT_S + 1 }),
    },
    {
      name: 'past-its-end',
      description: 'the receipt is a second past the end of its key',
      opens: false,
      signer: await onlineSignerOf(ONLINE, { root, notAfterS: AT_S - 1 }),
    },
    {
      name: 'no-certificate',
      description: 'signed by the root itself',
      opens: false,
      signer: signingKeyOf(root),
    },
    {
      name: 'other-root',
      description: 'an online key of another root',
      opens: false,
      signer: await onlineSignerOf(ONLINE, { root: keys.OTHER_ROOT }),
    },
    {
      name: 'chained',
      description: 'a key that an online key has certified',
      opens: false,
      signer: { ...other, certificate: byOnline },
    },
    {
      name: 'certificate-of-another-key',
      description: 'signed by a key beside the certificate of another',
      opens: false,
      signer: { ...other, ...(middle.certificate && { certificate: middle.certificate }) },
    },
  ];
}

/** What the roots of the fixtures say, and whom who pinned the first believes after it. */
type StatementCase = {
  name: string;
  description: string;
  statements: string[];
  /** Of the root that is believed then. */
  generation: number;
  number: number;
  floor: number;
};

async function say(root: keys.TestKey, says: Omit<RootStatement, 'stile' | 'root' | 'issuedAtS'>) {
  const statement = { stile: 'root/1', root: rootKeyOf(root), ...says, issuedAtS: AT_S };
  return await signObject('stile-root+jws', statement, signingKeyOf(root));
}

async function statementCases(): Promise<StatementCase[]> {
  const { ROOT, NEXT_ROOT, THIRD_ROOT, OTHER_ROOT } = keys;
  const next = await fingerprintOf(rootKeyOf(NEXT_ROOT));
  const third = await fingerprintOf(rootKeyOf(THIRD_ROOT));
  const other = await fingerprintOf(rootKeyOf(OTHER_ROOT));
  const first = await say(ROOT, { generation: 1, number: 1, next, floor: 0 });
  const ended = await say(ROOT, { generation: 1, number: 2, next, floor: 3 });
  const second = await say(NEXT_ROOT, { generation: 2, number: 1, next: third, floor: 3 });
  const last = await say(THIRD_ROOT, { generation: 3, number: 1, next: other, floor: 4 });
  const thief = await say(ROOT, { generation: 1, number: 3, next: other, floor: 0 });
  const stranger = await say(OTHER_ROOT, { generation: 2, number: 1, next: other, floor: 0 });
  const cases: [string, string, string[], [number, number, number]][] = [
    ['first', 'the first root announces the second', [first], [1, 1, 0]],
    ['ended', 'online keys below 3 have ended', [first, ended], [1, 2, 3]],
    ['rotated', 'the announced root follows', [ended, second], [2, 1, 3]],
    ['rotated-twice', 'two at once, for who was away', [ended, second, last], [3, 1, 4]],
    ['gap', 'the root between is missing', [ended, last], [1, 2, 3]],
    ['stolen-root', 'no other one can be announced', [ended, thief, stranger], [1, 2, 3]],
    ['not-announced', 'a root that nobody has announced', [ended, stranger], [1, 2, 3]],
  ];
  return cases.map(([name, description, statements, [generation, number, floor]]) => {
    return { name, description, statements, generation, number, floor };
  });
}

export async function addRoots(tree: Tree): Promise<void> {
  const receipts = [];
  for (const { signer, ...expected } of await certificateCases()) {
    const file = `receipt-${expected.name}.jws`;
    const text = await signObject(RECEIPT_TYPE, RECEIPT, signer);
    addText(tree, { path: `roots/${file}`, text: `${text}\n` });
    receipts.push({ file, ...expected });
  }
  const statements = await statementCases();
  addJson(tree, {
    path: 'roots/expected.json',
    value: { rootKey: rootKeyOf(keys.ROOT), receipts, statements },
  });
}
