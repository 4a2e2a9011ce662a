/**
 * Drivers and virtual parts without a kernel and without waiting: serial ports in memory and a clock that
 * moves when a test waits for something.
 */
import { createMovedClock } from '@stile/host/testing/moved-clock.ts';
import { createMemoryPorts, type MemoryPortsOptions } from '../serial/memory-ports.ts';

const STEP_MS = 10;
/** What has not happened by then does not happen. */
const WAITED_MS_MAX = 60_000;

/** `paced`: bytes take their time on the wire. */
export function createMemoryWorld(
  options: Pick<MemoryPortsOptions, 'chunkBytes'> & { paced?: boolean } = {},
) {
  const { paced = false, ...rest } = options;
  const clock = createMovedClock({ wallMs: Date.UTC(2026, 0, 1), monoMs: 0 });
  const ports = createMemoryPorts(paced ? { ...rest, pace: clock } : rest);

  /** Lets time pass in small steps, and lets everybody act on each. */
  async function pass(forMs: number): Promise<void> {
    await turn();
    for (let passedMs = 0; passedMs < forMs; passedMs += STEP_MS) {
      clock.advance(Math.min(STEP_MS, forMs - passedMs));
      await turn();
    }
  }

  async function until(holds: () => boolean): Promise<void> {
    await turn();
    for (let passedMs = 0; !holds(); passedMs += STEP_MS) {
      if (passedMs > WAITED_MS_MAX) throw new Error('it does not happen');
      await pass(STEP_MS);
    }
  }

  return { clock, ports, pass, until };
}

/** What follows from what has happened has happened too. */
function turn(): Promise<void> {
  return new Promise((next) => setImmediate(next));
}
