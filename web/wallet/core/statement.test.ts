/** A statement read page by page while rows arrive: no row is lost, none is there twice, and order is settlement's. */
import type { Statement, StatementItem } from '@stile/protocol/http/rider-api.ts';
import { expect, test } from 'vitest';
import { addPage, renew } from './statement.ts';

/** A row as `c5`: called c, of time 5. */
function row(name: string): StatementItem {
  return {
    id: name.slice(0, 1),
    chargedAtMs: Number(name.slice(1)),
    kind: 'payment',
    way: null,
    payee: null,
    riddenAtMs: null,
    riddenAtSource: null,
    line: null,
    amountCents: 1,
    owedCents: 0,
    state: 'PAID',
    reason: null,
  };
}

/** `d4 c3 > c3`: two rows, and more behind the second. */
function page(text: string): Statement {
  const [rows = '', next = null] = text.split(' > ');
  return { items: rows.split(' ').filter(Boolean).map(row), next };
}

function textOf({ items, next }: Statement): string {
  const rows = items.map(({ id, chargedAtMs }) => `${id}${chargedAtMs}`).join(' ');
  return next === null ? rows : `${rows} > ${next}`;
}

test.each([
  ['nothing has come', 'd4 c3 > c3', 'd4 c3 > c3', 'd4 c3 > c3'],
  ['one row pushes one off the page', 'd4 c3 > c3', 'e5 d4 > d4', 'e5 d4 c3 > c3'],
  ['and with an earlier page open', 'd4 c3 b2 a1', 'e5 d4 > d4', 'e5 d4 c3 b2 a1'],
  ['a late row within the page', 'd4 b2 a1', 'd4 c3 > c3', 'd4 c3 b2 a1'],
  ['a row of the same instant', 'd4 b2 a1', 'd4 c2 > c2', 'd4 b2 c2 a1'],
  ['a row that has got another time', 'd4 c3 b2 a1', 'b5 d4 > d4', 'b5 d4 c3 a1'],
  ['so many that a gap may lie between', 'd4 c3 b2 a1', 'h8 g7 > g7', 'h8 g7 > g7'],
  ['the first row of all', '', 'a1', 'a1'],
  ['all there is', 'b2 a1 > a1', 'c3 b2', 'c3 b2'],
])('read anew: %s', (_name, held, latest, after) => {
  expect(textOf(renew(page(held), page(latest)))).toBe(after);
});

test.each([
  ['behind what is held', 'd4 c3 > c3', 'b2 a1', 'd4 c3 b2 a1'],
  ['with more behind it', 'd4 c3 > c3', 'b2 a1 > a1', 'd4 c3 b2 a1 > a1'],
  ['with a row that has moved there meanwhile', 'd4 c3 > c3', 'b2 d1', 'c3 b2 d1'],
])('the next page: %s', (_name, held, next, after) => {
  expect(textOf(addPage(page(held), page(next)))).toBe(after);
});
