/**
 * The barrier's virtual twin: takes relay frames on a pseudo-terminal, knows whether it is open, and
 * tells whoever listens. It can also write down what it was told, one JSON object a line.
 */
import { appendFileSync } from 'node:fs';
import { openVirtualPort, type VirtualPort } from '../pty.ts';
import { createRelayDecoder, encodeRelayFrame } from './frames.ts';

export type BarrierTold = { at: string; channel: number; state: 'open' | 'closed'; frame: string };

export type VirtualBarrierOptions = {
  link: string;
  /** File that gets one JSON line for each frame. */
  record?: string;
  now: () => number;
  onTold: (told: BarrierTold) => void;
};

export type VirtualBarrier = {
  readonly path: string;
  readonly isOpen: boolean;
  /** Bytes that were no frame. */
  readonly discarded: number;
  close(): Promise<void>;
};

export function startVirtualBarrier(options: VirtualBarrierOptions): VirtualBarrier {
  const port: VirtualPort = openVirtualPort({ link: options.link });
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
      if (options.record !== undefined) appendFileSync(options.record, `${JSON.stringify(told)}\n`);
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
