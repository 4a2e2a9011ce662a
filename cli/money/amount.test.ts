/** Money on the command line, in towns whose currencies have no, two and three decimals: the same minor units each time. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { describe, expect, test } from 'vitest';
import { printed, useSettlement } from '../testing/rig.ts';
import { minorOf } from './amount.ts';

const CURRENCIES = [
  { currency: 'JPY', fare: '250', money: '5000', most: '1250', left: '1000 JPY', fine: '2.5' },
  { currency: 'EUR', fare: '2.50', money: '50', most: '12,50', left: '10.00 EUR', fine: '2.505' },
  {
    currency: 'KWD',
    fare: '0.250',
    money: '5.000',
    most: '1.25',
    left: '1.000 KWD',
    fine: '0.2505',
  },
] as const;

describe.each(CURRENCIES)('in $currency', ({ currency, ...of }) => {
  const settings = {
    currency,
    enrolment: { policy: 'open' },
    topUps: { mode: 'sandbox' },
  } as const;
  const { url, at, phone, rider, operate, tryTo } = useSettlement(settings);

  async function ask<T>(path: string, asked: { token: string; body: object }): Promise<T> {
    const response = await fetch(new URL(path, url()), {
      method: 'POST',
      headers: { authorization: `Bearer ${asked.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(asked.body),
    });
    return (await response.json()) as T;
  }

  test('fare, top-up, payment and refund are what was written', async () => {
    expect(await operate(['set-fare', 'L1', '--fare', of.fare])).toMatchObject({ fareCents: 250 });
    expect(await operate(['set-fare', 'L2', '--fare', '0'])).toMatchObject({ fareCents: 0 });
    await rider('ada', ['enrol', ...at()]);
    const topUp = ['top-up', '--amount', of.money, '--key', 'first'];
    expect(await rider('ada', topUp)).toMatchObject({ balanceCents: 5_000 });

    const shop = ['--merchant', 'kiosk', '--name', 'Kiosk'];
    const tokens = await operate<{ managerToken: string }>(['add-merchant', ...shop]);
    const token = tokens.managerToken;
    const made = ['rider', 'online-code', '--at-most', of.most, ...phone('ada')];
    const pay = async (idempotencyKey: string, amountCents: number) => {
      const code = (await printed(made)).trim();
      return await ask<Payment>('/v1/payments', {
        token,
        body: { idempotencyKey, code, amountCents },
      });
    };
    expect(await pay('too-much', 1_251)).toMatchObject({ reason: 'OVER_AMOUNT_CAP' });
    expect(await pay('a-sale-1', 1_250)).toMatchObject({ outcome: 'PAID', receipt: 1 });
    const refund = async (idempotencyKey: string, amountCents: number) =>
      await ask<object>('/v1/payments/a-sale-1/refunds', {
        token,
        body: { idempotencyKey, amountCents },
      });
    expect(await refund('back-one', 250)).toMatchObject({ refundedCents: 250 });
    expect(await refund('back-two', 1_001)).toEqual({
      code: 'TOO_MUCH',
      message: `only ${of.left} of it is left`,
    });
    expect(await rider('ada', ['show'])).toMatchObject({ balanceCents: 4_000 });
  });

  test('what is no amount of it changes nothing, and says how to write one', async () => {
    const example = { JPY: '250', EUR: '2.50', KWD: '0.250' }[currency];
    const words = (fare: string) => tryTo(['set-fare', 'L3', '--fare', fare]);
    for (const [fare, why] of [
      [of.fine, `${currency} has`],
      ['1e2', 'this is no amount'],
    ] as const) {
      const { code, stderr } = await words(fare);
      expect({ fare, code }).toEqual({ fare, code: 2 });
      expect(stderr).toContain(`--fare ${fare}: ${why}`);
      expect(stderr).toContain(`write it such as ${example}`);
    }
    expect(await operate<object>(['set-fare', 'L3', '--fare', of.fare])).toMatchObject({
      fareCents: 250,
    });
  });
});

test.each([
  ['0', 'it has to be more than nothing'],
  ['100000.01', 'at most 100000.00 EUR'],
  ['0x10', 'this is no amount, write it such as 2.50'],
  ['2.614', 'EUR has 2 decimals, write it such as 2.50'],
])('--amount %s: %s', (text, why) => {
  const read = () => minorOf(text, { option: '--amount', currency: 'EUR' });
  expect(read).toThrow(`--amount ${text}: ${why}`);
});
