/** What is looked up for a ruling, and for what nothing is. */
import { expect, test } from 'vitest';
import { ScriptedLog } from '../../testing/log.ts';
import { rulingQuery } from './ruling-query.ts';

const RIDE = { account: '0123456789abcdef', counter: 1, atMs: 1_000 };

test('opened taps with a genuine code are looked up, other taps are not', () => {
  const log = new ScriptedLog('g1', 'M1');
  log.ride(RIDE);
  log.ride(RIDE, { verdict: 'refuse' });
  log.ride(RIDE, { problem: 'BAD_DEVICE_SIGNATURE' });
  const { taps, earlierSeqs } = rulingQuery(log.batch().records);
  expect(taps.map(({ seq }) => seq)).toEqual([1]);
  expect(earlierSeqs).toEqual([]);
});

test('what a void or an answer is about is looked up by its seq', () => {
  const log = new ScriptedLog('g1', 'M1');
  log.answer(log.ask('a'.repeat(32)), { verdict: 'open' });
  log.add({ kind: 'void', atMs: 1_000, of: 2 });
  expect(rulingQuery(log.batch().records)).toEqual({ taps: [], earlierSeqs: [1, 2] });
});
