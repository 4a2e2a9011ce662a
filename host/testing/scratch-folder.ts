/** Directories that exist for one test and are gone after it, whatever it left in them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const made: string[] = [];

afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** `base`: where to make it, if not with the system's temporary files. */
export function scratchDir(base = tmpdir()): string {
  const dir = mkdtempSync(join(base, 'stile-gate-'));
  made.push(dir);
  return dir;
}
