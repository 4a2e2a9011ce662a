import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SerialDevice, type SerialDeviceOptions, WAITING_BYTES_MAX } from './device.ts';
import { openVirtualPort, type VirtualPort } from './pty.ts';

const REFUSED_MS = 50;
const HERE = fileURLToPath(new URL('.', import.meta.url));

let folder: string;
let path: string;
let ports: VirtualPort[] = [];
let devices: SerialDevice[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'serial-'));
  path = join(folder, 'ttyGATE0');
});

afterEach(async () => {
  for (const device of devices) await device.close();
  for (const port of ports) await port.close();
  devices = [];
  ports = [];
  rmSync(folder, { recursive: true });
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
  let wake: () => void = () => undefined;
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
  async function until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((done) => {
        wake = done;
      });
    }
  }
  return {
    device,
    states,
    connected: () => until(() => device.connected),
    gone: () => until(() => !device.connected),
    received: (wanted: string) => until(() => text.includes(wanted)),
  };
}

test('connects, receives and writes', async () => {
  const port = plug();
  const { device, connected, received, states } = start();
  await connected();
  const heard = new Promise<string>((done) =>
    port.onBytes((bytes) => done(Buffer.from(bytes).toString())),
  );
  await device.write(Buffer.from('to the device'));
  expect(await heard).toBe('to the device');
  await port.write(Buffer.from('from the device'));
  await received('from the device');
  expect(states).toEqual([true]);
});

test('a device that appears later is found', async () => {
  const { device, connected } = start();
  expect(device.connected).toBe(false);
  await expect(device.write(Uint8Array.of(1))).rejects.toThrow(/not connected/);
  plug();
  await connected();
});

test('an unplug of a quiet line is found within a second, and writes are refused', async () => {
  const port = plug();
  const { device, connected, gone, states } = start();
  await connected();
  const from = performance.now();
  await port.close();
  await gone();
  expect(performance.now() - from).toBeLessThan(1_000);
  expect(states).toEqual([true, false]);
  await expect(device.write(Uint8Array.of(1))).rejects.toThrow(/not connected/);
});

test('a replug under the same name connects again, twenty times, right after traffic', async () => {
  const { connected, gone, received, states } = start({ heartbeatMs: 50 });
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

test('a peer that is killed right after traffic is found within a second', async () => {
  const source = `import { openVirtualPort } from ${JSON.stringify(`${HERE}pty.ts`)};
    const port = openVirtualPort({ link: ${JSON.stringify(path)} });
    port.onBytes(async () => {
      for (;;) await port.write(Buffer.from('some traffic\\r\\n'));
    });
    console.log('up');`;
  const { device, connected, gone, received } = start({ heartbeatMs: 100 });
  for (let turn = 0; turn < 3; turn += 1) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    await once(child.stdout, 'data');
    await connected();
    await device.write(Buffer.from('go'));
    await received('some traffic\r\nsome traffic');
    const from = performance.now();
    child.kill('SIGKILL');
    await gone();
    expect(performance.now() - from).toBeLessThan(1_000);
    await exited;
  }
});

test('writes to a device that takes nothing are bounded, and fail when it goes', async () => {
  const port = plug();
  const { device, connected } = start();
  await connected();
  await fillLine(port.devicePath);
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

test('heartbeats do not pile up where nobody reads: at most one waits', async () => {
  const BEAT = 0x07;
  const options = { heartbeatMs: 5, heartbeat: Uint8Array.of(BEAT) };
  const port = plug();
  const { device, connected } = start(options);
  await connected();
  await fillLine(port.devicePath);
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

test('a write that is under way when the device is closed fails', async () => {
  const port = plug();
  const { device, connected } = start();
  await connected();
  await fillLine(port.devicePath);
  const outcome = device.write(Uint8Array.of(1)).catch((error: Error) => error.message);
  await device.close();
  expect(await outcome).toMatch(/closed$/);
});

/**
 * Writes to the device side until the kernel takes no more: nobody reads at the other end. It makes
 * some room again a moment after it refused, so the line is full when it has refused for a while.
 */
async function fillLine(devicePath: string): Promise<void> {
  const line = openSync(devicePath, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    let takenAtMs = performance.now();
    while (performance.now() - takenAtMs < REFUSED_MS) {
      if (takes(line)) takenAtMs = performance.now();
      else await new Promise((resume) => setImmediate(resume));
    }
  } finally {
    closeSync(line);
  }
}

function takes(line: number): boolean {
  try {
    return writeSync(line, new Uint8Array(1_024)) > 0;
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
    return false;
  }
}

test('what may wait is bounded', async () => {
  plug();
  const { device, connected } = start();
  await connected();
  await expect(device.write(new Uint8Array(WAITING_BYTES_MAX + 1))).rejects.toThrow(
    /does not take/,
  );
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

test('closing while the port is being opened leaves it closed', async () => {
  const port = plug();
  const { device, states } = start();
  await device.close();
  expect(port.hasReader()).toBe(false);
  expect(states).toEqual([]);
});
