/**
 * Serial ports in this process, without a kernel: what is plugged in under a name can be opened by a driver,
 * and its other end is played by a virtual part, as with a pseudo-terminal (pty.ts). Bytes arrive in the
 * turn in which they are written, or at the driver's rate on a clock that is passed in: a moved clock sees
 * every one of them. A port can also be told to fail.
 */
import { EventEmitter } from 'node:events';
import type { Clock } from '@stile/host/clock.ts';
import type { SerialPortLike, SerialPorts } from './ports.ts';
import { type VirtualPort, VirtualPortError } from './virtual-port.ts';
import { Wire } from './wire.ts';

export type MemoryPortsOptions = {
  /** Bytes take their time on the wire, at the driver's rate and by this clock. Absent: no time. */
  pace?: Clock;
  /** The most bytes that arrive at once; any number if absent. */
  chunkBytes?: number;
};

export type MemoryPort = VirtualPort & {
  /** The rate of the program that has it open, or null. */
  readonly baud: number | null;
  /** What a driver writes from now on fails with this; null: it is taken again. */
  failWrites(why: string | null): void;
  /** Takes no more bytes: what a driver writes from now on waits until it goes. */
  stall(): void;
};

export type MemoryPorts = SerialPorts & {
  /** Plugs something in under this name; the caller plays it. */
  plug(path: string): MemoryPort;
};

type DriverWrite = (error: Error | null) => void;

/** The end that a virtual part plays. */
class PluggedPort implements MemoryPort {
  readonly path: string;
  readonly devicePath: string;
  readonly #unplug: () => void;
  readonly #listeners: ((bytes: Uint8Array) => void)[] = [];
  readonly #toDriver: Wire;
  readonly #fromDriver: Wire;
  #driver: DriverPort | null = null;
  #closed = false;
  #failure: string | null = null;
  #stalled = false;

  constructor(options: MemoryPortsOptions & { path: string; node: string; unplug: () => void }) {
    const { pace: clock, chunkBytes = Number.POSITIVE_INFINITY } = options;
    this.path = options.path;
    this.devicePath = options.node;
    this.#unplug = options.unplug;
    this.#toDriver = new Wire({
      clock,
      chunkBytes,
      onArrival: (bytes) => this.#driver?.emit('data', Buffer.from(bytes)),
    });
    this.#fromDriver = new Wire({
      clock,
      chunkBytes,
      onArrival: (bytes) => {
        for (const listener of this.#listeners) listener(bytes);
      },
    });
  }

  get baud(): number | null {
    return this.#driver?.baud ?? null;
  }

  /** What nobody has open loses its bytes, as a device does. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new VirtualPortError('the virtual port is closed');
    if (this.#driver !== null) this.#toDriver.send(bytes, this.#driver.baud);
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.push(listener);
  }

  hasReader(): boolean {
    return this.#driver !== null;
  }

  failWrites(why: string | null): void {
    this.#failure = why;
  }

  stall(): void {
    this.#stalled = true;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unplug();
    this.#fromDriver.cut();
    const driver = this.#driver;
    this.detach();
    driver?.hangUp();
  }

  attach(driver: DriverPort): void {
    this.#driver = driver;
  }

  detach(): void {
    this.#toDriver.cut();
    this.#driver = null;
  }

  /** As with a real port, a write that waits when the port goes is never answered. */
  take(bytes: Uint8Array, { baud, done }: { baud: number; done: DriverWrite }): void {
    const failure = this.#failure;
    if (failure !== null) queueMicrotask(() => done(new Error(failure)));
    else if (!this.#stalled) {
      this.#fromDriver.send(bytes, baud);
      queueMicrotask(() => done(null));
    }
  }
}

/** The end that a driver opens. */
class DriverPort extends EventEmitter implements SerialPortLike {
  readonly #find: () => PluggedPort | undefined;
  #baud: number;
  #plugged: PluggedPort | null = null;

  constructor(find: () => PluggedPort | undefined, baud: number) {
    super();
    this.#find = find;
    this.#baud = baud;
  }

  get baud(): number {
    return this.#baud;
  }

  get isOpen(): boolean {
    return this.#plugged !== null;
  }

  open(done: (error: Error | null) => void): void {
    const plugged = this.#find();
    if (plugged === undefined) {
      queueMicrotask(() => done(new Error('no such port')));
      return;
    }
    this.#plugged = plugged;
    plugged.attach(this);
    queueMicrotask(() => done(null));
  }

  close(done: (error: Error | null) => void): void {
    this.#plugged?.detach();
    this.hangUp();
    queueMicrotask(() => done(null));
  }

  write(bytes: Buffer, done: (error: Error | null | undefined) => void): boolean {
    const plugged = this.#plugged;
    if (plugged === null) queueMicrotask(() => done(new Error('the port is not open')));
    else plugged.take(bytes, { baud: this.#baud, done });
    return true;
  }

  update({ baudRate }: { baudRate: number }, done: (error: Error | null) => void): void {
    this.#baud = baudRate;
    queueMicrotask(() => done(null));
  }

  hangUp(): void {
    if (this.#plugged === null) return;
    this.#plugged = null;
    this.emit('close');
  }
}

/**
 * @example
 * const ports = createMemoryPorts();
 * const port = ports.plug('/scanner');
 * const driver = new ScannerDriver({ path: '/scanner', ports, clock, … });
 */
export function createMemoryPorts(options: MemoryPortsOptions = {}): MemoryPorts {
  const plugged = new Map<string, PluggedPort>();
  let nodes = 0;
  return {
    create: (path, baud) => new DriverPort(() => plugged.get(path), baud),
    nodeOf: (path) => plugged.get(path)?.devicePath ?? null,
    plug(path) {
      if (plugged.has(path)) {
        throw new VirtualPortError(`${path} is in use by another virtual port`);
      }
      nodes += 1;
      const node = `memory:${nodes}`;
      const port = new PluggedPort({ ...options, path, node, unplug: () => plugged.delete(path) });
      plugged.set(path, port);
      return port;
    },
  };
}
