/** The real drivers and the real twins against each other in memory: hours of them in milliseconds. */
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { expect, test } from 'vitest';
import { BarrierDriver } from './barrier/driver.ts';
import { startVirtualBarrier } from './barrier/virtual.ts';
import { DisplayDriver } from './display/driver.ts';
import { startVirtualDisplay } from './display/virtual.ts';
import { ScannerDriver, type ScannerOptions } from './scanner/driver.ts';
import { createScannerModule } from './scanner/module.ts';
import { GATE_SETTINGS, type SettingsReport } from './scanner/settings.ts';
import { createScanPlayer } from './scanner/virtual.ts';
import { NODE_CHECK_MS, REOPEN_MS_MAX, REOPEN_MS_MIN } from './serial/device.ts';
import type { MemoryPort } from './serial/memory-ports.ts';
import { createMemoryWorld } from './testing/memory-world.ts';

const HOUR_MS = 3_600_000;

test('a barrier: told its state, open, close, unplugged for an hour, told again', async () => {
  const { clock, ports, pass } = createMemoryWorld({ paced: true });
  const frames: string[] = [];
  const plug = () =>
    startVirtualBarrier({
      link: '/arm',
      port: ports.plug('/arm'),
      clock,
      onFrame: ({ at, state }) => frames.push(`${at.slice(11, 23)} ${state}`),
    });
  const first = plug();
  const driver = new BarrierDriver({ path: '/arm', baud: 9_600, channel: 1, clock, ports });
  driver.start();
  await pass(1_000);
  await driver.open();
  await pass(3_000);
  await driver.close();
  await pass(1_000);
  await driver.open();
  await pass(10);
  await first.close();
  await expect(driver.close()).rejects.toThrow(/not connected/);
  await pass(HOUR_MS);
  const second = plug();
  await pass(REOPEN_MS_MAX);
  // Four bytes at 9,600 baud take 4.2 ms.
  expect(frames.slice(0, 4)).toEqual([
    '00:00:00.004 closed',
    '00:00:01.004 open',
    '00:00:04.004 closed',
    '00:00:05.004 open',
  ]);
  expect(frames).toHaveLength(5);
  expect(frames[4]).toMatch(/^01:00:0\d\.\d{3} closed$/);
  expect(second.isOpen).toBe(false);
  await driver.release();
  expect(clock.alarms).toBe(0);
});

test('a display: shown what it should show, also when it comes back', async () => {
  const { clock, ports, pass } = createMemoryWorld({ chunkBytes: 3 });
  const plug = () =>
    startVirtualDisplay({
      link: '/display',
      port: ports.plug('/display'),
      onScreen: () => undefined,
    });
  const driver = new DisplayDriver({ path: '/display', baud: 9_600, clock, ports });
  driver.start();
  driver.show(['WELCOME', 'HOLD CODE TO GLASS']);
  await pass(1_000);
  const first = plug();
  await pass(REOPEN_MS_MAX);
  expect(first.screen[1]).toBe('HOLD CODE TO GLASS  ');
  await first.close();
  driver.show(['CLOSED', '']);
  const second = plug();
  await pass(REOPEN_MS_MIN);
  expect(second.screen).toEqual(['CLOSED              ', ' '.repeat(20)]);
  await driver.release();
  expect(clock.alarms).toBe(0);
});

function startScanner(options: Partial<ScannerOptions> = {}) {
  const world = createMemoryWorld();
  const { clock, ports } = world;
  const texts: string[] = [];
  const states: boolean[] = [];
  const driver = new ScannerDriver({
    path: '/scanner',
    baud: 115_200,
    configure: 'none',
    heartbeatMs: 1_000,
    clock,
    ports,
    onBytes: (bytes) => texts.push(Buffer.from(bytes).toString('latin1')),
    onState: (connected) => states.push(connected),
    ...options,
  });
  driver.start();
  return { ...world, driver, texts, states };
}

test('a scanner: at the pace of its wire, with a heartbeat each second, over a replug', async () => {
  const { clock, ports, pass, driver, texts, states } = startScanner();
  let port = ports.plug('/scanner');
  let beats = 0;
  port.onBytes((bytes) => {
    beats += bytes.length;
  });
  const player = createScanPlayer({
    baud: 9_600,
    suffix: 'crlf',
    random: createSeededRandom(1),
    clock,
    write: (bytes) => port.write(bytes),
  });
  await pass(REOPEN_MS_MIN);
  const fromMs = clock.now().monoMs;
  const played = player.play('A'.repeat(94)).then(() => clock.now().monoMs - fromMs);
  await pass(200);
  // 96 bytes at 9,600 baud, to a step of the clock.
  expect(await played).toBeGreaterThanOrEqual(100);
  expect(await played).toBeLessThanOrEqual(110);
  expect(texts.join('')).toBe(`${'A'.repeat(94)}\r\n`);
  expect(texts.length).toBeGreaterThan(10);
  beats = 0;
  await pass(60_000);
  expect(beats).toBe(60);
  await port.close();
  port = ports.plug('/scanner');
  await pass(REOPEN_MS_MIN + NODE_CHECK_MS);
  expect(states).toEqual([true, false, true]);
  const again = player.play('B');
  await pass(100);
  await again;
  expect(texts.join('')).toContain('B\r\n');
  await driver.release();
  expect(clock.alarms).toBe(0);
});

/** A module that hears and is heard only at its own rate, as on a real wire. */
function playModule(port: MemoryPort, baud: number) {
  const module = createScannerModule(baud);
  port.onBytes((bytes) => {
    if (Math.abs((port.baud ?? 0) / module.baud - 1) > 0.02) return;
    for (const reply of module.push(bytes)) port.write(reply).catch(() => undefined);
  });
  return module;
}

test('a module at the factory rate is found there, and set up each time it appears', async () => {
  const reports: SettingsReport[] = [];
  const { ports, until, driver } = startScanner({
    configure: 'gm65',
    onConfigured: (report) => reports.push(report),
  });
  for (let time = 1; time <= 2; time += 1) {
    const port = ports.plug('/scanner');
    const module = playModule(port, 9_600);
    await until(() => reports.length === time);
    expect(reports.at(-1)).toMatchObject({ ok: true });
    expect(module.baud).toBe(115_385);
    for (const { address, mask, value } of GATE_SETTINGS) {
      expect(module.read(address) & mask).toBe(value);
    }
    expect(module.saves).toBe(1);
    await port.close();
  }
  await driver.release();
});

test('what never answers is reported silent after as many tries as there are', async () => {
  const reports: SettingsReport[] = [];
  const { clock, ports, until, driver } = startScanner({
    configure: 'gm65',
    onConfigured: (report) => reports.push(report),
  });
  ports.plug('/scanner').onBytes(() => undefined);
  await until(() => reports.length > 0);
  expect(reports[0]).toMatchObject({ ok: false, reason: 'SILENT' });
  // Three tries, the factory rate told once, three more: 200 ms each, after the first reopening.
  expect(clock.now().monoMs).toBeGreaterThanOrEqual(7 * 200);
  expect(clock.now().monoMs).toBeLessThan(7 * 200 + REOPEN_MS_MIN + 200);
  await driver.release();
});
