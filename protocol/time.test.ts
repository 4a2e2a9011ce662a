/** Alarms on timers that ring early, or cannot wait for long. */
import { expect, test } from 'vitest';
import { clockOn, DELAY_MS_MAX } from './time.ts';

/** A platform whose timers are rung by hand; `delays` has those that were started. */
function platform() {
  let monoMs = 0;
  let ring = (): void => undefined;
  const delays: number[] = [];
  const clock = clockOn({
    now: () => ({ wallMs: monoMs, monoMs }),
    startTimer(fire, delayMs) {
      delays.push(delayMs);
      ring = fire;
      return () => {
        ring = () => undefined;
      };
    },
  });
  const ringAt = (atMs: number) => {
    monoMs = atMs;
    ring();
  };
  return { clock, delays, ringAt };
}

test('an alarm rings once at its instant, and at once if that has passed', () => {
  const { clock, delays, ringAt } = platform();
  let rung = 0;
  clock.alarm(250.5, () => {
    rung += 1;
  });
  ringAt(251);
  clock.alarm(100, () => undefined);
  expect({ rung, delays }).toEqual({ rung: 1, delays: [251, 0] });
});

test('a timer that rings early is started again for the rest', () => {
  const { clock, delays, ringAt } = platform();
  let rung = 0;
  clock.alarm(100, () => {
    rung += 1;
  });
  ringAt(99.2);
  expect(rung).toBe(0);
  ringAt(100);
  expect({ rung, delays }).toEqual({ rung: 1, delays: [100, 1] });
});

test('an alarm of forty days takes several timers and can be taken back in between', () => {
  const { clock, delays, ringAt } = platform();
  const fortyDaysMs = 40 * 86_400_000;
  let rung = 0;
  const cancel = clock.alarm(fortyDaysMs, () => {
    rung += 1;
  });
  ringAt(DELAY_MS_MAX);
  expect(delays).toEqual([DELAY_MS_MAX, fortyDaysMs - DELAY_MS_MAX]);
  cancel();
  ringAt(fortyDaysMs);
  expect(rung).toBe(0);
});
