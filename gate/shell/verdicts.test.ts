/** What a gate says on its verdict port, with the loop and its real stores behind it. */
import { createHash } from 'node:crypto';
import { Fault } from '@stile/protocol/fault.ts';
import { expect, test } from 'vitest';
import { UNREADABLE_STORED_MAX } from '../core/gate.ts';
import type { VerdictMessage } from '../core/verdict-message.ts';
import { type GateOptions, readyGate, TIMING } from '../testing/loop.ts';
import { makeText, strangerKey } from '../testing/phone.ts';

const PAYMENT = '71123456788765432194';
const settled = () => new Promise<void>((resume) => setImmediate(resume));
const good = (counter: number) => makeText({ counter });
const digest = (text: string) =>
  createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 16);

async function listenedGate(options: GateOptions = {}) {
  const told: VerdictMessage[] = [];
  const verdicts = { connected: true, tell: (message: VerdictMessage) => told.push(message) };
  const gate = await readyGate({ ...options, verdicts });
  gate.loop.start();
  return { ...gate, told, verdictPort: verdicts };
}

const OPEN = { verdict: 'open', reason: null, words: ['WELCOME', 'Please pass'], openMs: 3_000 };
function refused(reason: string, words: [string, string]) {
  return { verdict: 'refuse', reason, words, openMs: 0 };
}

test('each presentation has its verdict, its words and a digest of its text, and nothing else', async () => {
  const gate = await listenedGate();
  const stranger = makeText({ counter: 2 }, { issuer: strangerKey });
  gate.scan(good(1));
  gate.scan(good(1));
  gate.clock.advance(TIMING.presentationMs);
  gate.scan(good(1));
  gate.scan(stranger);
  gate.scan('caf\u00e9');
  await settled();
  expect(gate.told).toEqual([
    { scan: digest(good(1)), ...OPEN },
    { scan: digest(good(1)), verdict: 'repeat', reason: null, words: ['', ''], openMs: 0 },
    { scan: digest(good(1)), ...refused('REPLAY', ['CODE ALREADY USED', 'Refresh the code']) },
    {
      scan: digest(stranger),
      ...refused('BAD_ISSUER_SIGNATURE', ['CODE NOT GENUINE', 'Ask the staff']),
    },
    {
      scan: digest('caf\u00e9'),
      ...refused('MALFORMED', ['CODE NOT READABLE', 'Hold still and retry']),
    },
  ]);
});

test('a scan that is counted and not stored has its verdict too', async () => {
  const gate = await listenedGate();
  for (let count = 0; count <= UNREADABLE_STORED_MAX; count += 1) gate.scan(`noise ${count}`);
  await settled();
  expect(gate.loop.counts.dropped).toBe(1);
  expect(gate.told).toHaveLength(UNREADABLE_STORED_MAX + 1);
  expect(gate.told.at(-1)).toMatchObject({ reason: 'MALFORMED' });
});

test('what could not be stored is never said to have opened', async () => {
  const full = () => {
    throw new Fault('STORE_FULL', 'no room');
  };
  const gate = await listenedGate({ taps: (real) => Object.assign(real, { append: full }) });
  gate.scan(good(1));
  await settled();
  expect(gate.moves).toEqual([]);
  expect(gate.told).toEqual([
    {
      scan: digest(good(1)),
      ...refused('STORAGE_FAILED', ['GATE OUT OF ORDER', 'Use another gate']),
    },
  ]);
});

test('an arm that could not be told is said after the verdict', async () => {
  const gate = await listenedGate({ open: () => Promise.reject(new Error('unplugged')) });
  gate.scan(good(1));
  await settled();
  await settled();
  expect(gate.told.map(({ verdict, reason }) => [verdict, reason])).toEqual([
    ['open', null],
    ['refuse', 'OUT_OF_ORDER'],
  ]);
  expect(gate.told[1]?.scan).toBe(digest(good(1)));
});

test('a payment code is asked about first, and its verdict comes with the answer', async () => {
  const answers: ((result: { kind: 'paid'; fareCents: number }) => void)[] = [];
  const authoriser = {
    isKnownDown: false,
    attempt: () =>
      new Promise<{ kind: 'paid'; fareCents: number }>((answer) => answers.push(answer)),
  };
  const gate = await listenedGate({ authoriser });
  gate.scan(PAYMENT);
  gate.scan('71000000000000000000');
  // Another one opens meanwhile.
  gate.scan(good(1));
  answers[0]?.({ kind: 'paid', fareCents: 320 });
  await settled();
  await settled();
  expect(gate.told.map(({ scan, verdict, reason }) => [scan, verdict, reason])).toEqual([
    [digest(PAYMENT), 'asking', null],
    [digest('71000000000000000000'), 'refuse', 'CODE_MISREAD'],
    [digest(good(1)), 'open', null],
    [digest(PAYMENT), 'open', null],
  ]);
});

test('without a listener nothing is said, and nothing is worked out', async () => {
  const gate = await listenedGate();
  gate.verdictPort.connected = false;
  gate.scan(good(1));
  await settled();
  expect(gate.told).toEqual([]);
  expect(gate.moves).toHaveLength(1);
});
