/**
 * The scanner's driver: raw bytes from the line, whatever program or module is at its other end.
 * Lines are the reader's business: the gate puts its own guard and line parser behind these bytes.
 */
import { SerialDevice } from '../serial-device.ts';
import { GATE_SETTINGS, SAVE_SETTINGS } from './frames.ts';

export type ScannerOptions = {
  path: string;
  baud: number;
  /** `gm65`: write GATE_SETTINGS whenever the scanner appears. */
  configure: 'none' | 'gm65';
  /** 0: no heartbeat. */
  heartbeatMs: number;
  /** Must not throw: it runs inside the serial port's data handler. */
  onBytes: (bytes: Uint8Array) => void;
  onState?: (connected: boolean, why: string) => void;
};

export class ScannerDriver {
  readonly #device: SerialDevice;

  constructor(options: ScannerOptions) {
    const { path, baud, configure, heartbeatMs, onBytes, onState } = options;
    this.#device = new SerialDevice(
      { path, baud, heartbeatMs },
      {
        onBytes,
        onState: (connected, why) => {
          // What fails here is an unplug, which the device reports by itself.
          if (connected && configure === 'gm65') this.#configure().catch(() => undefined);
          onState?.(connected, why);
        },
      },
    );
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
    for (const command of GATE_SETTINGS) await this.#device.write(command);
    await this.#device.write(SAVE_SETTINGS);
  }
}
