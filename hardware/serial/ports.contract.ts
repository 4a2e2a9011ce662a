/**
 * What a serial device may expect of its ports, and a virtual part of its end, whatever stands between
 * them: a kernel's pseudo-terminal or this process's memory.
 */
import type { Clock } from '@stile/host/clock.ts';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type SerialDevice,
  type SerialDeviceEvents,
  type SerialDeviceOptions,
  WAITING_BYTES_MAX,
} from './device.ts';
import type { VirtualPort } from './virtual-port.ts';

export type PortsUnderTest = {
  clock: Clock;
  /** The name under which ports are plugged in. */
  path: string;
  plug(): VirtualPort;
  createDevice(options: Partial<SerialDeviceOptions>, events: SerialDeviceEvents): SerialDevice;
  /** Waits until it holds. `wake` is called whenever something has happened. */
  until(holds: () => boolean): Promise<void>;
  wake(): void;
  /** Makes the port take nothing more of what a driver writes. */
  fill(port: VirtualPort): Promise<void>;
  end(): void;
};

export function serialPortsContract(name: string, createWorld: () => PortsUnderTest): void {
  describe(`serial ports: ${name}`, () => {
    const open: { close(): Promise<void> }[] = [];
    const worlds: PortsUnderTest[] = [];

    afterEach(async () => {
      for (const thing of open.splice(0).reverse()) await thing.close();
      for (const world of worlds.splice(0)) world.end();
    });

    /** A device with a log of its states and what it has received. */
    function begin(options: Partial<SerialDeviceOptions> = {}) {
      const world = createWorld();
      worlds.push(world);
      const states: boolean[] = [];
      let text = '';
      const device = world.createDevice(options, {
        onBytes: (bytes) => {
          text += Buffer.from(bytes).toString('latin1');
          world.wake();
        },
        onState: (connected) => {
          states.push(connected);
          world.wake();
        },
      });
      open.push(device);
      function plug(): VirtualPort {
        const port = world.plug();
        open.push(port);
        return port;
      }
      return {
        ...world,
        device,
        states,
        plug,
        connected: () => world.until(() => device.connected),
        gone: () => world.until(() => !device.connected),
        received: (wanted: string) => world.until(() => text.includes(wanted)),
      };
    }

    test('a device connects, receives and writes', async () => {
      const { device, plug, connected, received, states, until, wake } = begin();
      const port = plug();
      device.start();
      await connected();
      let heard = '';
      port.onBytes((bytes) => {
        heard += Buffer.from(bytes).toString();
        wake();
      });
      await device.write(Buffer.from('to the device'));
      await until(() => heard === 'to the device');
      await port.write(Buffer.from('from the device'));
      await received('from the device');
      expect(states).toEqual([true]);
    });

    test('a burst arrives whole and in order, both ways', async () => {
      const { device, plug, connected, received, until, wake } = begin();
      const port = plug();
      device.start();
      await connected();
      let heard = '';
      port.onBytes((bytes) => {
        heard += Buffer.from(bytes).toString();
        wake();
      });
      const burst = Array.from({ length: 1_000 }, (_, n) => `text ${n};`).join('');
      await port.write(Buffer.from(burst));
      await received(burst);
      const back = burst.slice(0, WAITING_BYTES_MAX);
      await device.write(Buffer.from(back));
      await until(() => heard.length >= back.length);
      expect(heard).toBe(back);
    });

    test('a device that appears later is found', async () => {
      const { device, plug, connected } = begin();
      device.start();
      expect(device.connected).toBe(false);
      await expect(device.write(Uint8Array.of(1))).rejects.toThrow(/not connected/);
      plug();
      await connected();
    });

    test('an unplug of a quiet port is found within a second, and writes are refused', async () => {
      const { clock, device, plug, connected, gone, states } = begin();
      const port = plug();
      device.start();
      await connected();
      const fromMs = clock.now().monoMs;
      await port.close();
      await gone();
      expect(clock.now().monoMs - fromMs).toBeLessThan(1_000);
      expect(states).toEqual([true, false]);
      await expect(device.write(Uint8Array.of(1))).rejects.toThrow(/not connected/);
      await expect(port.write(Uint8Array.of(1))).rejects.toThrow(/closed/);
    });

    test('a replug under the same name connects again, twenty times, right after traffic', async () => {
      const { device, plug, connected, gone, received, states } = begin({ heartbeatMs: 50 });
      device.start();
      for (let cycle = 0; cycle < 20; cycle += 1) {
        const port = plug();
        port.onBytes(() => undefined);
        await connected();
        await port.write(Buffer.from(`cycle ${cycle};`));
        await received(`cycle ${cycle};`);
        await port.close();
        await gone();
      }
      expect(states).toEqual(Array.from({ length: 40 }, (_, at) => at % 2 === 0));
    });

    test('a virtual part sees whether some program has its port open', async () => {
      const { device, plug, connected } = begin();
      const port = plug();
      // The other end hears of it a moment later.
      await expect.poll(() => port.hasReader()).toBe(false);
      device.start();
      await connected();
      expect(port.hasReader()).toBe(true);
      await device.close();
      // The other end hears of it a moment later.
      await expect.poll(() => port.hasReader()).toBe(false);
    });

    test('a name that is in use is not given away', async () => {
      const { plug, path } = begin();
      const port = plug();
      expect(port.path).toBe(path);
      expect(plug).toThrow(/in use by another virtual port/);
      await port.close();
      plug();
    });

    test('heartbeats are written as often as they are asked for', async () => {
      const { clock, device, plug, until, wake } = begin({
        heartbeatMs: 20,
        heartbeat: Uint8Array.of(7),
      });
      const port = plug();
      const bytes: number[] = [];
      port.onBytes((chunk) => {
        bytes.push(...chunk);
        wake();
      });
      const fromMs = clock.now().monoMs;
      device.start();
      await until(() => bytes.length >= 5);
      expect(clock.now().monoMs - fromMs).toBeGreaterThanOrEqual(5 * 20 - 1);
      expect(new Set(bytes)).toEqual(new Set([7]));
    });

    test('writes to a device that takes nothing are bounded, and fail when it goes', async () => {
      const { device, plug, connected, fill } = begin();
      const port = plug();
      device.start();
      await connected();
      await fill(port);
      const outcomes = Array.from({ length: 4 }, () =>
        device.write(new Uint8Array(WAITING_BYTES_MAX / 4)).then(
          () => 'written',
          (error: Error) => error.message,
        ),
      );
      await expect(device.write(Uint8Array.of(1))).rejects.toThrow(/does not take/);
      await port.close();
      for (const outcome of await Promise.all(outcomes)) expect(outcome).not.toBe('written');
    });

    test('a write that is under way when the device is closed fails', async () => {
      const { device, plug, connected, fill } = begin();
      const port = plug();
      device.start();
      await connected();
      await fill(port);
      const outcome = device.write(Uint8Array.of(1)).catch((error: Error) => error.message);
      await device.close();
      expect(await outcome).toMatch(/closed$/);
    });

    test('what may wait is bounded', async () => {
      const { device, plug, connected } = begin();
      plug();
      device.start();
      await connected();
      await expect(device.write(new Uint8Array(WAITING_BYTES_MAX + 1))).rejects.toThrow(
        /does not take/,
      );
    });

    test('closing while the port is being opened leaves it closed', async () => {
      const { device, plug, states } = begin();
      const port = plug();
      device.start();
      await device.close();
      // The other end hears of it a moment later.
      await expect.poll(() => port.hasReader()).toBe(false);
      expect(states).toEqual([]);
    });
  });
}
