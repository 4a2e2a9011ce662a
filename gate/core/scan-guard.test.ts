/** How bytes from a scanner become scan texts, in whatever pieces they come. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createScanReader } from '../shell/scan-reader.ts';
import { makeText } from '../testing/phone.ts';
import {
  CODE_IDLE_MS,
  flushScan,
  GUARD_START,
  type GuardState,
  guardScan,
  SCAN_BYTES_MAX,
  SCAN_IDLE_MS,
} from './scan-guard.ts';

const CODES = [makeText({ suite: 0 }), makeText({ suite: 1 })] as const;
const [CODE] = CODES;
/** A payment code and an online code. */
const DIGITS = ['71123456781234567825', '72000000000000000965'] as const;
/** What a GM65 answers to a written setting: status 0, one byte of data, CRC. */
const ACK = Uint8Array.of(0x02, 0x00, 0x00, 0x01, 0x00, 0x33, 0x31);

function latin1(...parts: (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
  );
}

/** Cuts bytes at the given places. */
function chunksOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length];
  places.sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
}

function* sliced(bytes: Uint8Array, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Runs chunks through the guard alone; a string of all that it let pass, and its last state. */
function guard(chunks: Iterable<Uint8Array>, state: GuardState = GUARD_START) {
  const parts: Uint8Array[] = [];
  let last = state;
  for (const chunk of chunks) {
    const step = guardScan(last, { bytes: chunk, monoMs: 0 });
    expect(step.passed.length).toBeLessThanOrEqual(chunk.length + 1);
    parts.push(step.passed);
    last = step.state;
  }
  return { text: Buffer.concat(parts).toString('latin1'), state: last };
}

/** The reader as the gate has it, on a clock that the test moves. */
function readerAt(monoMs: number) {
  const clock = createMovedClock({ wallMs: 0, monoMs });
  const lines: string[] = [];
  const reader = createScanReader(clock, (text) => lines.push(text));
  /** Streams may hand their first lines over a turn later. */
  const settled = () => new Promise<void>((resume) => setImmediate(resume));
  return { clock, lines, reader, settled };
}

/** What the guard and the parser must amount to where no reply is mixed in. */
function linesByHand(bytes: Uint8Array): string[] {
  const all = Buffer.from(bytes)
    .toString('latin1')
    .split(/[\r\n]/);
  return all.filter((line) => line !== '').map((line) => line.slice(0, SCAN_BYTES_MAX));
}

const piece = fc.oneof(
  fc.constantFrom(...CODES, ...DIGITS, '\r', '\n', '\r\n', '\0', '\0\0\0', 'TC1:', 'TC1', ' '),
  fc.uint8Array({ maxLength: 12 }),
  fc.constantFrom(1_023, 1_024, 1_025, 2_500).map((length) => 'x'.repeat(length)),
);
const stream = fc.array(piece, { maxLength: 12 }).map((parts) => latin1(...parts));
const streamWithReplies = fc
  .array(fc.oneof(piece, fc.constantFrom(ACK, ACK.subarray(0, 4))), { maxLength: 12 })
  .map((parts) => latin1(...parts));
const cuts = fc.array(fc.nat(40_000), { maxLength: 30 });

test('any chunking of the same bytes lets the same bytes pass and ends in the same state', () => {
  fc.assert(
    fc.property(streamWithReplies, cuts, (bytes, places) => {
      expect(guard(chunksOf(bytes, places))).toEqual(guard([bytes]));
      expect(guard(sliced(bytes, 1))).toEqual(guard([bytes]));
    }),
    { numRuns: 200 },
  );
});

test('any chunking of the same bytes gives the same lines, each whole or cut at the limit', async () => {
  await fc.assert(
    fc.asyncProperty(stream, cuts, async (bytes, places) => {
      fc.pre(!bytes.includes(0x02));
      const { clock, lines, reader, settled } = readerAt(0);
      for (const chunk of chunksOf(bytes, places)) reader.push(chunk);
      clock.advance(SCAN_IDLE_MS);
      await settled();
      reader.close();
      expect(lines).toEqual(linesByHand(bytes));
      expect(clock.alarms).toBe(0);
    }),
    { numRuns: 200 },
  );
});

test.each([64, 65_536])(
  'ten megabytes without a line end in chunks of %i: one cut line, then a good code',
  async (chunkBytes) => {
    const { lines, reader, settled } = readerAt(0);
    const total = 10 * 1024 * 1024;
    const chunk = new Uint8Array(chunkBytes).fill(0x41);
    let passedBytes = 0;
    let state: GuardState = GUARD_START;
    for (let sent = 0; sent < total; sent += chunkBytes) {
      const step = guardScan(state, { bytes: chunk, monoMs: 0 });
      state = step.state;
      passedBytes += step.passed.length;
    }
    // One line and its end are all that anything after the guard could ever hold.
    expect(passedBytes).toBe(SCAN_BYTES_MAX + 1);
    for (let sent = 0; sent < total; sent += chunkBytes) reader.push(chunk);
    reader.push(latin1('\r\n', CODE, '\r\n'));
    await settled();
    expect(lines).toEqual(['A'.repeat(SCAN_BYTES_MAX), CODE]);
    expect(reader.state.droppedBytes).toBe(total - SCAN_BYTES_MAX);
    expect(Object.values(reader.state).every((value) => typeof value !== 'object')).toBe(true);
    reader.close();
  },
);

test('a line of exactly the limit is whole, one byte more is cut and the rest dropped', () => {
  const most = 'y'.repeat(SCAN_BYTES_MAX);
  expect(guard([latin1(most, '\n')])).toMatchObject({
    text: `${most}\n`,
    state: { droppedBytes: 0 },
  });
  const over = guard([latin1(most, 'zz\n', CODE, '\n')]);
  expect(over).toMatchObject({ text: `${most}\n${CODE}\n`, state: { droppedBytes: 2 } });
});

test.each([
  ['CR', '\r'],
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['LFCR', '\n\r'],
  ['CR twice', '\r\r'],
])('codes that end in %s come out one by one, without empty lines', (_name, end) => {
  const bytes = latin1(end, CODES[0], end, CODES[1], end, end, CODES[0], end);
  expect(guard(sliced(bytes, 7)).text).toBe(`${CODES[0]}\n${CODES[1]}\n${CODES[0]}\n`);
});

test.each([CODES[0], CODES[1], ...DIGITS])(
  'a whole code without a line end counts after a short silence',
  async (code) => {
    const { clock, lines, reader, settled } = readerAt(10);
    await settled();
    reader.push(latin1(code));
    clock.advance(CODE_IDLE_MS - 1);
    expect(lines).toEqual([]);
    clock.advance(1);
    expect(lines).toEqual([code]);
    reader.push(latin1(code));
    clock.advance(CODE_IDLE_MS);
    expect(lines).toEqual([code, code]);
    expect(clock.alarms).toBe(0);
    reader.close();
  },
);

test.each(DIGITS)('digit by digit too: %s', async (code) => {
  const { clock, lines, reader, settled } = readerAt(0);
  await settled();
  for (const byte of sliced(latin1(code), 1)) {
    expect(lines).toEqual([]);
    reader.push(byte);
    clock.advance(CODE_IDLE_MS - 1);
  }
  clock.advance(1);
  expect(lines).toEqual([code]);
  reader.close();
});

test('the last character of a longer code may come late; silence counts from the last byte', async () => {
  const { clock, lines, reader, settled } = readerAt(0);
  await settled();
  reader.push(latin1(CODES[1].slice(0, 303)));
  clock.advance(CODE_IDLE_MS - 1);
  reader.push(latin1(CODES[1].slice(303)));
  clock.advance(CODE_IDLE_MS - 1);
  expect(lines).toEqual([]);
  clock.advance(1);
  expect(lines).toEqual([CODES[1]]);
  reader.close();
});

test.each([
  ['a code that broke off', CODE.slice(0, 200)],
  ['a code with something behind it', `${CODE}12`],
  ['as many characters that are no code', 'X'.repeat(303)],
  ['a payment code that broke off', DIGITS[0].slice(0, 17)],
  ['a payment code with a digit behind it', `${DIGITS[0]}9`],
  ['as many digits with another prefix', '73123456781234567825'],
  ['as many digits with a wrong first one', '61123456781234567825'],
  ['as many characters, not all digits', '7112345678123456782x'],
  ['a payment code behind something else', `x${DIGITS[0].slice(1)}`],
  ['NULs', '\0\0\0'],
  ['an endless line', 'X'.repeat(5_000)],
])('%s is ended by a long silence, and the next code is good', async (_name, noise) => {
  const { clock, lines, reader, settled } = readerAt(0);
  await settled();
  reader.push(latin1(noise));
  const before = noise.length > SCAN_BYTES_MAX ? 1 : 0;
  clock.advance(SCAN_IDLE_MS - 1);
  expect(lines).toHaveLength(before);
  clock.advance(1);
  expect(lines).toEqual([noise.slice(0, SCAN_BYTES_MAX)]);
  reader.push(latin1(CODE, '\r'));
  expect(lines.at(-1)).toBe(CODE);
  reader.close();
});

test('a scanner acknowledgement in front of a code is skipped, whatever its data', () => {
  const withLineEnds = Uint8Array.of(0x02, 0x00, 0x00, 0x02, 0x0d, 0x0a, 0x02, 0x0d);
  for (const reply of [ACK, withLineEnds, latin1(ACK, withLineEnds)]) {
    for (const size of [1, 3, 1_000]) {
      const { text, state } = guard(sliced(latin1(reply, CODE, '\r\n'), size));
      expect(text).toBe(`${CODE}\n`);
      expect(state.skippedReplyBytes).toBe(reply.length);
    }
  }
});

test('a length that no acknowledgement has swallows a bounded piece, not the next code', () => {
  const reply = Uint8Array.of(0x02, 0x00, 0x00, 0xff);
  const { text } = guard([latin1(reply, 'q'.repeat(34), '\n', CODE, '\n')]);
  expect(text).toBe(`${CODE}\n`);
});

test('a lone 02 before a code is noise, not an acknowledgement', () => {
  expect(guard([latin1('\x02', CODE, '\n')]).text).toBe(`${CODE}\n`);
  expect(guard(sliced(latin1('\x02\x02', ACK, CODE, '\n'), 1)).text).toBe(`${CODE}\n`);
});

test('an acknowledgement that broke off is forgotten after the long silence', async () => {
  const { clock, lines, reader, settled } = readerAt(0);
  await settled();
  reader.push(ACK.subarray(0, 4));
  clock.advance(SCAN_IDLE_MS);
  reader.push(latin1(CODE, '\n'));
  expect(lines).toEqual([CODE]);
  reader.close();
});

test('a 02 inside a line is a byte like any other', () => {
  expect(guard([latin1('ab\x02\x00cd\n')]).text).toBe('ab\x02\x00cd\n');
});

test('noise glued to a code spoils that line and no other', () => {
  const { text } = guard([latin1('~~', CODE, '\n', CODE, '\n', CODE, CODE, '\n', CODE, '\n')]);
  expect(text.split('\n').filter((line) => line === CODE)).toHaveLength(2);
  expect(text.split('\n')).toHaveLength(5);
});

test('every byte value stays what it was in the line that comes out', async () => {
  const { lines, reader, settled } = readerAt(0);
  await settled();
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at).filter(
    (byte) => byte !== 0x0a && byte !== 0x0d,
  );
  reader.push(latin1(bytes, '\n'));
  expect(latin1(lines[0] ?? '')).toEqual(Buffer.from(bytes));
  reader.close();
});

test('unplugging forgets the unfinished line and keeps the counters', async () => {
  const { clock, lines, reader, settled } = readerAt(0);
  await settled();
  reader.push(latin1(ACK, 'half a li'));
  reader.reset();
  expect(clock.alarms).toBe(0);
  expect(reader.state.skippedReplyBytes).toBe(ACK.length);
  await settled();
  reader.push(latin1(CODE, '\n'));
  expect(lines).toEqual([CODE]);
  reader.close();
});

test('a flush before its time changes nothing', () => {
  const { state } = guard([latin1('half')]);
  const step = flushScan(state, SCAN_IDLE_MS - 1);
  expect(step).toEqual({ state, passed: new Uint8Array(0), wakeAtMs: SCAN_IDLE_MS });
  expect(flushScan(GUARD_START, 9e9)).toMatchObject({ state: GUARD_START, wakeAtMs: null });
});
