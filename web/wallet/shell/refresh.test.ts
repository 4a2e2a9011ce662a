/** The background refresh under a moved clock: when it runs, what it renews, what it makes of failures. */
import { afterEach, describe, expect, test } from 'vitest';
import { ScriptedWallet } from '../../testing/scripted-wallet.ts';
import { until } from '../../testing/until.ts';
import { allowanceOf, isRevoked } from '../core/account.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const ME = '/v1/riders/me';
const SEEDS = '/v1/riders/me/payment-seeds';

let scripted: ScriptedWallet;
afterEach(async () => {
  await scripted.close();
});

describe('by itself', () => {
  test('a new wallet reads its account, fetches a seed, and listens', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire, clock } = scripted;
    expect(wallet.phone.view.value).toMatchObject({
      rider: { balanceCents: 0 },
      currency: 'EUR',
      clockOffsetS: 0,
      atMs: clock.now().wallMs,
    });
    expect(wallet.phone.enrolment.value?.seed?.handle).toMatch(/^\d{8}$/);
    expect(wire.count(`${ME}/events`)).toBe(1);
    // The session that came with the enrolment is used.
    expect(wire.count('/v1/sessions')).toBe(0);
  });

  test('it reads the account again every five minutes, and no sooner', async () => {
    scripted = await ScriptedWallet.enrolled();
    const before = scripted.wire.count(ME);
    await scripted.pass(5 * MINUTE_MS - 1);
    expect(scripted.wire.count(ME)).toBe(before);
    await scripted.pass(1);
    expect(scripted.wire.count(ME)).toBe(before + 1);
    await scripted.pass(5 * MINUTE_MS);
    expect(scripted.wire.count(ME)).toBe(before + 2);
  });

  test('not in a hidden page; at once when the reader comes back', async () => {
    scripted = await ScriptedWallet.enrolled();
    const before = scripted.wire.count(ME);
    scripted.page.setVisible(false);
    await scripted.pass(12 * MINUTE_MS);
    expect(scripted.wire.count(ME)).toBe(before);
    scripted.page.setVisible(true);
    await scripted.idle();
    expect(scripted.wire.count(ME)).toBe(before + 1);
  });

  test('what settlement tells is read at once, and is news', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    const before = wire.count(ME);
    const refund = { kind: 'REFUND', payee: 'Kiosk', amountCents: 250, atMs: 0 };
    wire.tell(refund);
    await until(() => wallet.events.news.value !== null);
    await scripted.idle();
    expect(wallet.events.news.value).toEqual(refund);
    expect(wire.count(ME)).toBe(before + 1);
  });
});

describe('what falls due', () => {
  test('the pass is renewed when a quarter of its life is over, and not before', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    const { issuedAtS = 0, expiresAtS = 0 } = wallet.phone.enrolment.value ?? {};
    const quarterMs = ((expiresAtS - issuedAtS) / 4) * 1000;
    await scripted.sleep(quarterMs - 8 * MINUTE_MS);
    await scripted.pass(5 * MINUTE_MS);
    expect(wire.count('/v1/passes')).toBe(0);
    await scripted.pass(5 * MINUTE_MS);
    expect(wire.count('/v1/passes')).toBe(1);
    const renewedAtS = wallet.phone.enrolment.value?.issuedAtS;
    expect(renewedAtS).toBeGreaterThan(issuedAtS + quarterMs / 1000);
  });

  test('an empty wallet has no offline rides; money brings them by itself', async () => {
    const offline = { creditCents: {} };
    scripted = await ScriptedWallet.enrolled({ settings: { offline } });
    const { wallet, wire } = scripted;
    const rides = () => allowanceOf(wallet.phone.enrolment.value?.pass ?? new Uint8Array());
    expect(wallet.phone.view.value?.rider.offline.reason).toBe('NOTHING_BEHIND');
    expect(rides()).toBe(0);
    // It does not ask for what it cannot get, and says nothing of a refusal.
    await scripted.pass(10 * MINUTE_MS);
    expect(wire.count('/v1/passes')).toBe(0);
    expect(wallet.refresh.refusal.value).toBeNull();
    const topUp = { amountCents: 1_000, idempotencyKey: 'first-money' };
    await wallet.session.run((token) => wallet.settlement.topUp(token, topUp));
    await scripted.pass(5 * MINUTE_MS);
    expect(wire.count('/v1/passes')).toBe(1);
    expect(rides()).toBe(3);
  });

  test('a pass whose key was revoked is renewed as soon as the account is read, and not again', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire, town } = scripted;
    const held = () => wallet.phone.enrolment.value?.pass ?? new Uint8Array();
    const isRevokedNow = () => {
      const rider = wallet.phone.view.value?.rider;
      return rider !== undefined && isRevoked(rider, held());
    };
    const first = held();
    await town.operate('POST', 'issuer-keys/1/revocation', { body: {} });
    await scripted.pass(5 * MINUTE_MS);
    expect(wallet.phone.view.value?.rider.revokedIssuerKeys).toEqual([1]);
    expect(wire.count('/v1/passes')).toBe(1);
    expect(held()).not.toEqual(first);
    expect(isRevokedNow()).toBe(false);
    await scripted.pass(10 * MINUTE_MS);
    expect(wire.count('/v1/passes')).toBe(1);
  });

  test('the seed is replaced when three weeks are left of it', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    const handle = wallet.phone.enrolment.value?.seed?.handle;
    await scripted.sleep(10 * DAY_MS);
    await scripted.pass(5 * MINUTE_MS);
    expect(wire.count(SEEDS)).toBe(2);
    expect(wallet.phone.enrolment.value?.seed?.handle).not.toBe(handle);
  });

  test('a seed that was ended is replaced as soon as the account is read, once', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    const handle = wallet.phone.enrolment.value?.seed?.handle;
    await wallet.session.run((token) => wallet.settlement.endSeeds(token));
    const before = wire.count(SEEDS);
    await scripted.pass(5 * MINUTE_MS);
    expect(wire.count(SEEDS)).toBe(before + 1);
    expect(wallet.phone.enrolment.value?.seed?.handle).not.toBe(handle);
    await scripted.pass(10 * MINUTE_MS);
    expect(wire.count(SEEDS)).toBe(before + 1);
  });

  test('an operator without payment codes is no failure', async () => {
    scripted = await ScriptedWallet.enrolled({ seedKeys: null });
    const { renewal, refresh, phone } = scripted.wallet;
    expect(renewal.paymentCodesOff.value).toBe(true);
    expect(refresh.refusal.value).toBeNull();
    expect(phone.enrolment.value?.seed).toBeNull();
  });
});

