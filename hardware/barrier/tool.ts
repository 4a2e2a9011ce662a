/** The testers' barrier: shows open and closed in the terminal, and records what it was told. */
import type { Writable } from 'node:stream';
import { startVirtualBarrier } from './virtual.ts';

export async function runBarrierTool(options: {
  link: string;
  record?: string;
  out: Writable;
  signal: AbortSignal;
}): Promise<void> {
  const { out, signal, ...rest } = options;
  let wasOpen: boolean | null = null;
  const barrier = startVirtualBarrier({
    ...rest,
    now: Date.now,
    onTold: ({ at, state, frame }) => {
      const isOpen = state === 'open';
      const again = wasOpen === isOpen ? ' (again)' : '';
      wasOpen = isOpen;
      const arm = isOpen ? '[=    /    ]  OPEN  ' : '[=========]  CLOSED';
      out.write(`${at.slice(11, 23)}  ${arm}  ${frame}${again}\n`);
    },
    onUnrecorded: (why) => out.write(`${`  not recorded: ${why}`.slice(0, 80)}\n`),
  });
  out.write(`barrier at ${options.link}\n`);
  await new Promise<void>((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
  await barrier.close();
}
