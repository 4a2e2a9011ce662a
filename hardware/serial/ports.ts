/**
 * Where serial devices get their ports from: the system, by the name of a device node. memory-ports.ts has
 * ports that exist in this process only.
 */
import type { EventEmitter } from 'node:events';
import { realpathSync, statSync } from 'node:fs';
import { SerialPort } from 'serialport';

/** What a serial device needs of a port: events `data`, `close` and `error`, and these calls. */
export interface SerialPortLike extends EventEmitter {
  readonly isOpen: boolean;
  open(done: (error: Error | null) => void): void;
  close(done: (error: Error | null) => void): void;
  /** `done` once the bytes are taken. */
  write(bytes: Buffer, done: (error: Error | null | undefined) => void): boolean;
  update(settings: { baudRate: number }, done: (error: Error | null) => void): void;
}

export type SerialPorts = {
  /** A port that is not open yet. */
  create(path: string, baud: number): SerialPortLike;
  /** Which device stands behind a name, or null for none: a replug under the same name is another one. */
  nodeOf(path: string): string | null;
};

export const systemPorts: SerialPorts = {
  create: (path, baud) => new SerialPort({ path, baudRate: baud, autoOpen: false }),
  nodeOf(path) {
    try {
      const real = realpathSync(path);
      const { dev, ino, rdev } = statSync(real);
      return `${real}:${dev}:${ino}:${rdev}`;
    } catch {
      // No such node: unplugged.
      return null;
    }
  },
};
