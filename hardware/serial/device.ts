/**
 * A serial device that comes and goes: opens it by name, says when it is there and when it is not,
 * and opens it again. Scanner, barrier and display drivers are this and their byte frames.
 *
 * An unplug is found three ways, because serialport alone can miss one that falls into a read: its own
 * `close` event, a failed write (a heartbeat if the device takes one), and a look at the device
 * node four times a second.
 */
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { type SerialPortLike, type SerialPorts, systemPorts } from './ports.ts';

/** How often the device node is looked at. */
export const NODE_CHECK_MS = 250;
export const REOPEN_MS_MIN = 250;
export const REOPEN_MS_MAX = 5_000;
/** A device that takes no bytes must not make them pile up: what is written beyond is refused. */
export const WAITING_BYTES_MAX = 4_096;

/** What a device stands on; the system's if nothing else is said. */
export type SerialWorld = {
  /** When to look, to write a heartbeat and to open again. */
  clock?: Clock;
  ports?: SerialPorts;
};

export type SerialDeviceOptions = SerialWorld & {
  path: string;
  baud: number;
  /** Written this often, at most one outstanding; 0 or absent: never. One NUL byte by default. */
  heartbeatMs?: number;
  heartbeat?: Uint8Array;
  /** How long it waits at most before it tries to open again. */
  reopenMsMax?: number;
};

export type SerialDeviceEvents = {
  onBytes?: (bytes: Uint8Array) => void;
  /** `why` is for a log. */
  onState?: (connected: boolean, why: string) => void;
};

export class SerialDeviceError extends Error {
  override readonly name = 'SerialDeviceError';
}

export class SerialDevice {
  readonly #options: SerialDeviceOptions;
  readonly #events: SerialDeviceEvents;
  readonly #clock: Clock;
  readonly #ports: SerialPorts;
  /** The port that is open or being opened; events of any other are old news. */
  #port: SerialPortLike | null = null;
  #node: string | null = null;
  #connected = false;
  #closed = false;
  #reopenMs = REOPEN_MS_MIN;
  #cancelReopen: (() => void) | null = null;
  #cancelNodeCheck: (() => void) | null = null;
  #cancelHeartbeat: (() => void) | null = null;
  #heartbeatPending = false;
  /** Writes and settings that have not come to an end yet. */
  readonly #calls = new Set<(error: SerialDeviceError) => void>();
  #waitingBytes = 0;
  /** Ports that are still being opened or closed; `close` waits for them. */
  readonly #unsettled = new Set<Promise<void>>();

