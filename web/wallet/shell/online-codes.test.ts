/** The online code that stays while its rider looks elsewhere, before a real settlement, without a browser. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ScriptedWallet } from '../../testing/scripted-wallet.ts';
import { until } from '../../testing/until.ts';

let scripted: ScriptedWallet;
beforeEach(async () => {
  scripted = await ScriptedWallet.enrolled();
});
afterEach(async () => {
  await scripted.close();
});

const payment = (way: string) => ({
  kind: 'PAYMENT',
  payment: { outcome: 'PAID', reason: null, way, payee: 'Kiosk', amountCents: 250, atMs: 0 },
});

test('it is good for its minute, whatever is looked at meanwhile', async () => {
  const { onlineCodes, events } = scripted.wallet;
  expect(onlineCodes.isGood()).toBe(false);
  await onlineCodes.make(900);
  const { value } = onlineCodes.current;
  expect(value).toMatchObject({ text: expect.stringMatching(/^72/), boundCents: 900 });
  // As another page of the wallet does.
  events.news.value = null;
  await scripted.pass(50_000);
  expect(onlineCodes.isGood()).toBe(true);
  expect(onlineCodes.current.value).toBe(value);
  await scripted.pass(15_000);
  expect(onlineCodes.isGood()).toBe(false);
});

test('it is used when settlement says so, and by no other kind of code', async () => {
  const { onlineCodes, events } = scripted.wallet;
  const isUsed = () => onlineCodes.current.value?.isUsed;
  scripted.wire.tell(payment('ONLINE_CODE'));
  await until(() => events.news.value !== null);
  await onlineCodes.make(null);
  expect(isUsed()).toBe(false);
  scripted.wire.tell(payment('PAYMENT_CODE'));
  await until(() => events.spentTimeStep.value !== null);
  expect(isUsed()).toBe(false);
  scripted.wire.tell(payment('ONLINE_CODE'));
  await until(() => isUsed() === true);
  expect(onlineCodes.isGood()).toBe(false);
});

test('it goes with its account', async () => {
  const { wallet } = scripted;
  await wallet.onlineCodes.make(null);
  await wallet.remove();
  expect(wallet.onlineCodes.current.value).toBeNull();
});
