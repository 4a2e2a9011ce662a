/** The pole display's virtual twin: keeps the screen that the bytes make, and tells when it changes. */
import { openVirtualPort } from '../serial/pty.ts';
import type { VirtualPort } from '../serial/virtual-port.ts';
import { createScreenDecoder, type Screen } from './frames.ts';

export type VirtualDisplay = {
  readonly path: string;
  readonly screen: Screen;
  close(): Promise<void>;
};

export function startVirtualDisplay(options: {
  link: string;
  onScreen: (screen: Screen) => void;
  /** The port that it is played on; a pseudo-terminal under `link` if absent. */
  port?: VirtualPort;
}): VirtualDisplay {
  const port = options.port ?? openVirtualPort({ link: options.link });
  const decoder = createScreenDecoder();
  let shown = decoder.read().join('\n');
  port.onBytes((bytes) => {
    decoder.push(bytes);
    const screen = decoder.read();
    if (screen.join('\n') === shown) return;
    shown = screen.join('\n');
    options.onScreen(screen);
  });
  return {
    path: port.path,
    get screen() {
      return decoder.read();
    },
    close: () => port.close(),
  };
}
