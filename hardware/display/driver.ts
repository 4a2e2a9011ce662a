/** The pole display's driver: shows a screen of two rows, and shows it again when the display comes back. */
import { SerialDevice, type SerialWorld } from '../serial/device.ts';
import { encodeScreen, INITIALISE, type Screen } from './frames.ts';

export type DisplayOptions = SerialWorld & {
  path: string;
  baud: number;
  onState?: (connected: boolean, why: string) => void;
};

export class DisplayDriver {
  readonly #device: SerialDevice;
  #screen: Screen = ['', ''];

  constructor(options: DisplayOptions) {
    const { onState } = options;
    this.#device = new SerialDevice(options, {
      onState: (connected, why) => {
        if (connected) this.#write([INITIALISE, encodeScreen(this.#screen)]);
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

  /** A display that is not there is no reason to keep a rider waiting: it is told when it is back. */
  show(screen: Screen): void {
    this.#screen = screen;
    if (this.#device.connected) this.#write([encodeScreen(screen)]);
  }

  async release(): Promise<void> {
    await this.#device.close();
  }

  #write(parts: readonly Uint8Array[]): void {
    // What fails here is an unplug, which the device reports by itself.
    this.#device.write(Buffer.concat(parts)).catch(() => undefined);
  }
}
