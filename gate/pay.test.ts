/** A whole gate with payment and online codes before a real settlement. */
import { makeTransitCode } from '@stile/phone/code.ts';
import { otpOfTimeStep, timeStepAt, writePaymentCode } from '@stile/protocol/payment-code.ts';
import { expect, test } from 'vitest';
import { BUDGET_MS, FARE_CENTS, openTown } from './testing/town.ts';

type Town = Awaited<ReturnType<typeof openTown>>;
const nowS = () => Math.floor(Date.now() / 1000);

/** Shows a code and waits for what the gate says about it. */
async function present({ log, show }: Town, code: string) {
  await show(code);
  const { verdict, reason, seq } = await log.next('answer');
  return { word: reason ?? verdict, seq: Number(seq) };
}

/** Until settlement has this record, and what follows from it. */
async function synced({ gate, log }: Town, seq: number): Promise<void> {
  gate.syncNow();
  await log.next('synced', ({ ackSeq }) => Number(ackSeq) >= seq);
}

test('a payment code and an online code open a real gate, each once, and the fare is taken', async () => {
  const town = await openTown();
  const { arm, phone } = town;
  const { handle, seed } = phone.seed;
  const otp = otpOfTimeStep(Buffer.from(seed, 'hex'), timeStepAt(nowS()));
  const opened = arm.opened();
  expect(await present(town, writePaymentCode({ handle, otp }))).toMatchObject({ word: 'open' });
  await opened;
  expect(await phone.balanceCents()).toBe(2_000 - FARE_CENTS);
  const online = await phone.onlineCode();
  const openedAgain = arm.opened();
  const paid = await present(town, online);
  await openedAgain;
  expect(paid.word).toBe('open');
  expect(await phone.balanceCents()).toBe(2_000 - 2 * FARE_CENTS);
  expect(await present(town, online)).toMatchObject({ word: 'CODE_USED' });
  expect(await present(town, writePaymentCode({ handle, otp }))).toMatchObject({
    word: 'CODE_USED',
  });
  const last = await present(town, '72000000000000000092');
  expect(last.word).toBe('CODE_REFUSED');
  await synced(town, last.seq);
  // What the gate says afterwards changes nothing about what was paid.
  expect(await phone.balanceCents()).toBe(2_000 - 2 * FARE_CENTS);
  expect(arm.openings).toBe(2);
  const taps = (await town.operate('GET', 'taps')) as unknown as Record<string, unknown>[];
  const outcomes = taps.filter(({ kind }) => kind === 'answer').map(({ outcome }) => outcome);
  expect(outcomes.filter((outcome) => outcome === 'PAID')).toHaveLength(2);
});

test('a lost answer is asked for again and charged once; one that stays away is given back', async () => {
  const town = await openTown();
  const { arm, gate, log, phone, show, wire } = town;
  wire.mode = 'lose';
  const opened = arm.opened();
  await show(await phone.onlineCode());
  while (wire.authorisations < 2) await new Promise((resume) => setImmediate(resume));
  expect(await phone.balanceCents()).toBe(2_000 - FARE_CENTS);
  wire.mode = 'pass';
  await opened;
  expect(await log.next('answer')).toMatchObject({ verdict: 'open' });
  expect(await phone.balanceCents()).toBe(2_000 - FARE_CENTS);

  wire.mode = 'lose';
  const startedMs = performance.now();
  await show(await phone.onlineCode());
  const transit = log.next('tap');
  const openedAgain = arm.opened();
  const { key, pass } = phone;
  await show(
    makeTransitCode(pass, {
      fresh: { generatedAtS: nowS(), counter: 1, flags: 0 },
      sign: key.sign,
    }),
  );
  expect(await transit, 'a transit code is not delayed').toMatchObject({ verdict: 'open' });
  expect(performance.now() - startedMs).toBeLessThan(BUDGET_MS);
  const { reason, seq } = await log.next('answer');
  expect(reason).toBe('NO_ANSWER');
  expect(performance.now() - startedMs).toBeGreaterThan(BUDGET_MS / 2);
  wire.mode = 'pass';
  await synced(town, Number(seq));
  gate.syncNow();
  // The lost one came back; the ride by transit code is paid for as ever.
  const expected = 2_000 - 2 * FARE_CENTS;
  while ((await phone.balanceCents()) !== expected) gate.syncNow();
  // The arm moves behind the record: the ride can be paid before it has.
  await openedAgain;
  expect(arm.openings).toBe(2);
});

test('a gate without a network says so, and takes codes again when it is back', async () => {
  const town = await openTown();
  const { arm, gate, log, phone, show, wire } = town;
  const code = await phone.onlineCode();
  await log.next('uplink', ({ online }) => online === true);
  wire.mode = 'cut';
  await show('something to report');
  await log.next('tap');
  gate.syncNow();
  await log.next('uplink', ({ online }) => online === false);
  expect(await present(town, code)).toMatchObject({ word: 'NO_NETWORK' });
  wire.mode = 'pass';
  gate.syncNow();
  await log.next('uplink', ({ online }) => online === true);
  const opened = arm.opened();
  expect(await present(town, code)).toMatchObject({ word: 'open' });
  await opened;
  expect(await phone.balanceCents()).toBe(2_000 - FARE_CENTS);
});
