/** The scanner's driver over a pseudo-terminal: bytes, heartbeats, and a module that is set up. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createMovedClock, type MovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openVirtualPort } from '../serial/pty.ts';
import type { VirtualPort } from '../serial/virtual-port.ts';
import { REPLY_MS_MAX, ScannerDriver, type ScannerOptions } from './driver.ts';
import { createScannerModule } from './module.ts';
import { GATE_SETTINGS, type SettingsReport } from './settings.ts';

let path: string;
const open: { close(): Promise<void> }[] = [];

beforeEach(() => {
  clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  path = join(scratchDir(), 'ttyGATE0');
});

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function plug(): VirtualPort {
  const port = openVirtualPort({ link: path });
  open.push(port);
  return port;
}

function start(options: Partial<ScannerOptions>): ScannerDriver {
  const driver = new ScannerDriver({
    path,
    baud: 115_200,
    configure: 'none',
    heartbeatMs: 0,
    onBytes: () => undefined,
    ...options,
  });
  open.push({ close: () => driver.release() });
  driver.start();
  return driver;
}

test('whatever program writes TEXT CR LF to a pty is a scanner', async () => {
  const port = plug();
  const received = new Promise<string>((done) => {
    let text = '';
    start({
      onBytes: (bytes) => {
        text += Buffer.from(bytes).toString();
        if (text.endsWith('\r\n')) done(text);
      },
      onState: (connected) => {
        if (connected) port.write(Buffer.from('TEXT\r\n')).catch(() => undefined);
      },
    });
  });
  expect(await received).toBe('TEXT\r\n');
});

test('without configure, nothing but heartbeats is ever written to a scanner', async () => {
  const port = plug();
  const heard = new Promise<number[]>((done) => {
    const bytes: number[] = [];
    port.onBytes((part) => {
      bytes.push(...part);
      if (bytes.length >= 3) done(bytes);
    });
  });
  start({ heartbeatMs: 10 });
  expect(new Set(await heard)).toEqual(new Set([0]));
});

/** Moves by the wait for a reply when none will come, so that no answer is too late on a slow machine. */
let clock: MovedClock;

function giveUpWaiting(): void {
  clock.advance(REPLY_MS_MAX);
}

/** A module that hears and is heard only at its own baud rate, as on a real wire. */
function plugModule(baud: number) {
  const module = createScannerModule(baud);
  const port = plug();
  port.onBytes((bytes) => {
    const rate = Number(execFileSync('stty', ['-F', port.devicePath, 'speed']).toString());
    // Its register holds a whole divisor: 115,200 is really 115,385.
    if (Math.abs(rate / module.baud - 1) > 0.02) return giveUpWaiting();
    for (const reply of module.push(bytes)) port.write(reply).catch(() => undefined);
  });
  return module;
}

function configure(options: Partial<ScannerOptions> = {}): Promise<SettingsReport> {
  return new Promise((done) => start({ configure: 'gm65', onConfigured: done, clock, ...options }));
}

test('a module at the configured rate is set up and saved', async () => {
  const module = plugModule(115_200);
  expect(await configure()).toMatchObject({ ok: true });
  for (const { address, mask, value } of GATE_SETTINGS) {
    expect(module.read(address) & mask).toBe(value);
  }
  expect(module.saves).toBe(1);
});

test('a module still at the factory rate is found there and brought to the gate’s', async () => {
  const module = plugModule(9_600);
  expect(await configure()).toMatchObject({ ok: true });
  expect(module.baud).toBe(115_385);
  module.restart();
  expect(module.baud).toBe(115_385);
});

test('a garbled reply costs one try, not those behind it', async () => {
  const module = createScannerModule(115_200);
  const port = plug();
  let commands = 0;
  port.onBytes((bytes) => {
    for (const reply of module.push(bytes)) {
      commands += 1;
      // The head of a reply of 256 bytes that never come.
      const sent = commands === 1 ? Buffer.from('02000000', 'hex') : reply;
      port.write(sent).catch(() => undefined);
    }
  });
  // Once it has been read, it is waited for in vain.
  const onBytes = () => {
    if (commands === 1) giveUpWaiting();
  };
  expect(await configure({ onBytes })).toMatchObject({ ok: true });
});

test('something that never answers is reported silent, and its texts are read all the same', async () => {
  const port = plug();
  port.onBytes(giveUpWaiting);
  const received = new Promise<string>((done) => {
    start({
      configure: 'gm65',
      clock,
      onBytes: (bytes) => done(Buffer.from(bytes).toString()),
      onConfigured: (report) => {
        expect(report).toMatchObject({ ok: false, reason: 'SILENT' });
        port.write(Buffer.from('TEXT\r\n')).catch(() => undefined);
      },
    });
  });
  expect(await received).toBe('TEXT\r\n');
});
