/** Pseudo-terminals as a serial port sees them: names, hang-ups, links that are stale, bytes in order. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SerialPort } from 'serialport';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openVirtualPort, QUEUED_BYTES_MAX } from './pty.ts';
import { type VirtualPort, VirtualPortError } from './virtual-port.ts';

const PTY_MODULE = fileURLToPath(new URL('./pty.ts', import.meta.url));

let folder: string;
let link: string;
const ports: VirtualPort[] = [];
const serials: SerialPort[] = [];
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pty-'));
  link = join(folder, 'ttyGATE0');
});

afterEach(async () => {
  for (const serial of serials.splice(0)) await shut(serial);
  for (const port of ports.splice(0)) await port.close();
  for (const child of children.splice(0)) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  rmSync(folder, { recursive: true });
});

function openPort(path?: string): VirtualPort {
  const port = openVirtualPort(path === undefined ? {} : { link: path });
  ports.push(port);
  return port;
}

async function openSerial(path: string): Promise<SerialPort> {
  const serial = new SerialPort({ path, baudRate: 115_200, autoOpen: false });
  serials.push(serial);
  await new Promise<void>((done, fail) => serial.open((error) => (error ? fail(error) : done())));
  return serial;
}

async function shut(serial: SerialPort): Promise<void> {
  if (serial.isOpen) await new Promise<void>((done) => serial.close(() => done()));
}

/** Resolves with what has come once it is `bytes` long. */
function collect(serial: SerialPort, bytes: number): Promise<string> {
  return new Promise((done) => {
    const parts: Buffer[] = [];
    let length = 0;
    serial.on('data', (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length >= bytes) done(Buffer.concat(parts).toString('latin1'));
    });
  });
}