describe('when something fails', () => {
  test('without a network it tries every 20 s, and says so until it is back', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    wire.mode = 'cut';
    wallet.refresh.run();
    await scripted.idle();
    expect(wallet.refresh.isOnline.value).toBe(false);
    const before = wire.count('/v1/health');
    await scripted.pass(20_000 - 1);
    expect(wire.count('/v1/health')).toBe(before);
    await scripted.pass(1);
    expect(wire.count('/v1/health')).toBe(before + 1);
    wire.mode = 'pass';
    await scripted.pass(20_000);
    expect(wallet.refresh.isOnline.value).toBe(true);
  });

  test('a network that the browser announces is used at once', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire, page } = scripted;
    page.setOnline(false);
    expect(wallet.refresh.isOnline.value).toBe(false);
    const before = wire.count(ME);
    page.setOnline(true);
    await scripted.idle();
    expect(wallet.refresh.isOnline.value).toBe(true);
    expect(wire.count(ME)).toBe(before + 1);
  });

  test('a settlement that is silent is given up after ten seconds', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire, clock } = scripted;
    wire.mode = 'silent';
    wallet.refresh.run();
    clock.advance(10_000 - 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(wallet.refresh.isOnline.value).toBe(true);
    clock.advance(1);
    await scripted.idle();
    expect(wallet.refresh.isOnline.value).toBe(false);
  });

  test('a refusal is shown in settlement’s words until it succeeds again', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, wire } = scripted;
    const refusal = { code: 'TOO_MANY_REQUESTS', message: 'wait' };
    wire.respond(ME, () => ({ status: 429, body: refusal }));
    wallet.refresh.run();
    await scripted.idle();
    expect(wallet.refresh.refusal.value).toEqual(refusal);
    expect(wallet.refresh.isOnline.value).toBe(true);
    wire.respond(ME, undefined);
    await scripted.pass(5 * MINUTE_MS);
    expect(wallet.refresh.refusal.value).toBeNull();
  });

  test('a broken stream is opened again, and the account read again', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wire } = scripted;
    const before = wire.count(ME);
    wire.hangUp();
    await scripted.idle();
    await scripted.pass(1_000);
    expect(wire.count(`${ME}/events`)).toBe(2);
    expect(wire.count(ME)).toBeGreaterThan(before);
  });

  test('a vault that was emptied under it: it says whose wallet was lost', async () => {
    scripted = await ScriptedWallet.enrolled();
    const { wallet, vault } = scripted;
    const account = wallet.phone.enrolment.value?.account;
    vault.evict();
    await scripted.sleep(3 * DAY_MS);
    await scripted.pass(5 * MINUTE_MS);
    expect(wallet.phone.status.value).toEqual({ kind: 'evicted', account });
  });
});
