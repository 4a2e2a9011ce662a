/**
 * The scanner's driver: raw bytes from the port, whatever program or module is at its other end.
 * Texts are the reader's business: the gate puts its own guard and framing behind these bytes.
 * A GM65-type module can be set up each time it appears; its replies are among the bytes.
 */
import { systemClock } from '@stile/host/clock.ts';
import { SerialDevice, type SerialWorld } from '../serial/device.ts';
import { createReplyDecoder, encodeBaud, FACTORY_BAUD, type Reply } from './frames.ts';
import { applySettings, type SettingsReport } from './settings.ts';

/** How long a module may take to answer a command. */
export const REPLY_MS_MAX = 200;

export type ScannerOptions = SerialWorld & {
  path: string;
  baud: number;
  /** `gm65`: bring the module to GATE_SETTINGS whenever it appears, from 9600 baud if need be. */
  configure: 'none' | 'gm65';
  /** 0: no heartbeat. */
  heartbeatMs: number;
  /** Must not throw: it runs inside the serial port's data handler. */
  onBytes: (bytes: Uint8Array) => void;
  onState?: (connected: boolean, why: string) => void;
  /** What became of `configure`; the scanner is read all the same. */
  onConfigured?: (report: SettingsReport) => void;
};

export class ScannerDriver {
  readonly #options: ScannerOptions;
  readonly #device: SerialDevice;
  /** Takes the bytes that come while a command waits for its reply. */
  #onReplyBytes: ((bytes: Uint8Array) => void) | null = null;

  constructor(options: ScannerOptions) {
    this.#options = options;
    const { configure, onBytes, onState } = options;
    this.#device = new SerialDevice(options, {
      onBytes: (bytes) => {
        this.#onReplyBytes?.(bytes);
        onBytes(bytes);
      },
      onState: (connected, why) => {
        // What fails here is an unplug, which the device reports by itself.
        if (connected && configure === 'gm65') this.#configure().catch(() => undefined);
        onState?.(connected, why);
      },
    });
  }

  start(): void {
    this.#device.start();
  }

  get connected(): boolean {
    return this.#device.connected;
  }

  async release(): Promise<void> {
    await this.#device.close();
  }

  async #configure(): Promise<void> {
    const { baud, onConfigured } = this.#options;
    let report = await applySettings((command) => this.#send(command));
    if (!report.ok && report.reason === 'SILENT' && baud !== FACTORY_BAUD) {
      await this.#leaveFactoryBaud(baud);
      report = await applySettings((command) => this.#send(command));
    }
    onConfigured?.(report);
  }

  /** A module fresh from the factory, or reset, is told at its own rate which one the gate uses. */
  async #leaveFactoryBaud(baud: number): Promise<void> {
    await this.#device.setBaud(FACTORY_BAUD);
    // The reply comes at the old rate or the new one; which, differs from model to model.
    await this.#send(encodeBaud(baud));
    await this.#device.setBaud(baud);
  }

  async #send(command: Uint8Array): Promise<Reply | null> {
    const { clock = systemClock } = this.#options;
    let cancel = (): void => undefined;
    try {
      // A decoder for each command: what came garbled at a wrong baud rate may look like the head of a
      // long reply, and would swallow the good ones behind it.
      const replies = createReplyDecoder();
      const reply = new Promise<Reply | null>((done) => {
        this.#onReplyBytes = (bytes) => {
          for (const found of replies.push(bytes)) done(found);
        };
        cancel = clock.alarm(clock.now().monoMs + REPLY_MS_MAX, () => done(null));
      });
      await this.#device.write(command);
      return await reply;
    } finally {
      cancel();
      this.#onReplyBytes = null;
    }
  }
}
