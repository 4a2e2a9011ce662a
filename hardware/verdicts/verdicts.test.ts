/** The verdict port: its bytes, and driver and listener against each other over a pseudo-terminal. */
import { join } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { createMemoryPorts } from '../serial/memory-ports.ts';
import { openVirtualPort } from '../serial/pty.ts';
import { VerdictsDriver } from './driver.ts';
import {
  createVerdictDecoder,
  digestScan,
  encodeVerdict,
  MESSAGE_BYTES_MAX,
  type VerdictMessage,
} from './frames.ts';
import { ASKING_MS_MAX, listenToVerdicts, VERDICT_MS_MAX } from './listener.ts';

const SCAN = Buffer.from('TC1:A');
const REPLAY: VerdictMessage = {
  scan: digestScan(SCAN),
  verdict: 'refuse',
  reason: 'REPLAY',
  words: ['CODE ALREADY USED', 'Refresh the code'],
  openMs: 0,
};
const ASKING: VerdictMessage = { ...REPLAY, verdict: 'asking', reason: null };
const OPEN: VerdictMessage = { ...REPLAY, verdict: 'open', reason: null, openMs: 3_000 };
const REPEAT: VerdictMessage = { ...REPLAY, verdict: 'repeat', reason: null, words: ['', ''] };

test('a message is one line of JSON', () => {
  expect(Buffer.from(encodeVerdict(REPLAY)).toString()).toBe(
    `{"scan":"${digestScan(SCAN)}","verdict":"refuse","reason":"REPLAY",` +
      '"words":["CODE ALREADY USED","Refresh the code"],"openMs":0}\n',
  );
});

test('messages come out in order, however the bytes are cut and whatever came before', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 });
  const noise = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(new Uint8Array(2_000)));
  fc.assert(
    fc.property(cuts, noise, (lengths, before) => {
      const bytes = Buffer.concat([
        before,
        Buffer.from('\n'),
        ...[OPEN, REPLAY].map(encodeVerdict),
      ]);
      const decoder = createVerdictDecoder();
      const found: VerdictMessage[] = [];
      let at = 0;
      for (const length of [...lengths, bytes.length]) {
        found.push(...decoder.push(bytes.subarray(at, at + length)));
        at += length;
      }
      expect(found).toEqual([OPEN, REPLAY]);
    }),
  );
});

test.each([
  '{}',
  'null',
  '[]',
  '{"verdict":"maybe","words":["",""]}',
  '{"verdict":"open"}',
  `{"verdict":"open","words":["${'x'.repeat(MESSAGE_BYTES_MAX)}",""]}`,
])('%.40s is passed over', (text) => {
  expect(createVerdictDecoder().push(Buffer.from(`${text}\n`))).toEqual([]);
});

/** A listener under a moved clock, with a gate that says what the test says. */
function quietGate() {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const ports = createMemoryPorts();
  const port = ports.plug('/verdicts');
  let arrive = (_bytes: Uint8Array): void => undefined;
  port.onBytes = (listener) => {
    arrive = listener;
  };
  const listener = listenToVerdicts(port, clock);
  return { clock, listener, say: (message: VerdictMessage) => arrive(encodeVerdict(message)) };
}
const turn = () => new Promise<void>((resume) => setImmediate(resume));

test.each<[string, VerdictMessage[], VerdictMessage]>([
  ['the verdict on what was sent', [REPLAY], REPLAY],
  ['another scan before it', [{ ...OPEN, scan: '0'.repeat(16) }, REPLAY], REPLAY],
  ['the first of two scans of one code', [OPEN, REPEAT], OPEN],
  ['a code that is still held', [REPEAT], REPEAT],
  ['an authorisation that is asked about while the code is held', [ASKING, REPEAT, OPEN], OPEN],
])('%s is what is heard', async (_name, messages, expected) => {
  const { listener, say } = quietGate();
  const heard = listener.hear(async () => {
    for (const message of messages) say(message);
    return SCAN;
  });
  expect(await heard).toEqual({ ...expected, isOther: false });
});

test('what was said before counts for nothing, and silence ends', async () => {
  const { listener, say, clock } = quietGate();
  say(OPEN);
  const heard = listener.hear(async () => SCAN);
  await turn();
  clock.advance(VERDICT_MS_MAX);
  expect(await heard).toBe(null);
});

test('a verdict on another text is given as one of another', async () => {
  const { listener, say, clock } = quietGate();
  const heard = listener.hear(async () => SCAN);
  await turn();
  say({ ...REPLAY, scan: '0'.repeat(16), reason: 'MALFORMED' });
  await turn();
  clock.advance(VERDICT_MS_MAX);
  expect(await heard).toMatchObject({ reason: 'MALFORMED', isOther: true });
});

test('while settlement is asked, there is more time', async () => {
  const { listener, say, clock } = quietGate();
  const heard = listener.hear(async () => SCAN);
  await turn();
  say(ASKING);
  await turn();
  clock.advance(ASKING_MS_MAX - 1);
  say(OPEN);
  expect(await heard).toMatchObject({ verdict: 'open' });
});

test('over a pseudo-terminal; what is written to the gate is read by nobody', async () => {
  const link = join(scratchDir(), 'ttyGATE0-verdicts');
  const port = openVirtualPort({ link });
  const listener = listenToVerdicts(port, systemClock);
  const driver = new VerdictsDriver({ path: link, baud: 115_200 });
  onTestFinished(async () => {
    await driver.release();
    await listener.close();
  });
  // Nobody is there yet: it is lost, and nothing fails.
  driver.tell(OPEN);
  driver.start();
  await expect.poll(() => driver.connected && listener.isHeard()).toBe(true);
  await port.write(Buffer.from('{"verdict":"open"}\n'));
  const heard = await listener.hear(async () => {
    driver.tell(REPLAY);
    return SCAN;
  });
  expect(heard).toEqual({ ...REPLAY, isOther: false });
});
