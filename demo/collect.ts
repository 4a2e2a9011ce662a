/** The numbers of the demo, after its last scene: what settlement, gate and barrier say, beside what had to be. */
import { auditOf, type Parked } from './parked.ts';
import { stileJson } from './processes.ts';
import type { Money, Result, Tap } from './result.ts';
import type { Losses } from './scale.ts';
import type { Shop } from './shop.ts';
import { FARE_CENTS, type Phone, type Stage } from './stage.ts';
import { countRides } from './statements.ts';

export type Rider = { phone: Phone; topUpCents: number; rides: number };

export type Played = {
  riders: ReadonlyMap<string, Rider>;
  taps: readonly Tap[];
  shop: Shop;
  strangers: number;
  losses: Losses | null;
};

export async function collect(stage: Stage, played: Played): Promise<Result> {
  const { riders, shop, strangers } = played;
  const money: Money[] = [];
  for (const [name, rider] of riders) {
    money.push(await moneyOf(name, { rider, shopCents: shop.paidCents(name) }));
  }
  const rides = money.reduce((sum, rider) => sum + rider.rides, 0);
  const balance = await stage.operate<{ accounts: { name: string; balanceCents: number }[] }>(
    'trial-balance',
  );
  const sumOf = (kind: string) =>
    balance.accounts
      .filter(({ name }) => name === kind || name.startsWith(`${kind}:`))
      .reduce((sum, account) => sum + account.balanceCents, 0);
  return {
    taps: await withDispositions(stage, played.taps),
    sales: shop.sales,
    money,
    ledger: await auditOf(stage.path('settlement'), stage.scale?.database),
    gateLog: await auditOf(stage.path('gate')),
    merchantToken: shop.token,
    openings: { expected: rides + strangers, actual: stage.barrierOpenings() },
    revenue: { expectedCents: (rides + strangers) * FARE_CENTS, actualCents: sumOf('revenue') },
    writtenOff: {
      expectedCents: strangers * FARE_CENTS,
      actualCents: sumOf('loss'),
      left: (await stage.operate<Parked[]>('parked')).length,
    },
    takings: { expectedCents: shop.takingsCents(), actualCents: sumOf('merchant') },
    losses: await withFares(played, rides),
  };
}

async function moneyOf(
  name: string,
  { rider, shopCents }: { rider: Rider; shopCents: number },
): Promise<Money> {
  const { phone, topUpCents, rides } = rider;
  type Shown = Pick<Money, 'balanceCents' | 'debtCents' | 'denied'>;
  const now = await stileJson<Shown>(['rider', 'show', '--phone', phone.file]);
  const owed = rides * FARE_CENTS + shopCents;
  const expected = {
    balanceCents: Math.max(0, topUpCents - owed),
    debtCents: Math.max(0, owed - topUpCents),
    denied: owed > topUpCents || name === 'dan',
  };
  return { name, rides, topUpCents, shopCents, ...now, expected };
}

async function withDispositions(stage: Stage, taps: readonly Tap[]): Promise<Tap[]> {
  type TapRecord = { seq: number; outcome: string | null };
  const records = await stage.operate<TapRecord[]>('taps', ['--limit', '500']);
  return taps.map((tap) => ({
    ...tap,
    disposition: records.find(({ seq }) => seq === tap.seq)?.outcome ?? '',
  }));
}

async function withFares({ losses, riders }: Played, rides: number): Promise<Result['losses']> {
  if (losses === null) return null;
  const counts = await Promise.all([...riders.values()].map(({ phone }) => countRides(phone)));
  const actual = counts.reduce((sum, count) => sum + count, 0);
  return { ...losses, fares: { expected: rides, actual } };
}
