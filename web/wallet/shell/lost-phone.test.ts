/** A wallet that is lost, recovered and guarded, before a real settlement, without a browser. */
import type { TownOptions } from '@stile/settlement/testing/town.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { ScriptedWallet } from '../../testing/scripted-wallet.ts';
import { isPinOver, WRONG_MAX } from '../core/pin.ts';
import { makePaymentCode } from './seed.ts';
import type { Enrolment } from './vault.ts';

/** How long a paper is good beside the code that replaced it. */
const WEEK_MS = 7 * 86_400_000;

const open: ScriptedWallet[] = [];
afterEach(async () => {
  for (const scripted of open.splice(0)) await scripted.close();
});

async function enrolled(): Promise<ScriptedWallet> {
  const scripted = await ScriptedWallet.enrolled();
  open.push(scripted);
  return scripted;
}

async function drawCode({ wallet }: ScriptedWallet): Promise<string> {
  const { session, settlement, phone } = wallet;
  const { value: holder } = phone.enrolment;
  if (holder === null) throw new Error('nobody is enrolled');
  return (await session.run((token) => settlement.fetchRecoveryCode(token, holder))).code;
}

describe('an enrolment', () => {
  async function unheard(settings: TownOptions['settings'] = {}) {
    const scripted = await ScriptedWallet.open({ settings });
    open.push(scripted);
    const { wallet, wire } = scripted;
    const { invite } = await scripted.town.operate<{ invite: string }>('POST', 'invites', {
      body: {},
    });
    wire.losing = '/v1/riders';
    await expect(wallet.enrol(null, invite)).rejects.toThrow();
    expect(wallet.phone.status.value).toEqual({ kind: 'new' });
    wire.losing = null;
    return { scripted, invite };
  }

  test('whose response is lost goes on behind a reload: one invitation, one account', async () => {
    const { scripted, invite } = await unheard({ enrolment: { policy: 'invite' } });
    const after = await scripted.reload();
    await after.enrol(null, invite);
    await scripted.idle();
    expect(after.phone.status.value).toEqual({ kind: 'ready' });
    expect(after.phone.enrolment.value).toMatchObject({ serial: 1 });
    expect(await after.phone.makeTransitCode(1)).toMatch(/./);
    const { account } = after.phone.enrolment.value ?? {};
    // The same account once more, as another tab hears of it late: its counter goes on.
    await scripted.vault.addEnrolment({ ...after.phone.enrolment.value } as Enrolment);
    expect(await scripted.vault.takeCounter(account ?? '')).toBe(2);
  });

  test('that was not heard keeps nobody from a recovery', async () => {
    const { scripted } = await unheard();
    const { wallet, town } = scripted;
    const other = await town.addRider();
    await wallet.recover(null, { code: await other.drawCode(), account: null });
    await scripted.idle();
    expect(wallet.phone.enrolment.value).toMatchObject({ account: other.account, serial: 2 });
  });

  test('behind a recovery that was not heard, and whose phone has ended, is a new account', async () => {
    const scripted = await ScriptedWallet.open();
    open.push(scripted);
    const { wallet, town, wire } = scripted;
    const other = await town.addRider();
    wire.losing = '/v1/recoveries';
    const recovery = wallet.recover(null, { code: await other.drawCode(), account: null });
    await expect(recovery).rejects.toThrow();
    wire.losing = null;
    const move = `accounts/${other.account}/move-code`;
    const body = { note: 'to a third phone' };
    const { code } = await town.operate<{ code: string }>('POST', move, { body });
    await town.recover(code);
    await wallet.enrol(null, null);
    await scripted.idle();
    expect(wallet.phone.status.value).toEqual({ kind: 'ready' });
    expect(wallet.phone.enrolment.value?.account).not.toBe(other.account);
  });
});

