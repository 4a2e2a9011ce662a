/** The testers' barrier: shows open and closed in the terminal, and records its frames. */
import type { Writable } from 'node:stream';
import { type Clock, systemClock } from '@stile/host/clock.ts';
import { startVirtualBarrier } from './virtual.ts';

export async function runBarrierTool(options: {
  link: string;
  record?: string;
  out: Writable;
  signal: AbortSignal;
  clock?: Clock;
}): Promise<void> {
  const { out, signal, clock = systemClock, ...rest } = options;
  let wasOpen: boolean | null = null;
  const barrier = startVirtualBarrier({
    ...rest,
    clock,
    onFrame: ({ at, state, frame }) => {
      const isOpen = state === 'open';
      const again = wasOpen === isOpen ? ' (again)' : '';
      wasOpen = isOpen;
      const arm = isOpen ? '[=    /    ]  OPEN  ' : '[=========]  CLOSED';
      out.write(`${at.slice(11, 23)}  ${arm}  ${frame}${again}\n`);
    },
    onRecordFailed: (why) => out.write(`${`  not recorded: ${why}`.slice(0, 80)}\n`),
  });
  out.write(`barrier at ${options.link}\n`);
  await new Promise<void>((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
  await barrier.close();
}
