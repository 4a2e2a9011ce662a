/** The moved clock rings each alarm at its own instant. */
import { expect, test } from 'vitest';
import { createMovedClock } from './moved-clock.ts';

test('alarms ring in order, each at its own instant, over two moves', () => {
  const clock = createMovedClock({ wallMs: 1_000_000, monoMs: 500 });
  const rung: [string, number, number][] = [];
  const note = (name: string) => () => {
    const { wallMs, monoMs } = clock.now();
    rung.push([name, wallMs, monoMs]);
  };
  clock.alarm(800, note('late'));
  clock.alarm(600, note('early'));
  clock.alarm(600, note('early too'));
  clock.alarm(901, note('beyond'));
  clock.advance(400);
  expect(rung).toEqual([
    ['early', 1_000_100, 600],
    ['early too', 1_000_100, 600],
    ['late', 1_000_300, 800],
  ]);
  expect(clock.now()).toEqual({ wallMs: 1_000_400, monoMs: 900 });
  clock.advance(400);
  expect(rung.at(-1)).toEqual(['beyond', 1_000_401, 901]);
  expect(rung).toHaveLength(4);
  expect(clock.now()).toEqual({ wallMs: 1_000_800, monoMs: 1_300 });
  expect(clock.alarms).toBe(0);
});

test('an alarm may set and take back others on the way; one already due rings at once', () => {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const rung: number[] = [];
  const cancel = clock.alarm(30, () => rung.push(-1));
  clock.alarm(10, () => {
    cancel();
    clock.alarm(5, () => rung.push(clock.now().monoMs));
    clock.alarm(20, () => rung.push(clock.now().monoMs));
  });
  clock.advance(100);
  expect(rung).toEqual([10, 20]);
});

test('setting the wall clock moves no alarm', () => {
  const clock = createMovedClock({ wallMs: 5_000, monoMs: 0 });
  let rang = 0;
  clock.alarm(10, () => {
    rang += 1;
  });
  clock.setWall(99_000_000);
  clock.advance(9);
  expect(rang).toBe(0);
  clock.setWall(0);
  clock.advance(1);
  expect(rang).toBe(1);
  expect(clock.now()).toEqual({ wallMs: 1, monoMs: 10 });
});

test('an alarm that sets itself for the instant it is in is found out', () => {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const again = (): void => {
    clock.alarm(clock.now().monoMs, again);
  };
  clock.alarm(10, again);
  expect(() => clock.advance(10)).toThrow('again and again');
});
