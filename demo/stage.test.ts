/** When the next rider of the demo steps up. */
import { expect, test } from 'vitest';
import { closedBehind } from './stage.ts';

const CLOSED = '00:07:55.857  [=========]  CLOSED  a00100a1';
const OPEN = '00:07:59.428  [=    /    ]  OPEN    a00101a2';

test('the barrier is closed behind a ride once it has opened for it, not while it has yet to', () => {
  const lines = ['barrier at ./run/ttyBARRIER0', CLOSED, OPEN, CLOSED, `${CLOSED} (again)`, OPEN];
  const found = (openings: number) => lines.findIndex(closedBehind(openings));
  expect([found(0), found(1), found(2)]).toEqual([1, 3, -1]);
});
