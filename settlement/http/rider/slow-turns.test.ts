/** Turns at what is slow: who waits how long, who goes first, and who is sent away. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { expect, test } from 'vitest';
import { createSlowTurns, type TurnOf } from './slow-turns.ts';

/** What has begun, in order; each piece ends when it is told to. */
function openTurns(unknownGapMs = 500) {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const turns = createSlowTurns(clock, { unknownGapMs });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const take = async (name: string, line: TurnOf['line'] = 'known'): Promise<string> => {
    const work = () => {
      begun.push(name);
      return new Promise<void>((end) => ends.push(end));
    };
    try {
      await turns.take({ line, subject: name.slice(0, 1) }, work);
      return 'done';
    } catch (error) {
      return error instanceof Fault ? error.code : 'bug';
    }
  };
  const settle = () => new Promise((done) => setImmediate(done));
  const endOne = async () => {
    ends.shift()?.();
    await settle();
  };
  return { clock, turns, begun, take, settle, endOne };
}

test('two at once, and those who ask take turns', async () => {
  const { begun, take, settle, endOne } = openTurns();
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'c1']) void take(name);
  await settle();
  expect(begun).toEqual(['a1', 'a2']);
  for (let n = 0; n < 4; n += 1) await endOne();
  expect(begun).toEqual(['a1', 'a2', 'a3', 'b1', 'c1', 'a4']);
});

test('what may be made up goes at its pace, behind what is known', async () => {
  const { clock, begun, take, settle, endOne } = openTurns(500);
  for (const name of ['a1', 'a2', 'b1']) void take(name, 'unknown');
  await settle();
  expect(begun).toEqual(['a1']);
  void take('k1');
  await settle();
  expect(begun).toEqual(['a1', 'k1']);
  await endOne();
  await endOne();
  clock.advance(499);
  await settle();
  expect(begun).toEqual(['a1', 'k1']);
  clock.advance(1);
  await settle();
  expect(begun).toEqual(['a1', 'k1', 'a2']);
  await endOne();
  clock.advance(500);
  await settle();
  expect(begun).toEqual(['a1', 'k1', 'a2', 'b1']);
  expect(clock.alarms).toBe(0);
});

test('a crowd fills its own share only: one who has nobody in a full line takes a place', async () => {
  const { take, settle, turns } = openTurns(500);
  const answers: string[] = [];
  const join = async (name: string) => {
    answers.push(`${name} ${await take(name, 'unknown')}`);
  };
  // One is at work, four wait; the sixth is sent away.
  for (let n = 1; n <= 6; n += 1) void join(`a${n}`);
  await settle();
  expect(answers).toEqual(['a6 UPLINK_BUSY']);
  for (const who of ['b', 'c', 'd', 'e']) for (let n = 1; n <= 4; n += 1) void join(`${who}${n}`);
  await settle();
  expect(answers).toEqual(['a6 UPLINK_BUSY']);
  void join('f1');
  await settle();
  expect(answers).toHaveLength(2);
  expect(answers.at(-1)).toMatch(/^([a-e]4|a5) UPLINK_BUSY$/);
  turns.close();
  await settle();
  expect(answers).toHaveLength(22);
  expect(new Set(answers.map((answer) => answer.split(' ')[1]))).toEqual(new Set(['UPLINK_BUSY']));
});

test('nobody waits for long: at a slow pace few may', async () => {
  const { take, settle } = openTurns(10_000);
  const answers: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    void take(name, 'unknown').then((answer) => answers.push(`${name} ${answer}`));
  }
  await settle();
  expect(answers).toEqual(['c UPLINK_BUSY']);
});
