/** Makes a pseudo-terminal full: nobody reads at its other end, and the kernel takes no more. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';

const REFUSED_MS = 50;

/**
 * Writes to the device side until the kernel takes no more. It makes some room again a moment after it
 * refused, so the port is full when it has refused for a while.
 */
export async function fillPty(devicePath: string): Promise<void> {
  const file = openSync(devicePath, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    let takenAtMs = performance.now();
    while (performance.now() - takenAtMs < REFUSED_MS) {
      if (takes(file)) takenAtMs = performance.now();
      else await new Promise((resume) => setImmediate(resume));
    }
  } finally {
    closeSync(file);
  }
}

function takes(file: number): boolean {
  try {
    return writeSync(file, new Uint8Array(1_024)) > 0;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return false;
    throw error;
  }
}
