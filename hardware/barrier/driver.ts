/**
 * The barrier's driver: a relay on a serial board. `open` and `close` resolve when the frame is with
 * the kernel; after a reconnect the board is told the state again, because it forgets.
 */
import { SerialDevice, type SerialWorld } from '../serial/device.ts';
import { encodeRelayFrame } from './frames.ts';

export type BarrierOptions = SerialWorld & {
  path: string;
  baud: number;
  channel: number;
  onState?: (connected: boolean, why: string) => void;
};

export class BarrierDriver {
  readonly #device: SerialDevice;
  readonly #openFrame: Uint8Array;
  readonly #closeFrame: Uint8Array;
  readonly #appeared = Promise.withResolvers<void>();
  #isOpen = false;

  constructor(options: BarrierOptions) {
    const { channel, onState } = options;
    this.#openFrame = encodeRelayFrame({ channel, on: true });
    this.#closeFrame = encodeRelayFrame({ channel, on: false });
    this.#device = new SerialDevice(options, {
      onState: (connected, why) => {
        // The board may have kept an old state or lost it; a failed write is reported as unplugged.
        if (connected) {
          this.#tellState().catch(() => undefined);
          this.#appeared.resolve();
        }
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

  open(): Promise<void> {
    this.#isOpen = true;
    return this.#tellState();
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return this.#tellState();
  }

  /** For a start that fails: a board that has not appeared yet is told when it does. */
  async closeAtFirst(): Promise<void> {
    await this.#appeared.promise;
    await this.close();
  }

  /** Leaves the relay as it is and lets go of the port. */
  async release(): Promise<void> {
    await this.#device.close();
  }

  #tellState(): Promise<void> {
    return this.#device.write(this.#isOpen ? this.#openFrame : this.#closeFrame);
  }
}
