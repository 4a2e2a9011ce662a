/** What a till calls today: the calendar day of the operator's time zone, however long it is and wherever the till stands. */
import { expect, test } from 'vitest';
import { TillScene } from '../../testing/till-scene.ts';

const HOUR_MS = 3_600_000;

/** Time passes, rather than that a clock is set: settlement does not believe one that jumps. */
function passUntil({ town }: TillScene, iso: string): void {
  town.clock.advance(Date.parse(iso) - town.clock.now().wallMs);
}

/** What a till lists at `nowIso`, of sales made at the other times. */
async function listedAt(
  nowIso: string,
  { timeZone, sales }: { timeZone: string; sales: readonly string[] },
): Promise<{ amounts: number[]; paidCents: number; canRefund: boolean }> {
  const startMs = Date.parse(sales[0] ?? nowIso);
  const scene = await TillScene.open({ startMs, timeZone });
  try {
    const till = await scene.openTill();
    for (const [at, iso] of sales.entries()) {
      passUntil(scene, iso);
      // Sessions are short: whoever pays has just enrolled.
      const rider = await scene.town.addRider();
      await rider.topUp(1_000);
      await till.sale.take(await rider.onlineCode(), { amountCents: at + 1 });
      await till.sale.nextCustomer();
    }
    passUntil(scene, nowIso);
    const { items, totals } = await till.readDay(null);
    const [last] = items;
    const given = last && (await till.refunds.give(last, 1));
    const amounts = items.map(({ amountCents }) => amountCents).toReversed();
    return { amounts, paidCents: totals.paidCents, canRefund: given?.kind === 'given' };
  } finally {
    await scene.town.close();
  }
}

test.each([
  ['a day of 25 hours', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
  ['a day of 23 hours', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
  ['a zone of half hours', 'Asia/Kolkata', '2026-07-26T18:30:00Z', '2026-07-27T18:30:00Z', 24],
  [
    'a change by half an hour',
    'Australia/Lord_Howe',
    '2026-04-04T13:00:00Z',
    '2026-04-05T13:30:00Z',
    24.5,
  ],
])(
  '%s is listed from its first moment to its last, and its last sale goes back',
  async (_what, timeZone, from, to, hours) => {
    const fromMs = Date.parse(from);
    const toMs = Date.parse(to);
    expect((toMs - fromMs) / HOUR_MS).toBe(hours);
    const sales = [fromMs - 1_000, fromMs, toMs - 60_000].map((ms) => new Date(ms).toISOString());
    const now = new Date(toMs - 1).toISOString();
    expect(await listedAt(now, { timeZone, sales })).toEqual({
      amounts: [2, 3],
      paidCents: 5,
      canRefund: true,
    });
    expect(await listedAt(to, { timeZone, sales: sales.slice(1) })).toMatchObject({ amounts: [] });
  },
);
