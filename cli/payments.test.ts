/** Paying with a network from the command line: real `stile` processes before a real settlement. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { openSqliteStore } from '@stile/settlement/store/sqlite/store.ts';
import { addRider, LIMITS } from '@stile/settlement/testing/log.ts';
import { addSeed } from '@stile/settlement/testing/till.ts';
import { expect, test } from 'vitest';
import { printed, useSettlement } from './testing/rig.ts';
import { runStile, startStile } from './testing/stile.ts';

/** A test key: never use it for anything else. */
const SEED_KEY = '5e'.repeat(32);

const settings = { enrolment: { policy: 'open' }, topUps: { mode: 'sandbox' } } as const;
const { folder, url, at, operate, tryTo } = useSettlement(settings, { seedKeys: SEED_KEY });
const phone = join(folder, 'phone.json');

let keys = 0;
async function pay(token: string, code: string): Promise<Payment & { code?: string }> {
  keys += 1;
  const response = await fetch(new URL('/v1/payments', url()), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ idempotencyKey: `sale-${keys}-cli`, code, amountCents: 100 }),
  });
  return (await response.json()) as Payment;
}

test('a phone fetches a seed, then pays offline; a shop is added, listed and blocked', async () => {
  await printed(['rider', 'enrol', ...at(), '--phone', phone]);
  await printed(['rider', 'top-up', '--amount', '10.00', '--key', 'first', '--phone', phone]);
  const without = await runStile(['rider', 'payment-code', '--phone', phone]);
  expect(without).toMatchObject({ code: 1, stdout: '' });
  expect(without.stderr).toContain('stile rider seed');

  const seeded = JSON.parse(await printed(['rider', 'seed', '--phone', phone]));
  const kept = JSON.parse(readFileSync(phone, 'utf8')).seed;
  expect(seeded).toEqual({ phone, handle: kept.handle, expiresAtS: kept.expiresAtS });
  expect(statSync(phone).mode & 0o777).toBe(0o600);

  type Tokens = { token: string; managerToken: string };
  const added = await operate<Tokens>([
    'add-merchant',
    '--merchant',
    'kiosk',
    '--name',
    'Kiosk am Tor',
  ]);
  const token = expect.stringMatching(/^.{40,}$/);
  expect(added).toEqual({ merchant: 'kiosk', token, managerToken: token });
  const listed = await operate(['merchants']);
  expect(listed).toEqual([{ merchant: 'kiosk', name: 'Kiosk am Tor', blockedAtMs: null }]);

  const code = (await printed(['rider', 'payment-code', '--phone', phone])).trim();
  expect(code).toMatch(new RegExp(`^71${kept.handle}\\d{10}$`));
  expect(await pay(added.token, code)).toMatchObject({ outcome: 'PAID', way: 'PAYMENT_CODE' });
  const online = await printed(['rider', 'online-code', '--phone', phone]);
  expect(online).toMatch(/^72\d{18}\n$/);
  expect(await pay(added.token, online.trim())).toMatchObject({ outcome: 'PAID' });

  const { account } = JSON.parse(readFileSync(phone, 'utf8'));
  expect(await operate(['revoke-seeds', account])).toEqual({ ended: 1 });
  const late = new Date(Date.now() + 60_000).toISOString();
  const dead = await printed(['rider', 'payment-code', '--phone', phone, '--at', late]);
  expect(await pay(added.token, dead.trim())).toMatchObject({ reason: 'CODE_REFUSED' });

  await operate(['block-merchant', 'kiosk']);
  expect(await pay(added.token, dead.trim())).toMatchObject({ code: 'UNAUTHENTICATED' });
  expect(await tryTo(['block-merchant', 'kiosk'])).toMatchObject({ code: 0, stderr: '' });
});

