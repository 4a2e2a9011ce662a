/**
 * The barrier's virtual twin: takes relay frames on a pseudo-terminal, knows whether it is open, and
 * tells whoever listens. It can also record the frames in a file, one JSON object a line.
 */
import { appendFileSync } from 'node:fs';
import type { Clock } from '@stile/host/clock.ts';
import { openVirtualPort } from '../serial/pty.ts';
import { type VirtualPort, VirtualPortError } from '../serial/virtual-port.ts';
import { createRelayDecoder, encodeRelayFrame } from './frames.ts';

/** A frame that it has taken, and when. */
export type FrameRecord = { at: string; channel: number; state: 'open' | 'closed'; frame: string };

export type VirtualBarrierOptions = {
  link: string;
  /** File that gets one line of JSON for each frame. */
  record?: string;
  /** The record could not be written (a full disk); the barrier goes on. */
  onRecordFailed?: (why: string) => void;
  clock: Clock;
  onFrame: (frame: FrameRecord) => void;
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

/** @throws VirtualPortError if there can be no port under that link, or no record under that name. */
export function startVirtualBarrier(options: VirtualBarrierOptions): VirtualBarrier {
  const { record } = options;
  if (record !== undefined) checkRecord(record);
  const port = options.port ?? openVirtualPort({ link: options.link });
  const decoder = createRelayDecoder();
  let isOpen = false;
  port.onBytes((bytes) => {
    for (const frame of decoder.push(bytes)) {
      isOpen = frame.on;
      const taken: FrameRecord = {
        at: new Date(options.clock.now().wallMs).toISOString(),
        channel: frame.channel,
        state: frame.on ? 'open' : 'closed',
        frame: Buffer.from(encodeRelayFrame(frame)).toString('hex'),
      };
      const failure = record === undefined ? null : append(record, `${JSON.stringify(taken)}\n`);
      if (failure !== null) options.onRecordFailed?.(failure);
      options.onFrame(taken);
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

/** Null, or why not: a throw inside the port's data handler would end the process. */
function append(file: string, text: string): string | null {
  try {
    appendFileSync(file, text);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
