/** Ports in memory: the contract, with and without a wire that takes its time, and how they fail. */
import { expect, test } from 'vitest';
import { createMemoryWorld } from '../testing/memory-world.ts';
import { NODE_CHECK_MS, REOPEN_MS_MIN, SerialDevice } from './device.ts';
import type { MemoryPort } from './memory-ports.ts';
import { type PortsUnderTest, serialPortsContract } from './ports.contract.ts';

function createWorld(options: Parameters<typeof createMemoryWorld>[0]): PortsUnderTest {
  const { clock, ports, until } = createMemoryWorld(options);
  const plugged = new Map<unknown, MemoryPort>();
  const path = '/part';
  return {
    clock,
    path,
    plug() {
      const port = ports.plug(path);
      plugged.set(port, port);
      return port;
    },
    createDevice: (more, events) =>
      new SerialDevice({ path, baud: 115_200, clock, ports, ...more }, events),
    until,
    wake: () => undefined,
    fill: async (port) => plugged.get(port)?.stall(),
    end: () => expect(clock.alarms).toBe(0),
  };
}

serialPortsContract('in memory', () => createWorld({}));
serialPortsContract('in memory, byte by byte at the pace of the wire', () =>
  createWorld({ paced: true, chunkBytes: 1 }),
);

function begin(options: Parameters<typeof createMemoryWorld>[0] & { heartbeatMs?: number } = {}) {
  const { heartbeatMs = 0, ...world } = options;
  const { clock, ports, pass } = createMemoryWorld(world);
  const states: [boolean, string][] = [];
  const arrivals: { atMs: number; bytes: number[] }[] = [];
  const device = new SerialDevice(
    { path: '/part', baud: 9_600, heartbeatMs, clock, ports },
    {
      onState: (connected, why) => states.push([connected, why]),
      onBytes: (bytes) => arrivals.push({ atMs: clock.now().monoMs, bytes: [...bytes] }),
    },
  );
  return { clock, ports, pass, device, states, arrivals };
}

test('bytes go both ways in the turn in which they are written', async () => {
  const { ports, pass, device, arrivals } = begin();
  const port = ports.plug('/part');
  const heard: number[] = [];
  port.onBytes((chunk) => heard.push(...chunk));
  await port.write(Uint8Array.of(9));
  device.start();
  await pass(0);
  await device.write(Uint8Array.of(1, 2));
  await port.write(Uint8Array.of(3));
  expect(heard).toEqual([1, 2]);
  expect(arrivals, 'what came before anybody listened is lost').toEqual([{ atMs: 0, bytes: [3] }]);
  await device.close();
});

test('at the pace of the wire, ten bits a byte, in pieces; what is on the way when it goes is lost', async () => {
  const { clock, ports, pass, device, arrivals } = begin({ paced: true, chunkBytes: 24 });
  const port = ports.plug('/part');
  device.start();
  await pass(0);
  expect(port.baud).toBe(9_600);
  const sent = Uint8Array.from({ length: 60 }, (_, at) => at);
  await port.write(sent);
  expect(arrivals).toEqual([]);
  clock.advance(50.5);
  expect(arrivals).toEqual([
    { atMs: 25, bytes: [...sent.subarray(0, 24)] },
    { atMs: 50, bytes: [...sent.subarray(24, 48)] },
  ]);
  await port.close();
  await device.close();
  expect(clock.alarms).toBe(0);
});

test('an unplug is noticed at once, a new device under the name within one look', async () => {
  const { clock, ports, pass, device, states } = begin();
  device.start();
  await pass(0);
  const first = ports.plug('/part');
  clock.advance(REOPEN_MS_MIN);
  await pass(0);
  await first.close();
  expect(states).toEqual([
    [true, 'opened'],
    [false, 'the port hung up'],
  ]);
  ports.plug('/part');
  clock.advance(REOPEN_MS_MIN);
  await pass(0);
  expect(states.at(-1)).toEqual([true, 'opened']);
  await device.close();
});

test('a heartbeat that fails is an unplug that nobody has reported', async () => {
  const { clock, ports, pass, device, states } = begin({ heartbeatMs: 100 });
  const port = ports.plug('/part');
  device.start();
  await pass(0);
  await device.write(Uint8Array.of(1));
  port.failWrites('EIO');
  await expect(device.write(Uint8Array.of(1))).rejects.toThrow('/part: EIO');
  expect(device.connected, 'one failed write is its caller’s to judge').toBe(true);
  clock.advance(100);
  await pass(0);
  expect(states.at(-1)).toEqual([false, 'EIO']);
  port.failWrites(null);
  await pass(REOPEN_MS_MIN);
  expect(device.connected).toBe(true);
  await device.close();
});

test('heartbeats do not pile up in a port that takes nothing', async () => {
  const { clock, ports, pass, device } = begin({ heartbeatMs: 100 });
  const port = ports.plug('/part');
  device.start();
  await pass(0);
  port.stall();
  await pass(100 * 100);
  expect(device.connected).toBe(true);
  // Whatever waits is bounded, heartbeats included: there is room for all of this.
  const late = device.write(new Uint8Array(4_096)).catch(() => 'gone');
  await pass(0);
  await device.close();
  expect(await late).toBe('gone');
  expect(clock.alarms).toBe(0);
});

test('looks at the node come from the clock that is passed in', async () => {
  const { ports, pass, device, clock } = begin();
  ports.plug('/part');
  device.start();
  await pass(NODE_CHECK_MS * 4);
  expect(device.connected).toBe(true);
  expect(clock.alarms).toBe(1);
  await device.close();
});
