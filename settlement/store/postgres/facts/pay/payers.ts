/** What payers have and may, of many at once. */
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { assert } from '@stile/protocol/fault.ts';
import type { PayerFacts } from '../../../../core/payments/make-payment.ts';
import { DAY_MS } from '../../../../core/payments/payment-rules.ts';
import type { PassOf } from '../../../port.ts';
import type { DenialReader } from '../denials.ts';
import type { RiderMoneyReader } from '../rider-money.ts';
import type { StoredPayments } from '../stored-payments.ts';

export type PayerReaders = {
  money: RiderMoneyReader;
  denials: DenialReader;
  payments: StoredPayments;
};

export type PayerQuery = { issuer: number; of: PassOf; nowMs: number };

/** By account; each of them once, and locked. */
export async function readPayers(
  { money, denials, payments }: PayerReaders,
  queries: readonly PayerQuery[],
): Promise<Map<string, PayerFacts>> {
  if (queries.length === 0) return new Map();
  const idsOf = ({ issuer, of }: PayerQuery) => [
    denyId({ issuer, account: of.account, serial: 0 }),
    denyId({ issuer, account: of.account, serial: of.serial }),
  ];
  const [monies, standing, spent] = await Promise.all([
    money.readAll(queries.map(({ of }) => of.account)),
    denials.standing(queries.flatMap(idsOf)),
    payments.spentSince(
      queries.map(({ of, nowMs }) => ({ account: of.account, fromMs: nowMs - DAY_MS })),
    ),
  ]);
  const payers = queries.map((query): [string, PayerFacts] => {
    const { account } = query.of;
    const found = monies.get(account);
    assert(found !== undefined, 'the money of every payer is read');
    const ids = new Set(idsOf(query).map(toHex));
    const own = standing.filter(({ idHex }) => ids.has(idHex));
    const { cents: dayCents = 0, offline: offlineDayCents = 0 } = spent.get(account) ?? {};
    const denied = own.map(({ cause, note }) => ({ cause, note }));
    return [account, { money: found, denials: denied, dayCents, offlineDayCents }];
  });
  return new Map(payers);
}