describe('a recovery', () => {
  test('brings a cleared wallet back, and shows the next code', async () => {
    const scripted = await enrolled();
    const { wallet, vault } = scripted;
    const before = wallet.phone.enrolment.value;
    const code = await drawCode(scripted);
    vault.evict();
    await wallet.phone.open();
    expect(wallet.phone.status.value).toEqual({ kind: 'evicted', account: before?.account });
    await wallet.recover(null, { code, account: null });
    await scripted.idle();
    expect(wallet.phone.status.value).toEqual({ kind: 'ready' });
    expect(wallet.phone.enrolment.value).toMatchObject({ account: before?.account, serial: 2 });
    expect(wallet.phone.enrolment.value?.seed).not.toBeNull();
    expect(wallet.freshCode.value).toMatchObject({ kind: 'recovery' });
    expect(wallet.freshCode.value?.code).not.toBe(code);
  });

  test('whose response is lost is made good by pressing again', async () => {
    const scripted = await enrolled();
    const { wallet, wire, vault } = scripted;
    const code = await drawCode(scripted);
    vault.evict();
    await wallet.phone.open();
    wire.losing = '/v1/recoveries';
    await expect(wallet.recover(null, { code, account: null })).rejects.toThrow();
    expect(wallet.phone.status.value.kind).toBe('evicted');
    wire.losing = null;
    await wallet.phone.open();
    await wallet.recover(null, { code, account: null });
    expect(wallet.phone.enrolment.value?.serial).toBe(2);
  });

  test('for one account takes no other: nothing is used up', async () => {
    const scripted = await enrolled();
    const { wallet, town } = scripted;
    const before = wallet.phone.enrolment.value;
    const other = await town.addRider();
    const code = await other.drawCode();
    const meant = { code, account: before?.account ?? '' };
    await expect(wallet.recover(null, meant)).rejects.toMatchObject({
      code: 'RECOVERY_OTHER_ACCOUNT',
    });
    await expect(wallet.settlement.block(meant)).rejects.toMatchObject({
      code: 'RECOVERY_OTHER_ACCOUNT',
    });
    expect(wallet.phone.enrolment.value).toEqual(before);
    expect((await town.recover(code)).rider.account).toBe(other.account);
  });

  test('elsewhere is said on the phone that was lost', async () => {
    const scripted = await enrolled();
    const { wallet, town } = scripted;
    await town.recover(await drawCode(scripted));
    wallet.session.drop();
    wallet.refresh.run();
    await scripted.idle();
    expect(wallet.refresh.refusal.value?.code).toBe('PASS_ENDED');
    expect(wallet.phone.enrolment.value).toMatchObject({ isEnded: true, seed: null });
    scripted.wire.mode = 'cut';
    const after = await scripted.reload();
    expect(after.phone.enrolment.value).toMatchObject({ isEnded: true, seed: null });
    scripted.wire.mode = 'pass';
    const back = await town.addRider();
    await after.recover(null, { code: await back.drawCode(), account: null });
    expect(after.phone.enrolment.value).not.toHaveProperty('isEnded');
  });
});

describe('a new recovery code', () => {
  async function madeAt({ wallet }: ScriptedWallet) {
    await wallet.refresh.readAccount();
    const rider = wallet.phone.view.value?.rider;
    return [rider?.recoveryCodeMadeAtMs, rider?.unconfirmedCodeMadeAtMs].map((at) => at !== null);
  }

  async function paperCode(scripted: ScriptedWallet): Promise<string> {
    const { wallet } = scripted;
    const code = await drawCode(scripted);
    wallet.freshCode.value = { kind: 'recovery', code, isCovered: false };
    await wallet.confirmFreshCode();
    expect(wallet.freshCode.value).toBeNull();
    expect(await madeAt(scripted)).toEqual([true, false]);
    return code;
  }

  test('whose response is lost leaves the one on paper good', async () => {
    const scripted = await enrolled();
    const paper = await paperCode(scripted);
    scripted.wire.losing = '/v1/riders/me/recovery-code';
    await expect(drawCode(scripted)).rejects.toThrow();
    scripted.wire.losing = null;
    expect(await madeAt(scripted)).toEqual([true, true]);
    await scripted.wallet.recover(null, { code: paper, account: null });
    expect(scripted.wallet.phone.enrolment.value?.serial).toBe(2);
  });

  test('ends the one on paper a week after it is written down, and stays on the screen if that is not heard', async () => {
    const scripted = await enrolled();
    const { wallet, wire } = scripted;
    const paper = await paperCode(scripted);
    const code = await drawCode(scripted);
    wallet.freshCode.value = { kind: 'recovery', code, isCovered: false };
    wire.mode = 'cut';
    await expect(wallet.confirmFreshCode()).rejects.toThrow();
    expect(wallet.freshCode.value).not.toBeNull();
    wire.mode = 'pass';
    await wallet.confirmFreshCode();
    expect(await madeAt(scripted)).toEqual([true, false]);
    await scripted.sleep(WEEK_MS + 1);
    await expect(wallet.recover(null, { code: paper, account: null })).rejects.toThrow();
  });
});

test('a fresh code is covered when its page was away', async () => {
  const scripted = await enrolled();
  const { wallet, page } = scripted;
  wallet.freshCode.value = { kind: 'recovery', code: 'X', isCovered: false };
  page.setVisible(false);
  page.setVisible(true);
  expect(wallet.freshCode.value).toMatchObject({ isCovered: true });
});

