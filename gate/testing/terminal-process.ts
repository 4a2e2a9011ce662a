/** A terminal in a process of its own: when that is killed, the terminal has gone. Prints its device. */
import { openVirtualPort } from '@stile/hardware/serial/pty.ts';

const terminal = openVirtualPort();
terminal.onBytes(() => undefined);
process.stdout.write(terminal.devicePath);
