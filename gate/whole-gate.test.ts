/** A day of a whole gate, without a process and without waiting: only the clock is moved. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import type { GateRecord } from '@stile/protocol/gate-log.ts';
import type { Reason } from '@stile/protocol/reasons.ts';
import { expect, test } from 'vitest';
import { auditGate } from './audit.ts';
import {
  type CodeFields,
  deviceKeys,
  makePassBytes,
  makeText,
  type Signers,
  strangerDevices,
  strangerKey,
} from './testing/phone.ts';
import { OPEN_MS, SYNC_MS, startWholeGate } from './testing/whole-gate.ts';

const HONEST_TAPS = 10_000;
const RIDERS = 40;
const DAY_MS = 86_400_000;
/** What else is shown, each after so many honest codes. */
const REPLAY_EVERY = 10;
const FORGERY_EVERY = 100;
const NOISE_EVERY = 500;
const PAYMENT_EVERY = 200;
const EVERY = [REPLAY_EVERY, FORGERY_EVERY, NOISE_EVERY, PAYMENT_EVERY];
const SHOWN = EVERY.reduce((sum, every) => sum + HONEST_TAPS / every, HONEST_TAPS);
/** While these honest codes are shown there is no network. */
const OUTAGE = { from: 4_010, to: 4_900 };

/** Each rider has an account, because an account's phones share what a gate opens on trust. */
function accountOf(rider: number): string {
  return String(rider).padStart(16, '0');
}

async function day(seed: number) {
  const gate = await startWholeGate(seed);
  const random = createSeededRandom(seed);
  const { clock } = gate;
  const startMs = clock.now().monoMs;
  const passes = Array.from({ length: RIDERS + 1 }, (_, serial) =>
    makePassBytes({ account: accountOf(serial), serial, allowance: 255 }),
  );
  const tally = { shown: 0, open: 0, refuse: 0, paid: 0 };

  /** Somebody comes after the arm is down, on the whole as often as the day allows. */
  function moveToNext(): void {
    tally.shown += 1;
    const dueMs = startMs + (tally.shown * DAY_MS) / SHOWN - clock.now().monoMs;
    clock.advance(Math.max(OPEN_MS + 1, dueMs + random.below(3_000) - 1_500));
    expect(gate.arm.isOpen, 'the arm is down again').toBe(false);
  }

  /** Shows a code and waits until its record is in the log. */
  async function tap(text: string, reason: Reason | null): Promise<void> {
    moveToNext();
    await gate.show(text);
    const verdict = reason === null ? 'open' : 'refuse';
    expect(await gate.log.next('tap')).toMatchObject({ verdict, reason });
    expect(gate.arm.isOpen).toBe(reason === null);
    tally[verdict] += 1;
  }

  async function pay(text: string): Promise<void> {
    moveToNext();
    await gate.show(text);
    expect(await gate.log.next('answer')).toMatchObject({ verdict: 'open', reason: null });
    expect(gate.arm.isOpen).toBe(true);
    tally.paid += 1;
  }

  const nowS = () => Math.floor(clock.now().wallMs / 1000);

  /** Drawn now, on a pass that the phone has had for long; it is shown within its minute. */
  function draw({ serial, counter }: { serial: number; counter: number }): string {
    const pass = passes[serial] ?? new Uint8Array();
    return makeTransitCode(pass, {
      fresh: { generatedAtS: nowS(), counter, flags: 0 },
      sign: deviceKeys[0].sign,
    });
  }

  function forge(code: Partial<CodeFields>, signers: Signers): string {
    return makeText({ ...code, generatedAtS: nowS() }, signers);
  }

  return { ...gate, tally, tap, pay, draw, forge };
}

test('10,000 riders in a day: each code opens once, the arm closes each time, all is settled', {
  timeout: 240_000,
}, async () => {
  const { arm, clock, dataDir, draw, forge, gate, log, pay, screens, settlement, tally, tap } =
    await day(42);
  const honest: string[] = [];
  for (let rider = 1; rider <= HONEST_TAPS; rider += 1) {
    settlement.state.isDown = rider >= OUTAGE.from && rider < OUTAGE.to;
    const serial = 1 + (rider % RIDERS);
    const code = draw({ serial, counter: rider });
    honest.push(code);
    await tap(code, null);
    if (rider % REPLAY_EVERY === 0) await tap(code, 'REPLAY');
    if (rider % FORGERY_EVERY === 0) {
      // A high counter that is not believed must not lock the pass out.
      const counter = 1_000_000 + rider;
      const fields = { account: accountOf(serial), serial, counter, allowance: 255 };
      const isPass = (rider / FORGERY_EVERY) % 2 === 0;
      const signers = isPass ? { issuer: strangerKey } : { device: strangerDevices[0] };
      await tap(forge(fields, signers), isPass ? 'BAD_ISSUER_SIGNATURE' : 'BAD_DEVICE_SIGNATURE');
    }
    if (rider % NOISE_EVERY === 0) await tap('no code at all', 'MALFORMED');
    if (rider % PAYMENT_EVERY === 0 && !settlement.state.isDown) {
      await pay(addCheckDigits(`71${String(rider).padStart(16, '0')}`));
    }
  }
  const elapsedMs = clock.now().monoMs;
  expect(elapsedMs / DAY_MS).toBeGreaterThan(0.98);

  // The note of the start, a record a tap, two a payment.
  const records = 1 + tally.open + tally.refuse + 2 * tally.paid;
  clock.advance(SYNC_MS);
  await log.next('synced', ({ ackSeq }) => ackSeq === records);
  await gate.close();
  expect(clock.alarms, 'nothing is left to ring').toBe(0);

  expect(settlement.records.map(({ seq }) => seq)).toEqual(
    Array.from({ length: records }, (_, at) => at + 1),
  );
  const opened = settlement.records.flatMap((record) => openedBy(record));
  expect(opened).toEqual(honest);
  expect(new Set(opened).size).toBe(HONEST_TAPS);
  expect(settlement.state.authorised).toBe(tally.paid);
  expect(arm.openings).toBe(HONEST_TAPS + tally.paid);
  expect(arm.closings).toBe(arm.openings);
  expect(screens.length).toBeGreaterThan(tally.shown);
  const audit = auditGate(dataDir);
  expect(audit.filter(({ ok }) => !ok)).toEqual([]);
  expect(audit.at(-1)?.detail).toBe(`${records} of ${records} confirmed`);
});

function openedBy(record: GateRecord): string[] {
  return record.kind === 'tap' && record.verdict === 'open' ? [record.scan ?? ''] : [];
}