test('an order is looked at, and paid if it is still what was looked at', async () => {
  const payer = join(folder, 'payer.json');
  await printed(['rider', 'enrol', ...at(), '--phone', payer]);
  await printed(['rider', 'top-up', '--amount', '10.00', '--key', 'payer', '--phone', payer]);
  const shop = ['--merchant', 'bakery', '--name', 'Bakery am Tor'];
  const { token } = await operate<{ token: string }>(['add-merchant', ...shop]);
  const response = await fetch(new URL('/v1/orders', url()), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ idempotencyKey: 'order-cli', amountCents: 300 }),
  });
  const { link } = (await response.json()) as { link: string };
  const offer = JSON.parse(await printed(['rider', 'order', link, '--phone', payer]));
  expect(offer).toMatchObject({
    merchantName: 'Bakery am Tor',
    amountCents: 300,
    amount: '3.00',
    state: 'OPEN',
  });
  const payAs = (amount: string, payee: string) => {
    const shown = ['--amount', amount, '--payee', payee];
    return ['rider', 'pay-order', link, '--phone', payer, ...shown];
  };
  expect((await runStile(payAs('2.99', 'Bakery am Tor'))).stderr).toContain('another amount');
  expect((await runStile(payAs('3.00', 'Bakery'))).stderr).toContain('another name');
  const paid = JSON.parse(await printed(payAs('3.00', 'Bakery am Tor')));
  expect(paid).toMatchObject({ outcome: 'PAID', way: 'ORDER', amountCents: 300 });
  const account = JSON.parse(await printed(['rider', 'show', '--phone', payer]));
  expect(account).toMatchObject({ balanceCents: 700, passRevoked: false });
  await operate(['keys', 'revoke', '1']);
  const shown = JSON.parse(await printed(['rider', 'show', '--phone', payer]));
  expect(shown).toMatchObject({ passRevoked: true });
  await printed(['rider', 'renew', '--phone', payer]);
  const renewed = JSON.parse(await printed(['rider', 'show', '--phone', payer]));
  expect(renewed).toMatchObject({ passRevoked: false });
});

test('a picture of a payment code is drawn on demand', async () => {
  const png = join(folder, 'code.png');
  const of = ['--seed', '31'.repeat(32), '--handle', '12345678', '--png', png];
  await printed(['rider', 'payment-code', ...of]);
  expect(readFileSync(png).subarray(1, 4).toString()).toBe('PNG');
});

test.each([`${'5e'.repeat(32)},`, 'g'.repeat(64)])(
  'settlement does not start with the seed key %j, and says how one looks',
  async (STILE_SEED_KEY) => {
    const args = ['settlement', 'start', '--data', join(folder, 'other'), '--port', '0'];
    const ran = await runStile(args, { env: { STILE_SEED_KEY } });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^stile: STILE_SEED_KEY holds one key of 64 hexadecimal digits/);
    expect(ran.stdout + ran.stderr).not.toContain(STILE_SEED_KEY.slice(0, 64));
  },
);

test('settlement does not start without a key that has sealed seeds, but on a word', async () => {
  const data = join(folder, 'sealed');
  const [first, second] = ['a1'.repeat(32), 'b2'.repeat(32)];
  const keyId = createHash('sha256').update(Buffer.from(first, 'hex')).digest('hex').slice(0, 8);
  const start = ['settlement', 'start', '--data', data, '--port', '0'];
  async function startAndEnd(STILE_SEED_KEY: string, args: readonly string[] = []) {
    const running = startStile([...start, ...args], { env: { STILE_SEED_KEY } });
    expect(await running.says('listening')).toContain('listening');
    expect(await running.end('SIGTERM')).toBe(0);
  }
  await startAndEnd(first);
  const store = await openSqliteStore({ file: join(data, 'settlement.db'), limitsNow: LIMITS });
  const account = await addRider(store, 'a');
  await addSeed(store, {
    account,
    handle: '12345678',
    keyId,
    expiresAtMs: Date.now() + 86_400_000,
  });
  await store.close();
  const refused = await runStile(start, { env: { STILE_SEED_KEY: second } });
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain(`STILE_SEED_KEY lacks the key ${keyId}, which has sealed`);
  await startAndEnd(`${second},${first}`);
  await startAndEnd(second, ['--forget-seeds']);
  await startAndEnd(second);
});
