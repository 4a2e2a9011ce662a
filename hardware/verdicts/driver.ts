/**
 * The gate's end of the verdict port. It only writes: what comes from the other end is read by nobody. Who
 * listens is never waited for, and what cannot be written at once is lost.
 */
import { SerialDevice, type SerialWorld } from '../serial/device.ts';
import { encodeVerdict, type VerdictMessage } from './frames.ts';

/** A tester's tool comes for one picture: it is found sooner than a part that is away for good. */
const REOPEN_MS_MAX = 1_000;

export type VerdictsOptions = SerialWorld & {
  path: string;
  baud: number;
  onState?: (connected: boolean, why: string) => void;
};

export class VerdictsDriver {
  readonly #device: SerialDevice;

  constructor(options: VerdictsOptions) {
    const { onState } = options;
    const events = onState === undefined ? {} : { onState };
    this.#device = new SerialDevice({ ...options, reopenMsMax: REOPEN_MS_MAX }, events);
  }

  start(): void {
    this.#device.start();
  }

  get connected(): boolean {
    return this.#device.connected;
  }

  tell(message: VerdictMessage): void {
    // What fails here is an unplug, or a listener that does not read.
    this.#device.write(encodeVerdict(message)).catch(() => undefined);
  }

  async release(): Promise<void> {
    await this.#device.close();
  }
}
