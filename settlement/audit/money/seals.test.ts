/** The seal of a ledger of several chains: each ends in its own seal, and none may be missing. */
import { sha256 } from '@stile/crypto/sign.ts';
import { expect, test } from 'vitest';
import { FIRST_LINK, nextLink } from '../../core/money/book-seal.ts';
import type { BookSealRow, PostedTransferRow } from '../port.ts';
import { checkBookSeal } from './seals.ts';

function transferOf(chain: string, number: number): PostedTransferRow {
  const money = { debit: 'cash', credit: 'wallet:00000000000000aa', amountCents: 100 };
  const stamp = { code: 'TOP_UP', happenedAtMs: number, recordedAtMs: number };
  return { chain, number, id: `topUp:${chain}:${number}:in`, ...money, ...stamp, cause: true };
}

const TRANSFERS = [
  transferOf('ledger:3', 1),
  transferOf('ledger:3', 2),
  transferOf('ledger:10', 1),
  transferOf('ledger:10', 2),
];
const SEALS = [sealOf('ledger:3'), sealOf('ledger:10')];

function sealOf(name: string): BookSealRow {
  let link: Uint8Array = FIRST_LINK;
  for (const { chain, cause: _cause, ...transfer } of TRANSFERS) {
    if (chain === name) link = nextLink(link, { transfer, keyedHash: sha256 });
  }
  return { name, link };
}

async function resultOf(transfers: readonly PostedTransferRow[], seals: readonly BookSealRow[]) {
  const check = checkBookSeal(sha256);
  for (const transfer of transfers) check.transfer?.(transfer);
  for (const seal of seals) check.bookSeal?.(seal);
  const [result] = await check.results();
  return result;
}

test('chains that end in their seals are sound, in whatever order they come', async () => {
  const good = await resultOf(TRANSFERS, SEALS);
  expect(good).toMatchObject({ ok: true, detail: expect.stringContaining('4 transfers') });
  const turned = await resultOf([...TRANSFERS].reverse().sort(byNumber), [...SEALS].reverse());
  expect(turned).toEqual(good);
});

function byNumber(a: PostedTransferRow, b: PostedTransferRow): number {
  return a.number - b.number;
}

test.each([
  ['a transfer is gone from the end of one', TRANSFERS.slice(0, 3), SEALS, 'chain ledger:10'],
  ['one is gone but for its seal', TRANSFERS.slice(0, 2), SEALS, 'chain ledger:10'],
  ['one has no seal', TRANSFERS, SEALS.slice(0, 1), 'chain ledger:10'],
  ['a seal is that of another one', TRANSFERS, swapped(), 'chain ledger:3, chain ledger:10'],
  ['a transfer is chained elsewhere', moved(), SEALS, 'chain ledger:3, chain ledger:10'],
  ['one and its seal are gone', TRANSFERS.slice(0, 2), withoutSecond(), 'chain ledger:10'],
  ['no chain was ever sealed', TRANSFERS, [], 'the ledger'],
])('%s: found', async (_what, transfers, seals, detail) => {
  expect(await resultOf(transfers, seals)).toMatchObject({ ok: false, detail });
});

function swapped(): BookSealRow[] {
  const [first = sealOf(''), second = sealOf('')] = SEALS;
  return [
    { ...first, link: second.link },
    { ...second, link: first.link },
  ];
}

function withoutSecond(): BookSealRow[] {
  return [sealOf('ledger:3'), { name: 'ledger:10', link: null }];
}

function moved(): PostedTransferRow[] {
  return TRANSFERS.map((one) =>
    one.chain === 'ledger:10' && one.number === 2 ? { ...one, chain: 'ledger:3', number: 3 } : one,
  );
}
