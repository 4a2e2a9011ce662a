/** The virtual scanner: its pace, its line ends, and each way to misbehave. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { wireMs } from '../serial/wire.ts';
import { TRIGGER_ACK } from './frames.ts';
import { createScanPlayer, type Misbehaviour, type ScanPlayerOptions } from './virtual.ts';

const CODE = `TC1:${'A'.repeat(300)}`;

/** Plays one text onto a port that keeps what it was given and when; a sleep takes `oversleep` of itself. */
async function play(
  misbehaviour: Misbehaviour,
  options: Partial<ScanPlayerOptions> & {
    text?: string;
    seed?: number;
    oversleep?: (ms: number) => number;
  } = {},
) {
  const { text = CODE, seed = 1, oversleep = (ms) => ms, ...more } = options;
  let nowMs = 0;
  const writes: { atMs: number; bytes: Buffer }[] = [];
  const player = createScanPlayer({
    baud: 115_200,
    suffix: 'crlf',
    random: createSeededRandom(seed),
    write: async (bytes) => {
      writes.push({ atMs: nowMs, bytes: Buffer.from(bytes) });
    },
    clock: {
      now: () => ({ wallMs: nowMs, monoMs: nowMs }),
      alarm(atMonoMs, fire) {
        nowMs += oversleep(atMonoMs - nowMs);
        fire();
        return () => undefined;
      },
    },
    ...more,
  });
  await player.play(text, misbehaviour);
  const sent = Buffer.concat(writes.map(({ bytes }) => bytes));
  return { writes, sent, text: sent.toString('latin1'), tookMs: nowMs };
}

describe('a well-behaved scanner', () => {
  test.each([
    ['crlf', '\r\n'],
    ['cr', '\r'],
    ['lf', '\n'],
    ['none', ''],
  ] as const)('ends a text with %s', async (suffix, end) => {
    expect((await play({}, { suffix })).text).toBe(CODE + end);
  });

  test.each([
    [115_200, 26.4],
    [9_600, 316.7],
  ])('takes as long as the wire does: 304 characters at %i baud', async (baud, ms) => {
    expect((await play({}, { baud, suffix: 'none' })).tookMs).toBeCloseTo(ms, 1);
    expect(wireMs({ bytes: 304, baud })).toBeCloseTo(ms, 1);
  });

  test('makes up for sleeps that take too long', async () => {
    const { writes, tookMs } = await play({}, { oversleep: (ms) => Math.ceil(ms) + 1 });
    expect(writes.length).toBeGreaterThan(10);
    expect(tookMs).toBeLessThan(26.4 + 4);
  });

  test('never hands over more at a time than its wire carried', async () => {
    const { writes } = await play({});
    let sent = 0;
    for (const { atMs, bytes } of writes) {
      sent += bytes.length;
      expect(wireMs({ bytes: sent, baud: 115_200 })).toBeLessThanOrEqual(atMs + 0.001);
    }
  });

  test('sends all at once if no baud rate is given', async () => {
    const { writes, tookMs } = await play({}, { baud: 0 });
    expect(writes).toHaveLength(1);
    expect(tookMs).toBe(0);
  });
});

describe('misbehaviour', () => {
  test('split: the same bytes in many pieces with gaps', async () => {
    const { writes, text, tookMs } = await play({ split: true });
    expect(text).toBe(`${CODE}\r\n`);
    expect(writes.length).toBeGreaterThan(7);
    expect(new Set(writes.map(({ bytes }) => bytes.length)).size).toBeGreaterThan(3);
    expect(tookMs).toBeGreaterThan(100);
  });

  test('double: the text and its line end twice', async () => {
    const { text, tookMs } = await play({ double: true });
    expect(text).toBe(`${CODE}\r\n${CODE}\r\n`);
    expect(tookMs).toBeGreaterThan(150);
  });

  test('missing suffix: the bare text', async () => {
    expect((await play({ missingSuffix: true })).text).toBe(CODE);
  });

  test('noise before: so many bytes and a line end, then the whole line', async () => {
    const { sent, text } = await play({ noiseBytes: 64 });
    expect(sent.length).toBe(64 + 2 + CODE.length + 2);
    expect(text.slice(64)).toBe(`\r\n${CODE}\r\n`);
  });

  test('noise within: the text is broken up by so many bytes', async () => {
    const { text } = await play({ noiseWithinBytes: 8 }, { text: 'ABCDEFGH'.repeat(20) });
    expect(text.length).toBe(160 + 8 + 2);
    expect(text).not.toContain('ABCDEFGH'.repeat(20));
    let kept = 0;
    while (text[kept] === 'ABCDEFGH'[kept % 8]) kept += 1;
    expect(text.slice(0, kept) + text.slice(kept + 8, -2)).toHaveLength(160);
  });

  test('noise after: so many bytes behind the line end', async () => {
    const { sent, text } = await play({ noiseAfterBytes: 8 });
    expect(text.startsWith(`${CODE}\r\n`)).toBe(true);
    expect(sent.length).toBe(CODE.length + 2 + 8);
  });

  test('acknowledge: the seven bytes of a triggered module stand before the text', async () => {
    const { sent } = await play({ acknowledge: true });
    expect(sent.subarray(0, 7)).toEqual(Buffer.from(TRIGGER_ACK));
    expect(sent.subarray(7).toString()).toBe(`${CODE}\r\n`);
  });

  test('endless: so many bytes without a line end, then one, then the line', async () => {
    const { sent, text } = await play({ endlessBytes: 100_001 });
    expect(sent.indexOf(0x0a)).toBe(100_002);
    expect(text.endsWith(`\r\n${CODE}\r\n`)).toBe(true);
    expect(sent.length).toBe(100_001 + 2 + CODE.length + 2);
  });

  test('damage: exactly so many characters differ, and no line end is made', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 304 }), async (seed, damagedBytes) => {
        const { text } = await play({ damagedBytes }, { seed });
        const line = text.slice(0, -2);
        expect([...line].filter((char, at) => char !== CODE[at])).toHaveLength(damagedBytes);
        expect(line).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 50 },
    );
  });

  test('the same seed misbehaves the same, another one differently', async () => {
    const all: Misbehaviour = { split: true, noiseBytes: 50, damagedBytes: 3, double: true };
    const [first, again, other] = await Promise.all([7, 7, 8].map((seed) => play(all, { seed })));
    expect(again?.writes).toEqual(first?.writes);
    expect(other?.writes).not.toEqual(first?.writes);
  });
});