  constructor(options: SerialDeviceOptions, events: SerialDeviceEvents) {
    this.#options = options;
    this.#events = events;
    this.#clock = options.clock ?? systemClock;
    this.#ports = options.ports ?? systemPorts;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Starts to open it; `onState(true)` says when it is there. */
  start(): void {
    this.#open();
  }

  /**
   * Resolves when the kernel has taken the bytes.
   * @throws SerialDeviceError if the device is not there, went away in between, or takes no bytes.
   */
  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    const { path } = this.#options;
    if (port === null || !this.#connected) {
      return Promise.reject(new SerialDeviceError(`${path} is not connected`));
    }
    if (this.#waitingBytes + bytes.length > WAITING_BYTES_MAX) {
      return Promise.reject(new SerialDeviceError(`${path} does not take what is written to it`));
    }
    this.#waitingBytes += bytes.length;
    return new Promise<void>((done, fail) => {
      // After a hang-up serialport never answers a write: losing the port does.
      this.#calls.add(fail);
      port.write(Buffer.from(bytes), (error) => {
        // Not there any more: the port was lost meanwhile, and the count with it.
        if (!this.#calls.delete(fail)) return;
        this.#waitingBytes -= bytes.length;
        if (error) fail(new SerialDeviceError(`${path}: ${error.message}`));
        else done();
      });
    });
  }

  /** Changes the rate of the open port; the next time it is opened, it has the configured one again. */
  setBaud(baud: number): Promise<void> {
    const port = this.#port;
    if (port === null || !this.#connected) {
      return Promise.reject(new SerialDeviceError(`${this.#options.path} is not connected`));
    }
    return new Promise<void>((done, fail) => {
      this.#calls.add(fail);
      port.update({ baudRate: baud }, (error) => {
        if (!this.#calls.delete(fail)) return;
        if (error) fail(new SerialDeviceError(`${this.#options.path}: ${error.message}`));
        else done();
      });
    });
  }

  /** Resolves when nothing is open any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelReopen?.();
    this.#drop('closed');
    await Promise.all(this.#unsettled);
  }

  #open(): void {
    if (this.#closed) return;
    const { path, baud } = this.#options;
    const port = this.#ports.create(path, baud);
    this.#port = port;
    // Looked up before it is opened: a name that is given to another device in between then counts as
    // an unplug, and not as this device.
    this.#node = this.#ports.nodeOf(path);
    // An error without a listener would end the process.
    port.on('error', (error) => this.#lose(port, error.message));
    this.#settle((settled) =>
      port.open((error) => {
        settled();
        if (this.#closed) this.#shut(port);
        else if (error) this.#lose(port, error.message);
        else this.#gain(port);
      }),
    );
  }

  #gain(port: SerialPortLike): void {
    this.#connected = true;
    this.#reopenMs = REOPEN_MS_MIN;
    port.on('data', (bytes: Buffer) => this.#events.onBytes?.(bytes));
    port.on('close', () => this.#lose(port, 'the port hung up'));
    this.#cancelNodeCheck = this.#every(NODE_CHECK_MS, () => this.#checkNode(port));
    const { heartbeatMs = 0 } = this.#options;
    if (heartbeatMs > 0) {
      this.#cancelHeartbeat = this.#every(heartbeatMs, () => this.#beat(port));
    }
    this.#events.onState?.(true, 'opened');
  }

  #lose(port: SerialPortLike, why: string): void {
    if (this.#closed || this.#port !== port) return;
    const wasConnected = this.#connected;
    this.#drop('was unplugged');
    this.#cancelReopen = this.#after(this.#reopenMs, () => this.#open());
    const { reopenMsMax = REOPEN_MS_MAX } = this.#options;
    this.#reopenMs = Math.min(reopenMsMax, this.#reopenMs * 2);
    if (wasConnected) this.#events.onState?.(false, why);
  }

  /** Lets go of the port; what waited to be written fails. */
  #drop(what: string): void {
    const port = this.#port;
    this.#port = null;
    this.#connected = false;
    this.#cancelNodeCheck?.();
    this.#cancelHeartbeat?.();
    this.#heartbeatPending = false;
    this.#waitingBytes = 0;
    const calls = [...this.#calls];
    this.#calls.clear();
    for (const fail of calls) fail(new SerialDeviceError(`${this.#options.path} ${what}`));
    if (port !== null) this.#shut(port);
  }

  #after(delayMs: number, work: () => void): () => void {
    return this.#clock.alarm(this.#clock.now().monoMs + delayMs, work);
  }

  /** Again and again; returns how to end it. */
  #every(periodMs: number, work: () => void): () => void {
    let cancel = this.#after(periodMs, ring);
    const next = () => this.#after(periodMs, ring);
    function ring(): void {
      cancel = next();
      work();
    }
    return () => cancel();
  }

  #shut(port: SerialPortLike): void {
    port.removeAllListeners('data');
    if (port.isOpen) this.#settle((settled) => port.close(() => settled()));
  }

  #settle(begin: (settled: () => void) => void): void {
    const settled = new Promise<void>((done) => begin(done));
    this.#unsettled.add(settled);
    settled.finally(() => this.#unsettled.delete(settled)).catch(() => undefined);
  }

  #checkNode(port: SerialPortLike): void {
    if (this.#ports.nodeOf(this.#options.path) !== this.#node)
      this.#lose(port, 'the device node is gone');
  }

  #beat(port: SerialPortLike): void {
    // A device that does not read must not make heartbeats pile up.
    if (this.#heartbeatPending) return;
    this.#heartbeatPending = true;
    port.write(Buffer.from(this.#options.heartbeat ?? Uint8Array.of(0)), (error) => {
      if (this.#port !== port) return;
      this.#heartbeatPending = false;
      if (error) this.#lose(port, error.message);
    });
  }
}
