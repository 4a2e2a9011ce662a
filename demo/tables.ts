/** The demo's last word: what was, beside what had to be. */
import { table } from '@stile/host/text-table.ts';
import { plainMoney } from './money.ts';
import type { Check, Result } from './result.ts';

/** Prints the tables; true only if every number is as it must be. */
export function showTables(result: Result, print: (text: string) => void): boolean {
  const { taps, sales, money, openings, revenue, takings, writtenOff } = result;
  print('\nTaps\n');
  const tapRows = taps.map((tap) => [
    `${tap.who.padEnd(8)}${tap.what}`,
    tap.actual,
    tap.disposition.toLowerCase(),
    isRightTap(tap) ? 'ok' : `WRONG: ${tap.expected}`,
  ]);
  print(`${table([['rider   presentation', 'verdict', 'fare', ''], ...tapRows])}\n`);
  print('\nAt the kiosk\n');
  const saleRows = sales.map((sale) => [
    `${sale.who.padEnd(8)}${sale.what}`,
    plainMoney(sale.amountCents),
    sale.actual,
    sale.actual === sale.expected ? 'ok' : `WRONG: ${sale.expected}`,
  ]);
  print(`${table([['rider   sale', 'price', 'outcome', ''], ...saleRows])}\n`);
  print('\nMoney\n');
  const moneyRows = money.map((rider) => [
    rider.name,
    String(rider.rides),
    plainMoney(rider.topUpCents),
    plainMoney(rider.topUpCents - rider.shopCents - rider.balanceCents + rider.debtCents),
    plainMoney(rider.shopCents),
    plainMoney(rider.balanceCents),
    plainMoney(rider.debtCents),
    rider.denied ? 'denied' : '',
    isRight(rider) ? 'ok' : 'WRONG',
  ]);
  print(
    `${table([['rider', 'rides', 'paid in', 'fares', 'shop', 'wallet', 'debt', '', ''], ...moneyRows])}\n`,
  );
  print('\nChecks\n');
  const checks: Check[] = [
    {
      name: 'the barrier opened once for each ride',
      ok: openings.actual === openings.expected,
      detail: `${openings.actual} of ${openings.expected}`,
    },
    {
      name: 'revenue is rides times fare, paid or written off',
      ok: revenue.actualCents === revenue.expectedCents,
      detail: `${plainMoney(revenue.actualCents)} of ${plainMoney(revenue.expectedCents)}`,
    },
    {
      name: 'a person has written off the ride that nobody can be charged for, and nothing is parked',
      ok: writtenOff.actualCents === writtenOff.expectedCents && writtenOff.left === 0,
      detail: `${plainMoney(writtenOff.actualCents)} of ${plainMoney(writtenOff.expectedCents)}, ${writtenOff.left} parked`,
    },
    {
      name: "the kiosk's account holds its sales less what it gave back",
      ok: takings.actualCents === takings.expectedCents,
      detail: `${plainMoney(takings.actualCents)} of ${plainMoney(takings.expectedCents)}`,
    },
    ...checksOfLosses(result.losses),
    ...result.ledger,
    ...result.gateLog.map((check) => ({ ...check, name: `gate: ${check.name}` })),
  ];
  for (const { name, ok, detail } of checks) {
    print(`  ${ok ? 'ok   ' : 'WRONG'} ${name}${ok ? '' : `: ${detail}`}\n`);
  }
  const areSalesRight = sales.every(({ expected, actual }) => expected === actual);
  return (
    taps.every(isRightTap) && areSalesRight && money.every(isRight) && checks.every(({ ok }) => ok)
  );
}

/** Their names say what was killed: a line that is right prints nothing else. */
export function checksOfLosses(losses: Result['losses']): Check[] {
  if (losses === null) return [];
  const { worker, leader, successor, redisKeys, fares } = losses;
  return [
    {
      name: `${worker} and ${leader}, which led, were killed in the middle; ${successor} leads`,
      ok: successor !== leader,
      detail: 'nobody leads',
    },
    {
      name: `Redis forgot all it had in the middle: ${redisKeys} keys`,
      ok: redisKeys > 0,
      detail: 'there was nothing to forget',
    },
    {
      name: `every fare was charged once: ${fares.actual} rows in the statements of ${fares.expected} rides`,
      ok: fares.actual === fares.expected,
      detail: `${fares.actual} of ${fares.expected}`,
    },
  ];
}

/** The gate said what it should, and settlement charged exactly what the gate had opened for. */
function isRightTap(tap: Result['taps'][number]): boolean {
  return tap.actual === tap.expected && tap.disposition === tap.expectedDisposition;
}

function isRight(rider: Result['money'][number]): boolean {
  const { balanceCents, debtCents, denied, expected } = rider;
  return (
    balanceCents === expected.balanceCents &&
    debtCents === expected.debtCents &&
    denied === expected.denied
  );
}
