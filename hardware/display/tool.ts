/** The testers' pole display: draws the two rows in the terminal whenever they change. */
import type { Writable } from 'node:stream';
import { startVirtualDisplay } from './virtual.ts';

export async function runDisplayTool(options: {
  link: string;
  out: Writable;
  signal: AbortSignal;
}): Promise<void> {
  const { out, signal, link } = options;
  const display = startVirtualDisplay({
    link,
    onScreen: ([upper, lower]) => {
      if (upper.trim() === '' && lower.trim() === '') return;
      out.write(`+${'-'.repeat(22)}+\n| ${upper} |\n| ${lower} |\n+${'-'.repeat(22)}+\n`);
    },
  });
  out.write(`display at ${link}\n`);
  await new Promise<void>((end) => {
    if (signal.aborted) end();
    else signal.addEventListener('abort', () => end(), { once: true });
  });
  await display.close();
}
