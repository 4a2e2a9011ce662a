/** Money that a till gives back, whose response is lost: it goes back once, and is forgotten nowhere. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TillScene } from '../../testing/till-scene.ts';
import type { Till } from './till.ts';

let scene: TillScene;
let till: Till;
let payment: Payment;

beforeEach(async () => {
  scene = await TillScene.open();
  till = await scene.openTill();
  await till.sale.take(await scene.rider.onlineCode(), { amountCents: 1_000 });
  const { value } = till.sale.state;
  if (value.kind !== 'decided') throw new Error(`not decided but ${value.kind}`);
  ({ payment } = value);
});
afterEach(async () => {
  await scene.town.close();
});

async function loseRefund(): Promise<void> {
  scene.wire.mode = 'lose';
  expect(await till.refunds.give(payment, 300)).toEqual({ kind: 'unknown' });
  scene.wire.mode = 'pass';
}

function only({ refunds }: Till) {
  const [refund, more] = refunds.unknown.value;
  if (refund === undefined || more !== undefined) throw new Error('not one refund is unknown');
  return refund;
}

test('a refund goes back and leaves nothing stored', async () => {
  expect(await till.refunds.give(payment, 300)).toEqual({ kind: 'given' });
  expect(await scene.spentCents()).toBe(700);
  expect(till.refunds.own.value).toEqual([]);
});

test('whose response is lost, is not known; asked again, also after a reload, it goes back once', async () => {
  await loseRefund();
  const reloaded = await scene.openTill();
  const refund = only(reloaded);
  expect(refund).toMatchObject({ amountCents: 300, receipt: 1 });
  await reloaded.refunds.askAgain(refund);
  expect(reloaded.refunds.answered.value).toEqual({ refund, failure: null });
  expect(reloaded.refunds.own.value).toEqual([]);
  expect(await scene.spentCents()).toBe(700);
});

test('a second refund of the payment is not begun while one is not known', async () => {
  await loseRefund();
  const requests = scene.wire.requests.length;
  expect(till.refunds.ofPayment(payment)).toMatchObject({ amountCents: 300 });
  expect(await till.refunds.give(payment, 300)).toEqual({ kind: 'unknown' });
  expect(scene.wire.requests).toHaveLength(requests);
  expect(await scene.spentCents()).toBe(700);
});

test('one that is refused says why, and a new one may be tried', async () => {
  expect(await till.refunds.give(payment, 1_001)).toMatchObject({
    kind: 'refused',
    failure: { code: 'TOO_MUCH' },
  });
  expect(await till.refunds.give(payment, 1_000)).toEqual({ kind: 'given' });
});

test('a refusal of the token says nothing of one sent before', async () => {
  await loseRefund();
  const path = `/v1/payments/${payment.idempotencyKey}/refunds`;
  const body = { code: 'MANAGER_NEEDED', message: 'why' };
  scene.wire.respond(path, () => ({ status: 403, body }));
  await till.refunds.askAgain(only(till));
  expect(only(till)).toMatchObject({ amountCents: 300 });
});

test('another shop sees whose it is, and signing out says it first', async () => {
  await loseRefund();
  await till.askToSignOut();
  expect([till.access.value, till.isLeaving.value]).toEqual(['in', true]);
  const refund = only(till);
  await till.signOut();
  await till.signIn(await scene.town.addMerchant('bakery'));
  expect(till.refunds.own.value).toEqual([]);
  expect(till.refunds.ofOthers.value).toEqual([refund]);
  const requests = scene.wire.requests.length;
  await till.refunds.askAgain(refund);
  expect(scene.wire.requests).toHaveLength(requests);
});