/** Runs code with `openVirtualPort` in a process of its own; resolves with it at its first output. */
async function startProcess(code: string): Promise<ChildProcess> {
  const source = `import { openVirtualPort } from ${JSON.stringify(PTY_MODULE)};\n${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  if (child.stdout === null) throw new Error('no output pipe');
  await once(child.stdout, 'data');
  return child;
}

test('a serial port can be opened, closed and opened again three times, both ways', async () => {
  const port = openPort(link);
  const heard: string[] = [];
  let wake: () => void = () => undefined;
  port.onBytes((bytes) => {
    heard.push(Buffer.from(bytes).toString());
    wake();
  });
  for (let turn = 0; turn < 3; turn += 1) {
    const serial = await openSerial(link);
    const text = `TC1:turn ${turn}\r\n`;
    const received = collect(serial, text.length);
    await port.write(Buffer.from(text));
    expect(await received).toBe(text);
    const answered = new Promise<void>((done) => {
      wake = done;
    });
    serial.write(`answer ${turn}`);
    await answered;
    await shut(serial);
  }
  expect(heard.join('')).toBe('answer 0answer 1answer 2');
});

test('the stable name leads to the device, and is gone after an unplug', async () => {
  const port = openPort(link);
  expect(port.path).toBe(link);
  expect(readlinkSync(link)).toBe(port.devicePath);
  await port.close();
  expect(existsSync(port.devicePath)).toBe(false);
  expect(() => readlinkSync(link)).toThrow('ENOENT');
  expect(readdirSync(folder)).toEqual([]);
});

test('an unplug reaches the program that has the port open, at its next write at the latest', async () => {
  const port = openPort(link);
  const serial = await openSerial(link);
  await port.close();
  // Serialport may or may not have noticed by itself; a write brings it to light either way.
  const failed = await new Promise((done) => {
    serial.on('error', done);
    serial.on('close', done);
    serial.write('x');
  });
  expect(failed).toBeInstanceOf(Error);
});

test('a link that a killed process left behind is replaced', async () => {
  const child = await startProcess(
    `openVirtualPort({ link: ${JSON.stringify(link)} }); console.log('up'); setInterval(() => {}, 1e6);`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readlinkSync(link)).toMatch(/^\/dev\/pts\//);
  const port = openPort(link);
  expect(readlinkSync(link)).toBe(port.devicePath);
});

test('a stale link is replaced though its device number now belongs to another pty', async () => {
  const child = await startProcess(
    `openVirtualPort({ link: ${JSON.stringify(link)} }); console.log('up'); setInterval(() => {}, 1e6);`,
  );
  const number = readlinkSync(link);
  child.kill('SIGKILL');
  await once(child, 'exit');
  // Pairs are numbered from the lowest free one: some of these gets the dead one's number.
  let other = openPort();
  for (let more = 0; more < 64 && other.devicePath !== number; more += 1) other = openPort();
  expect(other.devicePath).toBe(number);
  const port = openPort(link);
  expect(readlinkSync(link)).toBe(port.devicePath);
  expect(port.devicePath).not.toBe(number);
});

test('a link to a live port, a real file and a link to a file are not replaced', () => {
  const port = openPort(link);
  expect(() => openVirtualPort({ link })).toThrow(/in use by another virtual port/);
  expect(readlinkSync(link)).toBe(port.devicePath);

  const file = join(folder, 'precious');
  writeFileSync(file, 'data');
  expect(() => openVirtualPort({ link: file })).toThrow(VirtualPortError);
  expect(readFileSync(file, 'utf8')).toBe('data');

  const toFile = join(folder, 'to-file');
  symlinkSync(file, toFile);
  writeFileSync(file, 'newer than the link to it');
  expect(() => openVirtualPort({ link: toFile })).toThrow(/leads to no virtual port/);
  expect(readlinkSync(toFile)).toBe(file);
});

test('hasReader tells whether some program has the port open', async () => {
  const port = openPort(link);
  expect(port.hasReader()).toBe(false);
  const serial = await openSerial(link);
  expect(port.hasReader()).toBe(true);
  await shut(serial);
  await expect.poll(() => port.hasReader()).toBe(false);
});

test('a program that is started while a port is open does not count as its reader', async () => {
  const port = openPort(link);
  const child = await startProcess(`console.log('up'); setInterval(() => {}, 1e6);`);
  await expect.poll(() => port.hasReader()).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
});

test('if nobody reads, writes wait, are bounded, and end with an unplug', async () => {
  const port = openPort();
  const waiting = port.write(new Uint8Array(QUEUED_BYTES_MAX));
  const outcome = waiting.then(
    () => 'written',
    (error: Error) => error.message,
  );
  await expect(port.write(Uint8Array.of(1))).rejects.toThrow(/nobody reads/);
  await port.close();
  expect(await outcome).toMatch(/unplugged/);
  await expect(port.write(Uint8Array.of(1))).rejects.toThrow(/closed/);
});

test('ten thousand texts from a process of its own arrive whole and in order', async () => {
  const child = await startProcess(`
    const port = openVirtualPort({ link: ${JSON.stringify(link)} });
    process.stdin.once('data', async () => {
      for (let n = 0; n < 10000; n += 1) await port.write(Buffer.from('line ' + n + '\\r\\n'));
    });
    console.log('up');`);
  const expected = Array.from({ length: 10_000 }, (_, n) => `line ${n}\r\n`).join('');
  const serial = await openSerial(link);
  const received = collect(serial, expected.length);
  child.stdin?.write('go\n');
  expect((await received) === expected).toBe(true);
});

test('a burst between two ends in one process does not block it', async () => {
  const port = openPort();
  const serial = await openSerial(port.devicePath);
  const burst = 'x'.repeat(200_000);
  const received = collect(serial, burst.length);
  await port.write(Buffer.from(burst));
  expect((await received) === burst).toBe(true);
});

test('fifty pairs leave no file descriptor behind', async () => {
  const before = readdirSync('/proc/self/fd').length;
  for (let pair = 0; pair < 50; pair += 1) {
    const port = openVirtualPort({ link });
    await port.close();
  }
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});
