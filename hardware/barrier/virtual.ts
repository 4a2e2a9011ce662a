/**
 * The barrier's virtual twin: takes relay frames on a pseudo-terminal, knows whether it is open, and
 * tells whoever listens. It can also write down what it was told, one JSON object a line.
 */
import { appendFileSync } from 'node:fs';
import { openVirtualPort } from '../serial/pty.ts';
import { type VirtualPort, VirtualPortError } from '../serial/virtual-port.ts';
import { createRelayDecoder, encodeRelayFrame } from './frames.ts';

export type BarrierTold = { at: string; channel: number; state: 'open' | 'closed'; frame: string };

export type VirtualBarrierOptions = {
  link: string;
  /** File that gets one JSON line for each frame. */
  record?: string;
  /** The record could not be written (a full disk); the barrier goes on. */
  onUnrecorded?: (why: string) => void;
  now: () => number;
  onTold: (told: BarrierTold) => void;
  /** The port that it is played on; a pseudo-terminal under `link` if absent. */
  port?: VirtualPort;
};

export type VirtualBarrier = {
  readonly path: string;
  readonly isOpen: boolean;
  /** Bytes that were no frame. */
  readonly discarded: number;
  close(): Promise<void>;
};

/** @throws VirtualPortError where there can be no port under that link, or no record under that name. */
export function startVirtualBarrier(options: VirtualBarrierOptions): VirtualBarrier {
  const { record } = options;
  if (record !== undefined) checkRecord(record);
  const port = options.port ?? openVirtualPort({ link: options.link });
  const decoder = createRelayDecoder();
  let isOpen = false;
  port.onBytes((bytes) => {
    for (const frame of decoder.push(bytes)) {
      isOpen = frame.on;
      const told: BarrierTold = {
        at: new Date(options.now()).toISOString(),
        channel: frame.channel,
        state: frame.on ? 'open' : 'closed',
        frame: Buffer.from(encodeRelayFrame(frame)).toString('hex'),
      };
      const failure = record === undefined ? null : append(record, `${JSON.stringify(told)}\n`);
      if (failure !== null) options.onUnrecorded?.(failure);
      options.onTold(told);
    }
  });
  return {
    path: port.path,
    get isOpen() {
      return isOpen;
    },
    get discarded() {
      return decoder.discarded;
    },
    close: () => port.close(),
  };
}

function checkRecord(file: string): void {
  const failure = append(file, '');
  if (failure !== null) throw new VirtualPortError(`cannot record to ${file}: ${failure}`);
}

/** Null, or why not: a throw inside the line's data handler would end the process. */
function append(file: string, text: string): string | null {
  try {
    appendFileSync(file, text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
