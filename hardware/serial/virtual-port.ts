/**
 * The end of a serial port that a virtual part plays, whatever stands between it and the driver: a
 * pseudo-terminal (pty.ts) or nothing but memory (memory-ports.ts).
 */

export type VirtualPort = {
  /** The stable name to open: the symlink if one was asked for, else the device itself. */
  readonly path: string;
  readonly devicePath: string;
  /** Resolves when all of it is taken; rejects once the port is closed. */
  write(bytes: Uint8Array): Promise<void>;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  /** Whether some program has the device open: bytes written before that are lost when it opens. */
  hasReader(): boolean;
  /** Unplugs: the device node and its name are gone, whoever has it open gets a hang-up. */
  close(): Promise<void>;
};

export class VirtualPortError extends Error {
  override readonly name = 'VirtualPortError';
}
