/**
 * A whole gate under a clock that is moved by hand: the real loop, stores and drivers, virtual parts on
 * serial ports in memory, a settlement without a server. Nothing in it waits for the time of day.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startVirtualBarrier } from '@stile/hardware/barrier/virtual.ts';
import type { Screen } from '@stile/hardware/display/frames.ts';
import { startVirtualDisplay } from '@stile/hardware/display/virtual.ts';
import { createScanPlayer } from '@stile/hardware/scanner/virtual.ts';
import { createMemoryPorts } from '@stile/hardware/serial/memory-ports.ts';
import { createSeededRandom } from '@stile/host/seeded-random.ts';
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { startGate } from '../main.ts';
import { parseConfig } from '../shell/config.ts';
import { writeIdentity } from '../shell/identity.ts';
import { LogLines } from './log-lines.ts';
import { gateKey, NOW_S, rootKey, trustIn } from './phone.ts';
import { createSettlementInMemory } from './settlement-in-memory.ts';

/** A file system in memory, if there is one: thousands of durable commits would be waits for a disk. */
const MEMORY_FOLDER = '/dev/shm';
export const OPEN_MS = 3_000;
export const SYNC_MS = 300_000;

export async function startWholeGate(seed: number) {
  const dataDir = join(scratchDir(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir()), 'gate');
  mkdirSync(dataDir, { mode: 0o700 });
  const own = { gate: 'g1', line: 'M1', scope: 1, operator: 'Test operator' };
  writeIdentity(dataDir, { ...own, root: trustIn(rootKey).state, key: gateKey.privateJwk });
  const clock = createMovedClock({ wallMs: NOW_S * 1000, monoMs: 1_000 });
  const ports = createMemoryPorts();
  const paths = { scanner: '/scanner', barrier: '/barrier', display: '/display' };
  const settlement = await createSettlementInMemory();
  const log = new LogLines();
  const arm: { openings: number; closings: number; isOpen: boolean } = {
    openings: 0,
    closings: 0,
    isOpen: false,
  };
  const screens: Screen[] = [];
  startVirtualBarrier({
    link: paths.barrier,
    port: ports.plug(paths.barrier),
    clock,
    onFrame({ state }) {
      const isOpen = state === 'open';
      if (isOpen && !arm.isOpen) arm.openings += 1;
      if (!isOpen && arm.isOpen) arm.closings += 1;
      arm.isOpen = isOpen;
    },
  });
  startVirtualDisplay({
    link: paths.display,
    port: ports.plug(paths.display),
    onScreen: (screen) => screens.push(screen),
  });
  const scanner = ports.plug(paths.scanner);
  const player = createScanPlayer({
    baud: 0,
    suffix: 'cr',
    random: createSeededRandom(seed),
    write: (bytes) => scanner.write(bytes),
    clock,
  });
  const gate = await startGate({
    config: parseConfig(
      JSON.stringify({
        dataDir,
        scanner: { path: paths.scanner },
        barrier: { path: paths.barrier, openMs: OPEN_MS },
        display: { path: paths.display },
        settlement: { url: 'https://settlement', syncEveryMs: SYNC_MS, listsEveryMs: 3_600_000 },
        rules: { passbackS: 0 },
      }),
      'gate.json',
    ),
    log: pino({ level: 'info' }, log),
    clock,
    random: createSeededRandom(seed),
    ports,
    exchange: settlement.exchange,
    onFatal: (fault) => {
      throw fault;
    },
  });
  onTestFinished(() => gate.close());
  for (let up = 0; up < 3; up += 1) await log.next('device', ({ connected }) => connected === true);
  await log.next('lists');
  const show = (text: string) => player.play(text);
  return { arm, clock, dataDir, gate, log, screens, settlement, show };
}
