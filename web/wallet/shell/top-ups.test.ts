/** Money that is paid in, before a real settlement: once, whatever gets lost on the way and whoever presses again. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedWallet } from '../../testing/scripted-wallet.ts';
import type { Wallet } from './wallet.ts';

const TOP_UPS = '/v1/riders/me/top-ups';

let scripted: ScriptedWallet;
beforeEach(async () => {
  scripted = await ScriptedWallet.enrolled();
});
afterEach(async () => {
  await scripted.close();
});

async function balanceOf(wallet: Wallet): Promise<number> {
  await wallet.refresh.readAccount();
  return wallet.phone.view.value?.rider.balanceCents ?? -1;
}

const keysSent = () =>
  scripted.wire.requests
    .filter(({ path }) => path === TOP_UPS)
    .map(({ body }) => (body as { idempotencyKey: string }).idempotencyKey);

test('its key is on the disk before the request leaves, and gone when it is known', async () => {
  const { wallet, vault, wire } = scripted;
  let stored: unknown;
  wire.respond(TOP_UPS, ({ body }) => {
    stored = wallet.phone.enrolment.value?.topUp;
    expect(body).toEqual(stored);
    return { status: 409, body: { code: 'TOP_UP_FAILED', message: 'no money' } };
  });
  expect(await wallet.topUps.pay(1_000)).toMatchObject({ kind: 'refused', amountCents: 1_000 });
  expect(stored).toMatchObject({ amountCents: 1_000 });
  expect((await vault.readEnrolment())?.topUp).toBeNull();
});

test.each(['lose', 'cut'] as const)(
  '%s the wire: reloaded, it is shown and paid in once',
  async (mode) => {
    const { wallet, wire } = scripted;
    wire.mode = mode;
    expect(await wallet.topUps.pay(1_000)).toMatchObject({ kind: 'unknown' });
    const after = await scripted.reload();
    expect(after.topUps.open).toMatchObject({ amountCents: 1_000 });
    // Pressed again, and another amount too: neither is other money.
    expect(await after.topUps.pay(1_000)).toMatchObject({ kind: 'unknown' });
    expect(await after.topUps.pay(5_000)).toMatchObject({ kind: 'unknown', amountCents: 1_000 });
    wire.mode = 'pass';
    // By itself, as soon as there is a network.
    after.refresh.run();
    await scripted.idle();
    expect(after.topUps.open).toBeNull();
    expect(after.topUps.last.value).toEqual({ kind: 'paid', amountCents: 1_000 });
    expect(await balanceOf(after)).toBe(1_000);
    expect(new Set(keysSent()).size).toBe(1);
    expect(await after.topUps.pay(5_000)).toMatchObject({ kind: 'paid', amountCents: 5_000 });
    expect(await balanceOf(after)).toBe(6_000);
  },
);

test('a page that knows nothing of it asks about it, and begins no other', async () => {
  const { wallet, wire } = scripted;
  const other = await scripted.reload();
  wire.losing = TOP_UPS;
  await wallet.topUps.pay(2_000);
  wire.losing = null;
  expect(other.topUps.open).toBeNull();
  expect(await other.topUps.pay(2_000)).toEqual({ kind: 'paid', amountCents: 2_000 });
  expect(await balanceOf(other)).toBe(2_000);
});

test.each([
  [503, 'TOP_UP_UNKNOWN'],
  [503, 'UPLINK_BUSY'],
  [429, 'TOO_MANY_REQUESTS'],
])('%i %s leaves it open', async (status, code) => {
  const { wallet, wire } = scripted;
  wire.respond(TOP_UPS, () => ({ status, body: { code, message: 'later' } }));
  expect(await wallet.topUps.pay(1_000)).toMatchObject({ kind: 'unknown' });
  expect(wallet.topUps.open).toMatchObject({ amountCents: 1_000 });
});

test('a phone whose session is refused leaves it open', async () => {
  const { wallet, wire } = scripted;
  wire.losing = TOP_UPS;
  await wallet.topUps.pay(1_000);
  wire.losing = null;
  wallet.session.drop();
  const refusal = { code: 'PASS_ENDED', message: 'it is on another phone' };
  wire.respond('/v1/sessions', () => ({ status: 403, body: refusal }));
  await wallet.topUps.askAgain();
  expect(wallet.topUps.open).toMatchObject({ amountCents: 1_000 });
});
