/** One piece of settling without a database: charges, debts, what goes back, and that a repeat writes nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCOUNT, ISSUER, moneyFacts, NOW_MS, storedPayment } from '../../testing/facts.ts';
import type { Change } from '../changes.ts';
import { decideSettle, type SettleFacts, type UseFacts, type UseRecord } from './settle.ts';

const CONTEXT = { issuer: ISSUER, nowMs: NOW_MS };
const RIDDEN_MS = NOW_MS - 60_000;

function use(counter: number, account = ACCOUNT): string {
  return `${ISSUER}/${account}/1/${counter}`;
}

function tap(changes: Partial<UseRecord> = {}): UseRecord {
  const log = { id: 1, epochId: 1, gate: 'g1', epoch: 'e', seq: 1 };
  const said = { kind: 'tap', atMs: RIDDEN_MS, clock: 'TRUSTED', line: 'L1' } as const;
  const facts = {
    gateMs: changes.atMs ?? RIDDEN_MS,
    ceilingCents: null,
    received: null,
    isStale: false,
  };
  return { ...log, ...said, ...facts, ofSeq: null, disposition: null, ...changes };
}

function useFacts(changes: Partial<UseFacts> = {}): UseFacts {
  return { use: use(1), records: [tap()], charge: null, isWrittenOff: false, ...changes };
}

function facts(changes: Partial<SettleFacts> = {}): SettleFacts {
  return {
    uses: [useFacts()],
    authorisations: [],
    money: new Map([[ACCOUNT, moneyFacts()]]),
    gateLines: new Map([['g1', [{ line: 'L1', fromMs: 0 }]]]),
    lineFares: new Map([['L1', [{ line: 'L1', fareCents: 250, fromS: 0 }]]]),
    issuerKeys: [],
    nextPaymentId: 11,
    ...changes,
  };
}

function of<Kind extends Change['kind']>(changes: readonly Change[], kind: Kind) {
  return changes.filter(
    (change): change is Extract<Change, { kind: Kind }> => change.kind === kind,
  );
}

function amounts(changes: readonly Change[]): string[] {
  return of(changes, 'post').flatMap(({ transfers }) =>
    transfers.map(({ code, amountCents }) => `${code} ${amountCents}`),
  );
}

describe('a use', () => {
  test('is charged once, at the time of the ride, in one posting', () => {
    const { changes, result } = decideSettle(facts(), CONTEXT);
    expect(of(changes, 'saveCharge').map(({ charge }) => charge)).toMatchObject([
      { use: use(1), fareCents: 250, owedCents: 0, state: 'WITHHELD', riddenAtMs: RIDDEN_MS },
    ]);
    expect(of(changes, 'post')).toHaveLength(1);
    expect(of(changes, 'post')[0]?.transfers[0]?.happenedAtMs).toBe(RIDDEN_MS);
    expect(result).toEqual([ACCOUNT]);
  });

  test.each<[string, Partial<UseFacts>, string[]]>([
    [
      'whose only tap was taken back',
      { records: [tap(), tap({ id: 2, seq: 2, kind: 'void', ofSeq: 1 })] },
      ['1 VOIDED'],
    ],
    ['on a line without a fare', { records: [tap({ line: 'L2' })] }, ['1 FARE_UNKNOWN']],
    [
      'that is charged as it must be',
      {
        records: [tap({ disposition: 'CHARGED' })],
        charge: {
          use: use(1),
          rev: 1,
          record: 1,
          line: 'L1',
          fareCents: 250,
          state: 'WITHHELD',
          riddenAtMs: RIDDEN_MS,
        },
      },
      [],
    ],
  ])('%s moves no money', (_name, of1, dispositions) => {
    const { changes, result } = decideSettle(facts({ uses: [useFacts(of1)] }), CONTEXT);
    expect(of(changes, 'setDisposition').map((one) => `${one.record} ${one.disposition}`)).toEqual(
      dispositions,
    );
    expect(changes).toHaveLength(dispositions.length);
    expect(result).toEqual([]);
  });

  test('of a code that opened twice in one millisecond is charged if one of the two was taken back', () => {
    const records = [tap(), tap({ id: 2, seq: 2 }), tap({ id: 3, seq: 3, kind: 'void', ofSeq: 2 })];
    const { changes } = decideSettle(facts({ uses: [useFacts({ records })] }), CONTEXT);
    expect(of(changes, 'saveCharge').map(({ charge }) => charge.record)).toEqual([1]);
    expect(of(changes, 'setDisposition').map((one) => `${one.record} ${one.disposition}`)).toEqual([
      '1 CHARGED',
      '2 VOIDED',
    ]);
  });

  test('that was sent again in a new epoch is taken back in both if it was in one', () => {
    const records = [
      tap(),
      tap({ id: 2, seq: 2, kind: 'void', ofSeq: 1 }),
      tap({ id: 3, epochId: 2, epoch: 'f' }),
    ];
    const { changes } = decideSettle(facts({ uses: [useFacts({ records })] }), CONTEXT);
    expect(of(changes, 'saveCharge')).toEqual([]);
  });

  test('that the wallet cannot pay is debt, and denied', () => {
    const money = new Map([[ACCOUNT, moneyFacts({ walletCents: 100 })]]);
    const { changes } = decideSettle(facts({ money }), CONTEXT);
    expect(of(changes, 'saveCharge')[0]?.charge).toMatchObject({
      owedCents: 150,
      state: 'DEBT',
      reason: 'WALLET_SHORT',
    });
    expect(of(changes, 'deny')).toHaveLength(1);
    expect(of(changes, 'requestPublish')).toHaveLength(1);
  });

  test('whose charge goes away pays what is owed for another one first', () => {
    const charge = {
      use: use(1),
      rev: 1,
      record: 1,
      line: 'L1',
      fareCents: 250,
      state: 'WITHHELD',
      riddenAtMs: RIDDEN_MS,
    } as const;
    const records = [tap(), tap({ id: 2, seq: 2, kind: 'void', ofSeq: 1 })];
    const owing = [
      {
        use: use(2),
        owedCents: 200,
        rev: 1,
        state: 'DEBT',
        fareCents: 250,
        record: 9,
        riddenAtMs: 1,
      } as const,
    ];
    const money = new Map([[ACCOUNT, moneyFacts({ walletCents: 0, owing })]]);
    const { changes } = decideSettle(
      facts({ uses: [useFacts({ records, charge })], money }),
      CONTEXT,
    );
    expect(of(changes, 'setOwed')).toEqual([
      { kind: 'setOwed', use: use(2), owedCents: 0, state: 'RECOVERED' },
    ]);
    expect(of(changes, 'liftDenial')).toHaveLength(1);
  });
});

describe('an authorisation', () => {
  const records = [
    {
      id: 1,
      kind: 'ask',
      verdict: null,
      epochId: 1,
      seq: 1,
      ofSeq: null,
      fareCents: null,
      disposition: null,
    },
    {
      id: 2,
      kind: 'answer',
      verdict: 'refuse',
      epochId: 1,
      seq: 2,
      ofSeq: 1,
      fareCents: null,
      disposition: null,
    },
  ] as const;

  test('that did not open gives back what was paid under its id', () => {
    const payment = storedPayment({ payee: 'gate:g1', line: 'L1', receipt: null });
    const authorisations = [{ gate: 'g1', id: 'a5', records, payment }];
    const { changes, result } = decideSettle(facts({ uses: [], authorisations }), CONTEXT);
    expect(amounts(changes)).toEqual(['REFUND 300']);
    expect(result).toEqual([ACCOUNT]);
  });

  test('that did not open and was never paid is closed, so that a late payment cannot be taken', () => {
    const two = ['a5', 'a6'].map((id) => ({ gate: 'g1', id, records, payment: null }));
    const { changes } = decideSettle(facts({ uses: [], authorisations: two }), CONTEXT);
    const ids = of(changes, 'addPayment').map(({ payment }) => payment.id);
    expect(ids).toEqual([11, 12]);
    expect(amounts(changes)).toEqual([]);
  });
});

test('what one piece takes from an account is the same in whatever order its uses stand, and never more than they cost', () => {
  const counters = fc.uniqueArray(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(counters, fc.integer({ min: 0, max: 2_000 }), (numbers, walletCents) => {
      const uses = numbers.map((counter, index) =>
        useFacts({ use: use(counter), records: [tap({ id: index + 1, seq: index + 1 })] }),
      );
      const money = new Map([[ACCOUNT, moneyFacts({ walletCents })]]);
      const [one, other] = [uses, uses.toReversed()].map((ordered) => {
        const { changes } = decideSettle(facts({ uses: ordered, money }), CONTEXT);
        const charges = of(changes, 'saveCharge').map(({ charge }) => charge);
        return {
          owedCents: charges.reduce((sum, { owedCents }) => sum + owedCents, 0),
          fareCents: charges.reduce((sum, { fareCents }) => sum + fareCents, 0),
          denials: of(changes, 'deny').length,
        };
      });
      expect(one).toEqual(other);
      const owedCents = Math.max(0, numbers.length * 250 - walletCents);
      expect(one).toEqual({
        owedCents,
        fareCents: numbers.length * 250,
        denials: owedCents > 0 ? 1 : 0,
      });
    }),
  );
});
