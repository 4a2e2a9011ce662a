/** Serial devices over pseudo-terminals: the contract, and what only a kernel can do to a port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fillPty } from '../testing/full-pty.ts';
import { createWaiter } from '../testing/waiter.ts';
import { SerialDevice, type SerialDeviceOptions } from './device.ts';
import { serialPortsContract } from './ports.contract.ts';
import { openVirtualPort } from './pty.ts';
import type { VirtualPort } from './virtual-port.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));

let path: string;
let ports: VirtualPort[] = [];
let devices: SerialDevice[] = [];

beforeEach(() => {
  path = join(scratchDir(), 'ttyGATE0');
});

afterEach(async () => {
  for (const device of devices) await device.close();
  for (const port of ports) await port.close();
  devices = [];
  ports = [];
});

function plug(): VirtualPort {
  const port = openVirtualPort({ link: path });
  ports.push(port);
  return port;
}

/** A device with a log of its states, and promises for the next change and for received text. */
function start(options: Partial<SerialDeviceOptions> = {}) {
  const states: boolean[] = [];
  let text = '';
  const { until, wake } = createWaiter();
  const device = new SerialDevice(
    { path, baud: 115_200, ...options },
    {
      onBytes: (bytes) => {
        text += Buffer.from(bytes).toString('latin1');
        wake();
      },
      onState: (connected) => {
        states.push(connected);
        wake();
      },
    },
  );
  devices.push(device);
  device.start();
  return {
    device,
    states,
    connected: () => until(() => device.connected),
    gone: () => until(() => !device.connected),
    received: (wanted: string) => until(() => text.includes(wanted)),
  };
}

/** After which a peer that is gone must be missed. */
const BEATS_MAX = 10;

serialPortsContract('pseudo-terminals', () => {
  const name = join(scratchDir(), 'ttyGATE0');
  return {
    clock: systemClock,
    path: name,
    plug: () => openVirtualPort({ link: name }),
    createDevice: (options, events) =>
      new SerialDevice({ path: name, baud: 115_200, ...options }, events),
    ...createWaiter(),
    fill: (port) => fillPty(port.devicePath),
    end: () => undefined,
  };
});

test('a peer that is killed right after traffic is found within a few heartbeats', async () => {
  const source = `import { openVirtualPort } from ${JSON.stringify(`${HERE}pty.ts`)};
    const port = openVirtualPort({ link: ${JSON.stringify(path)} });
    port.onBytes(async () => {
      for (;;) await port.write(Buffer.from('some traffic\\r\\n'));
    });
    console.log('up');`;
  let beats = 0;
  const clock: Clock = {
    ...systemClock,
    alarm: (atMs, fire) =>
      systemClock.alarm(atMs, () => {
        beats += 1;
        fire();
      }),
  };
  const { device, connected, gone, received } = start({ heartbeatMs: 100, clock });
  for (let turn = 0; turn < 3; turn += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    await connected();
    await device.write(Buffer.from('go'));
    await received('some traffic\r\nsome traffic');
    child.kill('SIGKILL');
    await exited;
    const before = beats;
    await gone();
    expect(beats - before).toBeLessThanOrEqual(BEATS_MAX);
  }
});

test('heartbeats do not pile up if nobody reads: at most one waits', async () => {
  const BEAT = 0x07;
  const options = { heartbeatMs: 5, heartbeat: Uint8Array.of(BEAT) };
  const port = plug();
  const { device, connected } = start(options);
  await connected();
  await fillPty(port.devicePath);
  // A second device beats as often and is heard: it tells when the first has had time to pile up.
  const other = openVirtualPort({ link: `${path}.other` });
  ports.push(other);
  const clock = start({ ...options, path: other.path });
  let beats = 0;
  const thirtyBeats = new Promise<void>((done) =>
    other.onBytes((bytes) => {
      beats += bytes.length;
      if (beats >= 30) done();
    }),
  );
  await clock.connected();
  await thirtyBeats;
  device.write(Buffer.from('!')).catch(() => undefined);
  const waiting = await new Promise<number>((done) => {
    let afterFill = 0;
    port.onBytes((bytes) => {
      for (const byte of bytes) {
        if (byte === 0x21) done(afterFill);
        afterFill = byte === BEAT ? afterFill + 1 : 0;
      }
    });
  });
  // One that waits, and one that the kernel may have taken last.
  expect(waiting).toBeLessThanOrEqual(2);
});

test('a name that is given to another device while it is being opened leads to that one', async () => {
  const first = plug();
  const second = openVirtualPort({ link: `${path}.second` });
  ports.push(second);
  const { device, connected, gone, received } = start();
  // The event loop stands still here, so the device is open and does not know it yet.
  while (!first.hasReader()) expect(device.connected).toBe(false);
  symlinkSync(second.devicePath, `${path}.new`);
  renameSync(`${path}.new`, path);
  await connected();
  await gone();
  await connected();
  await second.write(Buffer.from('from the second'));
  await received('from the second');
});

test('after close nothing is left that keeps a process alive', async () => {
  plug();
  const source = `import { SerialDevice } from ${JSON.stringify(`${HERE}device.ts`)};
    const device = new SerialDevice(
      { path: ${JSON.stringify(path)}, baud: 9600, heartbeatMs: 50 },
      { onState: async () => { await device.close(); console.log('closed'); } },
    );
    device.start();
    const absent = new SerialDevice({ path: '/nowhere/tty', baud: 9600 }, {});
    absent.start();
    await absent.close();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [code] = await once(child, 'exit');
  expect(code).toBe(0);
});
