/** Scans at a till whose amount stands: what pays, what is said instead, and that no second pull pays or wipes. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TillScene } from '../../testing/till-scene.ts';
import { SILENCE_MS } from '../core/keyboard.ts';
import type { Till } from './till.ts';

const KEY = {
  code: '',
  isShift: false,
  isControl: false,
  isRepeat: false,
  isOnPad: false,
  fieldText: null,
};

let scene: TillScene;
let till: Till;
let atMs: number;

beforeEach(async () => {
  scene = await TillScene.open();
  till = await scene.openTill();
  atMs = scene.town.clock.now().monoMs;
});
afterEach(async () => {
  await scene.town.close();
});

/** Keys 3 ms apart; says whether the page may act on the last. */
function type(keys: readonly string[]): boolean {
  let isTaken = false;
  for (const key of keys) {
    atMs += 3;
    isTaken = till.entry.press({ ...KEY, key, atMs });
  }
  return isTaken;
}

async function scan(code: string): Promise<boolean> {
  const isTaken = type([...code, 'Enter']);
  await scene.wire.idle();
  return isTaken;
}

function enterAmount(): void {
  for (const key of ['5', '00'] as const) till.entry.pressPad(key);
}

test('a second pull of the trigger wipes nothing: it says what is paid, before and after the next customer', async () => {
  const code = await scene.rider.onlineCode();
  enterAmount();
  await scan(code);
  const { value } = till.sale.state;
  expect(value).toMatchObject({ kind: 'decided', payment: { outcome: 'PAID', amountCents: 500 } });
  expect(await scan(code)).toBe(true);
  expect(till.sale.state.value).toBe(value);
  expect(till.entry.hint.value).toMatchObject({ kind: 'alreadyPaid', amountCents: 500 });
  await till.nextCustomer();
  expect([till.entry.hint.value, till.entry.cents.value]).toEqual([null, 0]);
  await scan(code);
  expect(till.entry.hint.value).toMatchObject({ kind: 'alreadyPaid', amountCents: 500 });
  expect(await scene.spentCents()).toBe(500);
});

test('another code while an outcome is shown takes nothing, and says why', async () => {
  enterAmount();
  await scan(await scene.rider.onlineCode());
  await scan(await scene.rider.onlineCode());
  expect(till.entry.hint.value).toEqual({ kind: 'nextFirst' });
  expect(await scene.spentCents()).toBe(500);
});

test('two pulls before any response are one payment', async () => {
  const code = await scene.rider.onlineCode();
  enterAmount();
  type([...code, 'Enter', ...code, 'Enter']);
  await scene.wire.idle();
  expect(scene.wire.count('/v1/payments')).toBe(1);
  expect(await scene.spentCents()).toBe(500);
});

test.each([
  ['TC1:A.B', 'transit'],
  ['4012345678901', 'notCode'],
  ['71000123454611924620', 'misread'],
])('%s pays nothing, and the amount stays', async (text, kind) => {
  enterAmount();
  await scan(text);
  expect(till.entry.hint.value).toEqual({ kind });
  expect(till.entry.cents.value).toBe(500);
});

test('a code without an amount asks for that', async () => {
  await scan(await scene.rider.onlineCode());
  expect(till.entry.hint.value).toEqual({ kind: 'amountFirst' });
});

test('where nothing is sold a scan presses nothing, takes nothing, and says where to', async () => {
  const code = await scene.rider.onlineCode();
  enterAmount();
  till.page.value = 'list';
  expect(await scan(code)).toBe(true);
  expect([till.sale.state.value.kind, till.entry.cents.value]).toEqual(['none', 500]);
  expect(till.entry.hint.value).toEqual({ kind: 'sellFirst' });
  await till.signOut();
  await scan(code);
  expect(till.entry.hint.value).toBeNull();
});

test('a scanner that sends no end sells as soon as its keys have ceased', async () => {
  enterAmount();
  type([...(await scene.rider.onlineCode())]);
  await scene.pass(SILENCE_MS);
  expect(till.sale.state.value.kind).toBe('none');
  await scene.pass(100);
  expect(till.sale.state.value).toMatchObject({ payment: { outcome: 'PAID', amountCents: 500 } });
});

test('a scan into a field gives the field its text back, and is taken', async () => {
  let text = '2 rolls';
  const restoreField = (before: string) => {
    text = before;
  };
  enterAmount();
  for (const key of [...(await scene.rider.onlineCode()), 'Enter']) {
    atMs += 3;
    const isTaken = till.entry.press({ ...KEY, key, atMs, fieldText: text, restoreField });
    if (!isTaken) text += key;
  }
  await scene.wire.idle();
  expect(text).toBe('2 rolls');
  expect(await scene.spentCents()).toBe(500);
});

test('the same code over its own refusal changes nothing; over an order it is said that one is open', async () => {
  const code = await scene.rider.onlineCode();
  await till.sale.take(code, { amountCents: 100 });
  await till.nextCustomer();
  enterAmount();
  await scan(code);
  expect(till.sale.state.value).toMatchObject({ payment: { reason: 'CODE_USED' } });
  await scan(code);
  expect(till.entry.hint.value).toBeNull();
  await till.nextCustomer();
  enterAmount();
  await till.entry.showOrder();
  await scan(await scene.rider.onlineCode());
  expect(till.entry.hint.value).toEqual({ kind: 'openFirst' });
  expect(till.sale.state.value.kind).toBe('order');
});
