/** What a till does not know yet: it outlives other sales, other windows, a reload and who signs out. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TillScene } from '../../testing/till-scene.ts';
import type { Till } from './till.ts';

let scene: TillScene;
let till: Till;

beforeEach(async () => {
  scene = await TillScene.open();
  till = await scene.openTill();
});
afterEach(async () => {
  await scene.town.close();
});

function stored(): string[] {
  return scene.storage.names().filter((name) => /^stile-till-(pending|order)-/.test(name));
}

function unknownOf({ sale }: Till) {
  const { value } = sale.state;
  if (value.kind !== 'unknown') throw new Error(`not unknown but ${value.kind}`);
  return value;
}

describe('a payment that is not known in one window', () => {
  test('outlives a sale in another, which shows it and can ask', async () => {
    const second = await scene.openTill();
    await scene.leaveUnknown(till, 1_100);
    await second.sale.take(await scene.rider.onlineCode(), { amountCents: 100 });
    expect(second.sale.state.value).toMatchObject({ payment: { amountCents: 100, receipt: 2 } });
    expect(stored()).toHaveLength(1);
    const [unknown] = second.sale.unknown.value;
    expect(unknown).toMatchObject({ merchant: 'kiosk', amountCents: 1_100 });
    await second.sale.nextCustomer();
    if (unknown !== undefined) await second.sale.resolve(unknown);
    expect(second.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect(stored()).toEqual([]);
    expect(await scene.spentCents()).toBe(1_200);
  });

  test('is shown as paid there too as soon as another has found out', async () => {
    const second = await scene.openTill();
    await scene.leaveUnknown(till, 1_100);
    await second.sale.resolve(unknownOf(till).pending);
    await till.onStored();
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
  });

  test('is not taken back any more if another has found it paid', async () => {
    const second = await scene.openTill();
    await scene.leaveUnknown(till, 1_100);
    await second.sale.resolve(unknownOf(till).pending);
    await till.sale.reverse(unknownOf(till).pending);
    expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect(await scene.spentCents()).toBe(1_100);
  });
});

test('two that are not known are both asked about after a reload, one after the other', async () => {
  const second = await scene.openTill();
  await scene.leaveUnknown(till, 500);
  await scene.pass(1_000);
  await scene.leaveUnknown(second, 600);
  const reloaded = await scene.openTill();
  expect(reloaded.sale.state.value).toMatchObject({ payment: { amountCents: 500, receipt: 1 } });
  expect(reloaded.sale.unknown.value).toMatchObject([{ amountCents: 600 }]);
  await reloaded.sale.nextCustomer();
  expect(reloaded.sale.state.value).toMatchObject({ payment: { amountCents: 600, receipt: 2 } });
  await reloaded.sale.nextCustomer();
  expect(reloaded.sale.state.value).toEqual({ kind: 'none' });
  expect(stored()).toEqual([]);
});

test('junk beside a record hides nothing', async () => {
  await scene.leaveUnknown(till, 500);
  scene.storage.setItem('stile-till-pending-junk', '{');
  const reloaded = await scene.openTill();
  expect(reloaded.sale.state.value).toMatchObject({ payment: { receipt: 1 } });
});

describe('signing out', () => {
  test('while something is not known is asked about first, and drops nothing', async () => {
    await scene.leaveUnknown(till, 900);
    await till.askToSignOut();
    expect([till.access.value, till.isLeaving.value]).toEqual(['in', true]);
    till.stay();
    expect([till.access.value, till.isLeaving.value]).toEqual(['in', false]);
    await till.askToSignOut();
    await till.signOut();
    expect([till.access.value, till.isLeaving.value]).toEqual(['out', false]);
    // Whoever signs in next reads whose it is.
    expect(till.sale.ofOthers.value).toMatchObject([{ merchant: 'kiosk', amountCents: 900 }]);
  });

  test('with all known asks nothing', async () => {
    await till.askToSignOut();
    expect(till.access.value).toBe('out');
  });

  test('a link for another shop is offered beside what is not known of the first', async () => {
    await scene.leaveUnknown(till, 900);
    scene.hash = `#token=${await scene.town.addMerchant('bakery')}`;
    const offered = await scene.openTill();
    expect(offered.access.value).toBe('offered');
    expect(offered.sale.ofOthers.value).toMatchObject([{ merchant: 'kiosk', amountCents: 900 }]);
    await offered.answerOffer(true);
    expect(offered.sale.state.value).toEqual({ kind: 'none' });
    expect(stored()).toHaveLength(1);
  });
});

describe('a refusal', () => {
  const refuse = (status: number, code: string) =>
    scene.wire.respond('/v1/payments', () => ({ status, body: { code, message: 'why' } }));

  test('of the token says nothing of the same payment sent before', async () => {
    await scene.leaveUnknown(till, 900);
    refuse(403, 'MANAGER_NEEDED');
    const { pending } = unknownOf(till);
    void till.sale.resolve(pending);
    await scene.wire.idle();
    for (const waitMs of [700, 1_400, 2_100]) await scene.pass(waitMs);
    expect(unknownOf(till).pending).toEqual(pending);
    expect(stored()).toHaveLength(1);
  });
});

describe('taking back', () => {
  test('without a network says so, and all is as it was', async () => {
    await scene.leaveUnknown(till, 900);
    const { pending } = unknownOf(till);
    scene.wire.mode = 'cut';
    await till.sale.reverse(pending);
    expect(unknownOf(till)).toMatchObject({ pending, failure: { code: 'UNREACHABLE' } });
    scene.wire.mode = 'pass';
    await till.sale.reverse(pending);
    expect(till.sale.state.value).toEqual({ kind: 'reversed', amountCents: 900 });
    expect(await scene.spentCents()).toBe(0);
  });

  test('an order without a network says so, and the order is shown on', async () => {
    await till.sale.makeOrder({ amountCents: 150 });
    const { value } = till.sale.state;
    if (value.kind !== 'order') throw new Error(`not an order but ${value.kind}`);
    scene.wire.mode = 'cut';
    await till.sale.cancelOrder(value.order);
    expect(till.sale.state.value).toEqual({
      ...value,
      failure: { code: 'UNREACHABLE', message: '' },
    });
    scene.wire.mode = 'pass';
    await till.sale.cancelOrder(value.order);
    expect(till.sale.state.value).toEqual({ kind: 'none' });
    expect(stored()).toEqual([]);
  });
});

describe('an order that is open when the page is loaded again', () => {
  async function openOrder() {
    await till.sale.makeOrder({ amountCents: 150 });
    const { value } = till.sale.state;
    if (value.kind !== 'order') throw new Error(`not an order but ${value.kind}`);
    return value.order;
  }

  test('is shown again, and its payment is said', async () => {
    const order = await openOrder();
    const reloaded = await scene.openTill();
    expect(reloaded.sale.state.value).toEqual({ kind: 'order', order, failure: null });
    await scene.confirm(order.order);
    await reloaded.sale.lookAtOrder(order);
    expect(reloaded.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    expect(stored()).toEqual([]);
  });

  test('is shown as paid if it was paid meanwhile', async () => {
    const order = await openOrder();
    await scene.confirm(order.order);
    const reloaded = await scene.openTill();
    expect(reloaded.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', receipt: 1 } });
    await reloaded.sale.nextCustomer();
    expect(reloaded.sale.state.value).toEqual({ kind: 'none' });
  });

  test('is shown as too old if nobody paid it', async () => {
    await openOrder();
    await scene.pass(86_400_000);
    const reloaded = await scene.openTill();
    expect(reloaded.sale.state.value).toMatchObject({
      payment: { outcome: 'REFUSED', reason: 'ORDER_EXPIRED' },
    });
    expect(stored()).toEqual([]);
  });

  test('is not another shop’s', async () => {
    await openOrder();
    await till.signOut();
    await till.signIn(await scene.town.addMerchant('bakery'));
    expect(till.sale.state.value).toEqual({ kind: 'none' });
    await till.signOut();
    await till.signIn(scene.token);
    expect(till.sale.state.value.kind).toBe('order');
  });
});
