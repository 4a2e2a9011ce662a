/** What the gate's loop is given: stores, devices, the way to settlement, time, chance and a log. */
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';
import type { Fault } from '@stile/protocol/fault.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { Logger } from 'pino';
import type { Words } from '../core/gate-state.ts';
import type { VerdictMessage } from '../core/verdict-message.ts';
import type { GateSettings } from './facts.ts';
import type { Stopwatch } from './stopwatch.ts';
import type { ReferenceStore } from './store/reference-store.ts';
import type { TapsStore } from './store/taps-store.ts';
import type { Authoriser } from './uplink/authoriser.ts';

/** The arm: `open` resolves once the frame is with the kernel. */
export type BarrierPort = {
  readonly connected: boolean;
  open(): Promise<void>;
  close(): Promise<void>;
};
export type DisplayPort = { show(words: Words): void };
/** Who listens to verdicts: told behind everything else, and never waited for. */
export type VerdictPort = { readonly connected: boolean; tell(message: VerdictMessage): void };

export type LoopParts = {
  taps: TapsStore;
  reference: ReferenceStore;
  barrier: BarrierPort;
  display: DisplayPort;
  /** Null: nobody listens at this gate. */
  verdicts: VerdictPort | null;
  authoriser: Authoriser;
  clock: Clock;
  random: Pick<Random, 'hex' | 'fraction'>;
  log: Logger;
  verify: Verify;
  stopwatch: Stopwatch;
  settings: GateSettings;
  /** The disk has failed: nothing more can be promised, the process must end. */
  onFatal: (fault: Fault) => void;
};
