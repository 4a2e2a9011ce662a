/** Driver and virtual twin against each other, over a pseudo-terminal. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openVirtualPort } from '../serial/pty.ts';
import { createWaiter } from '../testing/waiter.ts';
import { BarrierDriver } from './driver.ts';
import { runBarrierTool } from './tool.ts';
import { type FrameRecord, startVirtualBarrier, type VirtualBarrier } from './virtual.ts';

let folder: string;
let path: string;
let frames: FrameRecord[];
const { until, wake } = createWaiter();
const open: (() => Promise<void>)[] = [];

beforeEach(() => {
  folder = scratchDir();
  path = join(folder, 'ttyBARRIER0');
  frames = [];
});

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function plug(record?: string): VirtualBarrier {
  const barrier = startVirtualBarrier({
    link: path,
    ...(record === undefined ? {} : { record }),
    clock: createMovedClock({ wallMs: Date.UTC(2026, 0, 1), monoMs: 0 }),
    onFrame: (frame) => {
      frames.push(frame);
      wake();
    },
  });
  open.push(() => barrier.close());
  return barrier;
}

function start(): BarrierDriver {
  const driver = new BarrierDriver({
    path,
    baud: 9_600,
    channel: 1,
    onState: () => wake(),
  });
  open.push(() => driver.release());
  driver.start();
  return driver;
}

const framesInHex = () => frames.map(({ frame }) => frame);

test('the barrier is told its state when it appears, then open, then close', async () => {
  const barrier = plug();
  const driver = start();
  await until(() => frames.length === 1);
  await driver.open();
  await until(() => barrier.isOpen);
  await driver.close();
  await until(() => !barrier.isOpen);
  expect(framesInHex()).toEqual(['a00100a1', 'a00101a2', 'a00100a1']);
});

test('a barrier that comes back is told what it should be, because it forgets', async () => {
  const first = plug();
  const driver = start();
  await until(() => frames.length === 1);
  await driver.open();
  await until(() => first.isOpen);
  await first.close();
  await until(() => !driver.connected);
  frames = [];
  const second = plug();
  await until(() => second.isOpen);
  expect(framesInHex()).toEqual(['a00101a2']);
});

test('what was asked for while the barrier was away is refused, and told when it is back', async () => {
  const driver = start();
  await expect(driver.open()).rejects.toThrow(/not connected/);
  const barrier = plug();
  await until(() => barrier.isOpen);
  expect(framesInHex()).toEqual(['a00101a2']);
});

test('open resolves when the frame is with the kernel, though nobody has read it yet', async () => {
  // A bare pty: what is written stays in the kernel until somebody listens.
  const port = openVirtualPort({ link: path });
  open.push(() => port.close());
  const driver = start();
  await until(() => driver.connected);
  await driver.open();
  const heard = new Promise<string>((done) => {
    let text = '';
    port.onBytes((bytes) => {
      text += Buffer.from(bytes).toString('hex');
      if (text.length >= 16) done(text);
    });
  });
  expect(await heard).toBe('a00100a1a00101a2');
});

test('the twin writes down what it was told, one JSON object a line', async () => {
  const record = join(folder, 'told.ndjson');
  plug(record);
  const driver = start();
  await until(() => frames.length === 1);
  await driver.open();
  await until(() => frames.length === 2);
  const lines = readFileSync(record, 'utf8').trimEnd().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(frames);
  expect(frames[1]).toEqual({
    at: '2026-01-01T00:00:00.000Z',
    channel: 1,
    state: 'open',
    frame: 'a00101a2',
  });
});

test('a record that cannot be kept is said at the start, or while the barrier goes on', async () => {
  expect(() => plug(join(folder, 'no', 'such', 'folder'))).toThrow(/cannot record to .*ENOENT/);
  let shown = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      wake();
      done();
    },
  });
  const abort = new AbortController();
  // A disk that is full: it opens, and takes nothing.
  const ended = runBarrierTool({ link: path, record: '/dev/full', out, signal: abort.signal });
  const driver = start();
  await until(() => shown.includes('CLOSED'));
  await driver.open();
  await until(() => shown.includes('OPEN'));
  abort.abort();
  await ended;
  expect(shown).toContain('not recorded: ENOSPC');
  expect(shown.split('\n').every((line) => line.length <= 80)).toBe(true);
});

test('the tool shows open and closed, and ends when it is told to', async () => {
  let shown = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      wake();
      done();
    },
  });
  const abort = new AbortController();
  const record = join(folder, 'told.ndjson');
  const ended = runBarrierTool({ link: path, record, out, signal: abort.signal });
  const driver = start();
  await until(() => shown.includes('CLOSED'));
  await driver.open();
  await until(() => shown.includes('OPEN'));
  abort.abort();
  await ended;
  expect(shown.split('\n').every((line) => line.length <= 80)).toBe(true);
  expect(readFileSync(record, 'utf8').trimEnd().split('\n')).toHaveLength(2);
});
