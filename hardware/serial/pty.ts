/**
 * A serial port that is not there: a pseudo-terminal whose one end any program opens as a device, and
 * whose other end a virtual part plays. It has a stable name (a symlink), survives being opened and
 * closed, and can be unplugged. It uses node-pty's native call only: node-pty's own JavaScript reads
 * the device side too (and so steals bytes) and can block the process when nobody reads.
 */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  write,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { ReadStream } from 'node:tty';
import { type Clock, sleep, systemClock } from '@stile/host/clock.ts';
import { type VirtualPort, VirtualPortError } from './virtual-port.ts';

/** Bytes that wait for a reader; what is written beyond them is refused, so nothing grows. */
export const QUEUED_BYTES_MAX = 16 * 1024 * 1024;
/** What pseudo-terminals are called (Linux, macOS); a link to anything else is not ours to replace. */
const DEVICE_NAME = /^\/dev\/(pts\/\d+|ttys\d+)$/;
/** The kernel's queue is full (nobody reads, or slowly): how long until the next try. */
const FULL_RETRY_MS = 2;

type NativePty = {
  open(cols: number, rows: number): { master: number; slave: number; pty: string };
};

/**
 * Programs that are started while a port is open inherit its master (the native call cannot prevent
 * it), and so hold the port up until they end: start them first, or unplug in a process of its own.
 * @throws VirtualPortError if this platform has no pty, or if `link` is something that must not be replaced.
 */
export function openVirtualPort(options: { link?: string; clock?: Clock } = {}): VirtualPort {
  const { clock = systemClock } = options;
  const link = options.link === undefined ? undefined : resolve(options.link);
  if (link !== undefined) checkReplaceable(link);
  const { master, slave: inheritable, pty } = loadNative().open(80, 24);
  let slave = inheritable;
  try {
    execFileSync('stty', ['-F', pty, 'raw', '-echo'], { stdio: 'ignore' });
    // Opened again the way that programs started later do not inherit it: they would count as readers.
    slave = openSync(pty, constants.O_RDWR | constants.O_NOCTTY);
    closeSync(inheritable);
    if (link !== undefined) placeLink({ device: pty, link });
  } catch (error) {
    closeSync(master);
    closeSync(slave);
    throw new VirtualPortError(`cannot set up a virtual port: ${String(error)}`);
  }
  return new Port({ master, slave, devicePath: pty, link, clock });
}

class Port implements VirtualPort {
  readonly path: string;
  readonly devicePath: string;
  readonly #master: number;
  /** Kept open, or closing the device once would hang up the port for good. */
  readonly #slave: number;
  readonly #link: string | undefined;
  readonly #clock: Clock;
  readonly #reader: ReadStream;
  #queue: Promise<void> = Promise.resolve();
  #queuedBytes = 0;
  #closed = false;
  #closing: Promise<void> | null = null;

  constructor(pair: {
    master: number;
    slave: number;
    devicePath: string;
    link: string | undefined;
    clock: Clock;
  }) {
    const { master, slave, devicePath, link } = pair;
    this.#clock = pair.clock;
    this.#master = master;
    this.#slave = slave;
    this.devicePath = devicePath;
    this.path = link ?? devicePath;
    this.#link = link;
    this.#reader = new ReadStream(master);
    // A hang-up reads as an error here; close() is how this end ends.
    this.#reader.on('error', () => undefined);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#reader.on('data', listener);
  }

  hasReader(): boolean {
    // This process holds the device side once itself; every further holder is a reader.
    return countHolders(this.devicePath) > 1;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new VirtualPortError('the virtual port is closed');
    if (this.#queuedBytes + bytes.length > QUEUED_BYTES_MAX) {
      throw new VirtualPortError(`nobody reads: ${this.#queuedBytes} bytes wait already`);
    }
    this.#queuedBytes += bytes.length;
    const before = this.#queue;
    const mine = this.#drain(before, bytes);
    this.#queue = mine.catch(() => undefined);
    await mine;
  }

  async #drain(before: Promise<void>, bytes: Uint8Array): Promise<void> {
    await before;
    try {
      let at = 0;
      while (at < bytes.length) {
        if (this.#closed) throw new VirtualPortError('the virtual port was unplugged');
        const written = await this.#writeSome(bytes, at);
        if (written === 0) await sleep(this.#clock, FULL_RETRY_MS);
        at += written;
      }
    } finally {
      this.#queuedBytes -= bytes.length;
    }
  }

  #writeSome(bytes: Uint8Array, at: number): Promise<number> {
    return new Promise((done, fail) => {
      write(this.#master, bytes, at, bytes.length - at, null, (error, written) => {
        if (error === null) done(written);
        else if (error.code === 'EAGAIN') done(0);
        else fail(new VirtualPortError(`the virtual port failed: ${error.message}`));
      });
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#unplug();
    return this.#closing;
  }

  async #unplug(): Promise<void> {
    this.#closed = true;
    await this.#queue;
    if (this.#link !== undefined && isLinkTo(this.devicePath, { link: this.#link }))
      rmSync(this.#link);
    if (!this.#reader.closed) {
      const gone = new Promise((done) => this.#reader.once('close', done));
      this.#reader.destroy();
      await gone;
    }
    closeSync(this.#slave);
  }
}

function loadNative(): NativePty {
  const require = createRequire(import.meta.url);
  try {
    return require(`@lydell/node-pty-${process.platform}-${process.arch}/pty.node`) as NativePty;
  } catch (error) {
    throw new VirtualPortError(
      `no pseudo-terminals on ${process.platform}-${process.arch}: ${String(error)}`,
    );
  }
}

function checkReplaceable(link: string): void {
  const found = lstatSync(link, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSymbolicLink() || !DEVICE_NAME.test(readlinkSync(link))) {
    throw new VirtualPortError(`${link} exists and leads to no virtual port; choose another name`);
  }
  if (isLive(link, found.ctimeMs)) {
    throw new VirtualPortError(`${link} is in use by another virtual port`);
  }
}

/**
 * Whether a link still leads to the device that it was made for. A killed process leaves its link
 * behind, and the kernel soon gives the same number to the next pty: a device younger than the link
 * that names it is somebody else's.
 */
function isLive(link: string, linkedAtMs: number): boolean {
  const device = statSync(link, { throwIfNoEntry: false });
  return device !== undefined && device.ctimeMs <= linkedAtMs;
}

/** Makes the symlink appear in one step, so that nobody sees the name missing in between. */
function placeLink({ device, link }: { device: string; link: string }): void {
  mkdirSync(dirname(link), { recursive: true });
  const part = `${link}.${process.pid}.part`;
  rmSync(part, { force: true });
  symlinkSync(device, part);
  renameSync(part, link);
}

/** How many open files of all visible processes are this device (Linux: /proc/PID/fd). */
function countHolders(device: string): number {
  let holders = 0;
  for (const pid of listOf('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const fd of listOf(`/proc/${pid}/fd`)) {
      if (isLinkTo(device, { link: `/proc/${pid}/fd/${fd}` })) holders += 1;
    }
  }
  return holders;
}

function listOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // A process that has ended meanwhile, or that belongs to somebody else.
    return [];
  }
}

function isLinkTo(device: string, { link }: { link: string }): boolean {
  try {
    return readlinkSync(link) === device;
  } catch {
    // Somebody else has removed the name already.
    return false;
  }
}
