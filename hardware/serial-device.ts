/**
 * A serial device that comes and goes: opens it by name, says when it is there and when it is not,
 * and opens it again. Scanner, barrier and display drivers are this and their byte frames.
 *
 * An unplug is found three ways, because serialport alone can miss one that falls into a read: its own
 * `close` event, a failed write (a heartbeat where the device takes one), and a look at the device
 * node four times a second.
 */
import { realpathSync, statSync } from 'node:fs';
import { SerialPort } from 'serialport';

/** How often the device node is looked at. */
export const NODE_CHECK_MS = 250;
export const REOPEN_MS_MIN = 250;
export const REOPEN_MS_MAX = 5_000;

export type SerialDeviceOptions = {
  path: string;
  baud: number;
  /** Written this often, at most one outstanding; 0 or absent: never. One NUL byte by default. */
  heartbeatMs?: number;
  heartbeat?: Uint8Array;
};

export type SerialDeviceEvents = {
  onBytes?: (bytes: Uint8Array) => void;
  /** `why` is for a log line. */
  onState?: (connected: boolean, why: string) => void;
};

export class SerialDeviceError extends Error {
  override readonly name = 'SerialDeviceError';
}

export class SerialDevice {
  readonly #options: SerialDeviceOptions;
  readonly #events: SerialDeviceEvents;
  #port: SerialPort | null = null;
  #node: string | null = null;
  #connected = false;
  #closed = false;
  #reopenMs = REOPEN_MS_MIN;
  #reopenTimer: NodeJS.Timeout | null = null;
  #nodeTimer: NodeJS.Timeout | null = null;
  #heartbeatTimer: NodeJS.Timeout | null = null;
  #heartbeatPending = false;

  constructor(options: SerialDeviceOptions, events: SerialDeviceEvents) {
    this.#options = options;
    this.#events = events;
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
   * @throws SerialDeviceError where the device is not there, or went away in between.
   */
  write(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    if (port === null || !this.#connected) {
      return Promise.reject(new SerialDeviceError(`${this.#options.path} is not connected`));
    }
    return new Promise((done, fail) => {
      const lost = () => fail(new SerialDeviceError(`${this.#options.path} was unplugged`));
      // After a hang-up serialport never answers a write; its close event does.
      port.once('close', lost);
      port.write(Buffer.from(bytes), (error) => {
        port.off('close', lost);
        if (error) fail(new SerialDeviceError(`${this.#options.path}: ${error.message}`));
        else done();
      });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#reopenTimer !== null) clearTimeout(this.#reopenTimer);
    this.#stopTimers();
    const port = this.#port;
    this.#port = null;
    this.#connected = false;
    if (port?.isOpen) await new Promise<void>((done) => port.close(() => done()));
  }

  #open(): void {
    if (this.#closed) return;
    const { path, baud } = this.#options;
    const port = new SerialPort({ path, baudRate: baud, autoOpen: false });
    // An error without a listener would end the process; a close follows every one that matters.
    port.on('error', (error) => this.#lose(port, error.message));
    port.open((error) => {
      if (this.#closed) {
        if (!error) port.close(() => undefined);
        return;
      }
      if (error) this.#lose(port, error.message);
      else this.#gain(port);
    });
  }

  #gain(port: SerialPort): void {
    this.#port = port;
    this.#node = nodeOf(this.#options.path);
    this.#connected = true;
    this.#reopenMs = REOPEN_MS_MIN;
    port.on('data', (bytes: Buffer) => this.#events.onBytes?.(bytes));
    port.on('close', () => this.#lose(port, 'the line hung up'));
    this.#nodeTimer = setInterval(() => this.#checkNode(port), NODE_CHECK_MS);
    const { heartbeatMs = 0 } = this.#options;
    if (heartbeatMs > 0) {
      this.#heartbeatTimer = setInterval(() => this.#beat(port), heartbeatMs);
    }
    this.#events.onState?.(true, 'opened');
  }

  #lose(port: SerialPort, why: string): void {
    if (this.#closed || (this.#port !== null && this.#port !== port)) return;
    if (this.#reopenTimer !== null) return;
    const wasConnected = this.#connected;
    this.#stopTimers();
    this.#port = null;
    this.#connected = false;
    port.removeAllListeners('data');
    if (port.isOpen) port.close(() => undefined);
    this.#reopenTimer = setTimeout(() => {
      this.#reopenTimer = null;
      this.#open();
    }, this.#reopenMs);
    this.#reopenMs = Math.min(REOPEN_MS_MAX, this.#reopenMs * 2);
    if (wasConnected) this.#events.onState?.(false, why);
  }

  #checkNode(port: SerialPort): void {
    if (nodeOf(this.#options.path) !== this.#node) this.#lose(port, 'the device node is gone');
  }

  #beat(port: SerialPort): void {
    // A device that does not read must not make heartbeats pile up.
    if (this.#heartbeatPending) return;
    this.#heartbeatPending = true;
    port.write(Buffer.from(this.#options.heartbeat ?? Uint8Array.of(0)), (error) => {
      this.#heartbeatPending = false;
      if (error) this.#lose(port, error.message);
    });
  }

  #stopTimers(): void {
    if (this.#nodeTimer !== null) clearInterval(this.#nodeTimer);
    if (this.#heartbeatTimer !== null) clearInterval(this.#heartbeatTimer);
    this.#nodeTimer = null;
    this.#heartbeatTimer = null;
    this.#heartbeatPending = false;
  }
}

/** Which device stands behind a name: a replug under the same name is another one. */
function nodeOf(path: string): string | null {
  try {
    const real = realpathSync(path);
    const { dev, ino, rdev } = statSync(real);
    return `${real}:${dev}:${ino}:${rdev}`;
  } catch {
    // No such node: unplugged.
    return null;
  }
}