describe('a PIN', () => {
  test('is changed, taken away and asked for less by who knows it; a try is counted as any other', async () => {
    const scripted = await enrolled();
    const { pin, phone } = scripted.wallet;
    await pin.set('2580');
    await pin.askBeforeRide();
    const before = phone.enrolment.value;
    expect(await pin.change('2581', '1111')).toEqual({ kind: 'wrong' });
    expect(await pin.remove('2581')).toEqual({ kind: 'wrong' });
    expect(await pin.skipBeforeRide('2581')).toEqual({ kind: 'wrong' });
    expect(await pin.change('2580', '1111')).toEqual({ kind: 'wait' });
    const { wrong, lastAtMs, ...unchanged } = phone.enrolment.value?.pin ?? {};
    expect(before).toMatchObject({ pin: unchanged, seed: phone.enrolment.value?.seed });
    expect({ wrong, isKnown: lastAtMs !== 0 }).toEqual({ wrong: 3, isKnown: true });
    scripted.clock.advance(3_600_000);
    expect(await pin.change('2580', '1111')).toEqual({ kind: 'open' });
    expect(await pin.skipBeforeRide('2580')).toEqual({ kind: 'wrong' });
    expect(await pin.skipBeforeRide('1111')).toEqual({ kind: 'open' });
    expect(phone.enrolment.value?.pin).toMatchObject({ beforeRide: false, wrong: 0 });
    expect(await pin.remove('1111')).toEqual({ kind: 'open' });
    expect(phone.enrolment.value?.pin).toBeNull();
  });

  test('seals the seed, opens it again, and closes by itself', async () => {
    const scripted = await enrolled();
    const { wallet, page } = scripted;
    const { pin, phone } = wallet;
    const handle = phone.enrolment.value?.seed?.handle;
    expect(pin.isOpen.value).toBe(true);
    await pin.set('2580');
    const seed = phone.enrolment.value?.seed;
    if (!seed) throw new Error('a seed');
    expect(seed.handle).not.toBe(handle);
    expect(seed.key).toHaveProperty('nonce');
    page.setVisible(false);
    page.setVisible(true);
    expect(pin.isOpen.value).toBe(false);
    expect(await pin.use(seed)).toBeUndefined();
    await expect(makePaymentCode(seed, 1)).rejects.toThrow();
    expect(await pin.enter('2581')).toEqual({ kind: 'wrong' });
    expect(await pin.use(seed)).toBeUndefined();
    expect(await pin.enter('2580')).toEqual({ kind: 'open' });
    const usable = await pin.use(seed);
    expect(await makePaymentCode(usable ?? seed, 1)).toMatch(/^71\d+$/);
    expect(phone.enrolment.value?.pin?.wrong).toBe(0);
    await scripted.pass(180_000);
    expect(pin.isOpen.value).toBe(false);
  });

  test('is counted before it is tried, makes one wait, and is over at last', async () => {
    const scripted = await enrolled();
    const { wallet, page, vault } = scripted;
    const { pin, phone } = wallet;
    await pin.set('2580');
    page.setVisible(false);
    page.setVisible(true);
    for (let tries = 0; tries < 3; tries += 1) await pin.enter('0000');
    expect(await pin.enter('2580')).toEqual({ kind: 'wait' });
    expect((await vault.readEnrolment())?.pin?.wrong).toBe(3);
    for (let tries = 3; tries < WRONG_MAX; tries += 1) {
      scripted.clock.advance(3_600_000);
      await pin.enter('0000');
    }
    const stored = await vault.readEnrolment();
    expect(stored?.seed).toBeNull();
    expect(stored?.pin && isPinOver(stored.pin)).toBe(true);
    await scripted.sleep(86_400_000);
    expect(await pin.enter('2580')).toEqual({ kind: 'over' });
    expect(phone.enrolment.value?.account).toBeDefined();
  });

  test('waits by the page’s own clock, and no longer than its pause if the wall clock was wrong', async () => {
    const scripted = await enrolled();
    const { wallet, page, vault, clock } = scripted;
    await wallet.pin.set('2580');
    page.setVisible(false);
    page.setVisible(true);
    const rightMs = clock.now().wallMs;
    clock.setWall(rightMs + 365 * 86_400_000);
    for (let tries = 0; tries < 3; tries += 1) await wallet.pin.enter('0000');
    // Moved once more, in vain.
    clock.setWall(rightMs + 400 * 86_400_000);
    expect(await wallet.pin.enter('2580')).toEqual({ kind: 'wait' });
    clock.setWall(rightMs);
    const after = await scripted.reload();
    expect(after.pin.waitMs).toBe(30_000);
    clock.advance(20_000);
    expect(after.pin.waitMs).toBe(10_000);
    expect((await vault.readEnrolment())?.pin?.lastAtMs).toBe(rightMs);
    const again = await scripted.reload();
    clock.advance(10_000);
    expect(await again.pin.enter('2580')).toEqual({ kind: 'open' });
  });

  test('that is closed lets no new seed in, and taken away leaves one that pays', async () => {
    const scripted = await enrolled();
    const { wallet, page } = scripted;
    const { pin, phone } = wallet;
    await pin.set('2580');
    const handle = phone.enrolment.value?.seed?.handle;
    page.setVisible(false);
    page.setVisible(true);
    await scripted.sleep(20 * 86_400_000);
    wallet.refresh.run();
    await scripted.idle();
    expect(phone.enrolment.value?.seed?.handle).toBe(handle);
    await pin.enter('2580');
    wallet.refresh.run();
    await scripted.idle();
    expect(phone.enrolment.value?.seed?.handle).not.toBe(handle);
    expect(await pin.remove('2581')).toEqual({ kind: 'wrong' });
    expect(phone.enrolment.value?.pin?.wrong).toBe(1);
    expect(await pin.remove('2580')).toEqual({ kind: 'open' });
    expect(phone.enrolment.value).toMatchObject({ pin: null });
    expect(phone.enrolment.value?.seed?.key).not.toHaveProperty('nonce');
  });
});
