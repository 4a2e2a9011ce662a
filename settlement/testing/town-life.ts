/** A day in a town, for what reads its books afterwards. */
import type { ScriptedGate } from './gate.ts';
import { type ScriptedRider, type ScriptedTown, START_MS } from './town.ts';

/** Rides of every kind, payments with a network and without. */
export async function liveIn(town: ScriptedTown): Promise<void> {
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const [rich, poor] = [await town.addRider('P-256'), await town.addRider()];
  await rich.topUp(1000);
  gate.note(START_MS);
  gate.tap(rich.code(START_MS), { atMs: START_MS });
  gate.tap(poor.code(START_MS), { atMs: START_MS });
  const taken = gate.tap(rich.code(START_MS), { atMs: START_MS });
  gate.voidOf(taken, START_MS);
  gate.tap('TC1:X', { atMs: START_MS, verdict: 'refuse', reason: 'MALFORMED' });
  await town.send(gate, { fromSeq: 1, toSeq: 4 });
  await town.send(gate, { fromSeq: 5 });
  await town.settled();
  const payer = await town.addRider();
  await payer.topUp(10_000);
  await sell(town, payer);
  await rideOnline(town, { gate, rider: payer });
  await town.settled();
  await town.stop();
}

/** Two payments of which one is given back in part, an order, a refusal. */
async function sell(town: ScriptedTown, rider: ScriptedRider): Promise<void> {
  const token = await town.addMerchant('kiosk');
  const post = async (path: string, body: object) =>
    await town.get<{ order: string }>(path, { token, body });
  const seed = await rider.fetchSeed();
  const offline = { idempotencyKey: 'pay-offline', code: seed.codeAt(START_MS), amountCents: 300 };
  await post('/v1/payments', offline);
  await post('/v1/payments', { ...offline, idempotencyKey: 'pay-again' });
  const online = { code: await rider.onlineCode(), amountCents: 700 };
  await post('/v1/payments', { idempotencyKey: 'pay-online', ...online });
  await post('/v1/payments/pay-online/refunds', { idempotencyKey: 'back-123', amountCents: 100 });
  await post('/v1/payments/pay-never/reversal', {});
  const { order } = await post('/v1/orders', { idempotencyKey: 'order-one', amountCents: 400 });
  await rider.confirmOrder(order);
}

/** Five asks: opened, voided, refused after it was paid, and two that were refused before they came. */
async function rideOnline(
  town: ScriptedTown,
  { gate, rider }: { gate: ScriptedGate; rider: ScriptedRider },
): Promise<void> {
  const ids = ['a1', 'a2', 'a3', 'a4', 'a5'].map((pair) => pair.repeat(16));
  const asks: number[] = [];
  for (const id of ids) {
    const question = gate.question(id, { code: await rider.onlineCode(), atMs: START_MS });
    if (ids.indexOf(id) < 3) await town.get(`/v1/gates/${gate.gate}/payments`, question);
    asks.push(gate.ask(id, START_MS));
  }
  const [opened = 0, voided = 0, ...shut] = asks;
  gate.answer(opened, { atMs: START_MS });
  gate.voidOf(gate.answer(voided, { atMs: START_MS }), START_MS);
  for (const ask of shut) gate.answer(ask, { atMs: START_MS, reason: 'NO_ANSWER' });
  await town.send(gate, { fromSeq: 7 });
}
