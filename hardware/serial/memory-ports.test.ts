import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { expect, test } from 'vitest';
import { NODE_CHECK_MS, REOPEN_MS_MIN, SerialDevice } from './device.ts';
import { createMemoryPorts } from './memory-ports.ts';

const turn = () => new Promise<void>((next) => setImmediate(next));

function deviceOn(path: string, heartbeatMs = 0) {
  const clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const ports = createMemoryPorts();
  const states: boolean[] = [];
  const bytes: number[] = [];
  const device = new SerialDevice(
    { path, baud: 9_600, heartbeatMs, clock, ports },
    {
      onState: (connected) => states.push(connected),
      onBytes: (chunk) => bytes.push(...chunk),
    },
  );
  return { clock, ports, device, states, bytes };
}

test('bytes go both ways in the turn in which they are written', async () => {
  const { ports, device, bytes, states } = deviceOn('scanner');
  const port = ports.plug('scanner');
  const arrived: number[] = [];
  port.onBytes((chunk) => arrived.push(...chunk));
  await port.write(Uint8Array.of(9));
  device.start();
  await turn();
  expect(states).toEqual([true]);
  expect(port.hasReader()).toBe(true);
  await device.write(Uint8Array.of(1, 2));
  await port.write(Uint8Array.of(3));
  expect(arrived).toEqual([1, 2]);
  expect(bytes, 'what came before anybody listened is lost').toEqual([3]);
  await device.close();
  expect(port.hasReader()).toBe(false);
});

test('an unplug is noticed at once, a new device under the name within one look', async () => {
  const { clock, ports, device, states } = deviceOn('arm');
  device.start();
  await turn();
  expect(states).toEqual([]);
  const first = ports.plug('arm');
  clock.advance(REOPEN_MS_MIN);
  await turn();
  expect(states).toEqual([true]);
  await first.close();
  expect(states).toEqual([true, false]);
  await expect(device.write(Uint8Array.of(1))).rejects.toThrow('arm is not connected');
  ports.plug('arm');
  expect(() => ports.plug('arm')).toThrow('in use');
  clock.advance(REOPEN_MS_MIN);
  await turn();
  expect(states).toEqual([true, false, true]);
  await device.close();
  expect(clock.alarms).toBe(0);
});

test('heartbeats and looks at the node come from the clock that is passed in', async () => {
  const { clock, ports, device } = deviceOn('scanner', 100);
  const port = ports.plug('scanner');
  let beats = 0;
  port.onBytes(() => {
    beats += 1;
  });
  device.start();
  await turn();
  for (let at = 0; at < 5; at += 1) {
    clock.advance(100);
    await turn();
  }
  expect(beats).toBe(5);
  clock.advance(NODE_CHECK_MS);
  expect(device.connected).toBe(true);
  await device.close();
});
