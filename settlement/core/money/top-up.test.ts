/** Money paid in: once for each key, debts first, never more than a wallet may hold. */
import { expect, test } from 'vitest';
import { ACCOUNT, ISSUER, moneyFacts, NOW_MS, owedCharge } from '../../testing/facts.ts';
import { decideTopUp, WALLET_CENTS_MAX } from './top-up.ts';

const request = { issuer: ISSUER, account: ACCOUNT, key: 'k', amountCents: 100, nowMs: NOW_MS };

test('fills the wallet', () => {
  const facts = { earlierCents: null, money: moneyFacts({ walletCents: 5 }) };
  const { changes, result } = decideTopUp(facts, request);
  expect(result).toEqual({ kind: 'done', balanceCents: 105, debtCents: 0 });
  expect(changes).toMatchObject([
    { kind: 'addTopUp', amountCents: 100 },
    { kind: 'saveTopUpIntent', state: 'PAID' },
    { kind: 'post', transfers: [{ id: `topUp:${ACCOUNT}:k:in`, amountCents: 100 }] },
  ]);
});

test('pays a part of a debt, which then still denies', () => {
  const owing = moneyFacts({ walletCents: 0, owing: [owedCharge({ owedCents: 150 })] });
  const { changes, result } = decideTopUp({ earlierCents: null, money: owing }, request);
  expect(result).toEqual({ kind: 'done', balanceCents: 0, debtCents: 50 });
  expect(changes.map(({ kind }) => kind)).toEqual([
    'addTopUp',
    'saveTopUpIntent',
    'post',
    'setOwed',
  ]);
  expect(changes[3]).toMatchObject({ owedCents: 50, state: 'DEBT' });
});

test('pays several debts, the oldest first, and lifts the denial with the last', () => {
  const charges = [
    owedCharge({ use: 'old', owedCents: 60 }),
    owedCharge({ use: 'new', owedCents: 40 }),
  ];
  const facts = { earlierCents: null, money: moneyFacts({ walletCents: 0, owing: charges }) };
  const { changes } = decideTopUp(facts, request);
  const events = changes.filter(({ kind }) => kind === 'addChargeEvent');
  expect(events).toMatchObject([
    { event: { use: 'old', state: 'RECOVERED', owedCents: 0 } },
    { event: { use: 'new', state: 'RECOVERED', owedCents: 0 } },
  ]);
  expect(changes.slice(-2)).toMatchObject([
    { kind: 'liftDenial', cause: 'DEBT' },
    { kind: 'requestPublish' },
  ]);
});

test.each([
  ['the same again', 100, 0, { kind: 'repeated', balanceCents: 0 }],
  ['another amount under the key', 99, 0, { kind: 'conflict' }],
  ['more than a wallet holds', null, WALLET_CENTS_MAX - 99, { kind: 'tooMuch' }],
])('%s changes nothing', (_name, earlierCents, walletCents, result) => {
  const decision = decideTopUp({ earlierCents, money: moneyFacts({ walletCents }) }, request);
  expect(decision).toMatchObject({ changes: [], result });
});

test('a wallet may be full to the last', () => {
  const money = moneyFacts({ walletCents: WALLET_CENTS_MAX - 100 });
  expect(decideTopUp({ earlierCents: null, money }, request).result.kind).toBe('done');
});
