/** A part that never came is said too: no driver speaks of what was never there. */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { LogLines } from '../testing/log-lines.ts';
import { watchDevices } from './device-watch.ts';

test('a part that is away is named soon after the start and every ten minutes, until it is there', async () => {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const log = new LogLines();
  const scanner = { connected: false };
  const devices = { scanner, barrier: { connected: true }, display: null };
  const stop = watchDevices(devices, { clock, log: pino({}, log) });
  clock.advance(5_000);
  expect(await log.next('parts of this gate are away')).toMatchObject({ away: ['scanner'] });
  clock.advance(600_000);
  expect(await log.next('parts of this gate are away')).toMatchObject({ away: ['scanner'] });
  scanner.connected = true;
  clock.advance(600_000);
  devices.barrier.connected = false;
  clock.advance(600_000);
  expect(await log.next('parts of this gate are away')).toMatchObject({ away: ['barrier'] });
  stop();
  expect(clock.alarms).toBe(0);
});
