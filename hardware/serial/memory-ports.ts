/**
 * Serial ports in this process, without a kernel: what is plugged in under a name can be opened by a driver,
 * and its other end is played by a virtual part, as with a pseudo-terminal (pty.ts). No timer and no
 * thread: bytes arrive in the turn in which they are written, so a moved clock sees every one of them.
 */
import { EventEmitter } from 'node:events';
import type { SerialPortLike, SerialPorts } from './ports.ts';
import { PtyError, type VirtualPort } from './pty.ts';

/** The end that a virtual part plays. */
class PluggedPort implements VirtualPort {
  readonly path: string;
  readonly devicePath: string;
  readonly #unplug: () => void;
  readonly #listeners: ((bytes: Uint8Array) => void)[] = [];
  /** The driver's end, while it has the port open. */
  driver: DriverPort | null = null;
  #closed = false;

  constructor(path: string, options: { node: string; unplug: () => void }) {
    this.path = path;
    this.devicePath = options.node;
    this.#unplug = options.unplug;
  }

  /** What nobody has open loses its bytes, as a device does. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#closed) throw new PtyError('the virtual port is closed');
    this.driver?.emit('data', Buffer.from(bytes));
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.push(listener);
  }

  hasReader(): boolean {
    return this.driver !== null;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#unplug();
    const { driver } = this;
    this.driver = null;
    driver?.hangUp();
  }

  take(bytes: Uint8Array): void {
    for (const listener of this.#listeners) listener(bytes);
  }
}

/** The end that a driver opens. */
class DriverPort extends EventEmitter implements SerialPortLike {
  readonly #find: () => PluggedPort | undefined;
  #plugged: PluggedPort | null = null;

  constructor(find: () => PluggedPort | undefined) {
    super();
    this.#find = find;
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
    plugged.driver = this;
    queueMicrotask(() => done(null));
  }

  close(done: (error: Error | null) => void): void {
    if (this.#plugged?.driver === this) this.#plugged.driver = null;
    this.hangUp();
    queueMicrotask(() => done(null));
  }

  write(bytes: Buffer, done: (error: Error | null | undefined) => void): boolean {
    const plugged = this.#plugged;
    if (plugged === null) queueMicrotask(() => done(new Error('the port is not open')));
    else {
      plugged.take(bytes);
      queueMicrotask(() => done(null));
    }
    return true;
  }

  update(_settings: { baudRate: number }, done: (error: Error | null) => void): void {
    queueMicrotask(() => done(null));
  }

  hangUp(): void {
    if (this.#plugged === null) return;
    this.#plugged = null;
    this.emit('close');
  }
}

export type MemoryPorts = SerialPorts & {
  /** Plugs something in under this name; the caller plays it. */
  plug(path: string): VirtualPort;
};

export function createMemoryPorts(): MemoryPorts {
  const plugged = new Map<string, PluggedPort>();
  let nodes = 0;
  return {
    create: (path) => new DriverPort(() => plugged.get(path)),
    nodeOf: (path) => plugged.get(path)?.devicePath ?? null,
    plug(path) {
      if (plugged.has(path)) throw new PtyError(`${path} is in use by another virtual port`);
      nodes += 1;
      const unplug = () => plugged.delete(path);
      const port = new PluggedPort(path, { node: `memory:${nodes}`, unplug });
      plugged.set(path, port);
      return port;
    },
  };
}
