/** Moves books in a process of its own (move-process.ts), killed at a point of its progress if it comes there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./move-process.ts', import.meta.url));

export type MoveEnd = { kind: 'killed' | 'moved' } | { kind: 'failed'; said: string };

export async function runMove(
  dataDir: string,
  of: { to: string; killedAt: string },
): Promise<MoveEnd> {
  const child = spawn(process.execPath, [PROGRAM, dataDir, of.to, of.killedAt], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [said, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  if (signal === 'SIGKILL') return { kind: 'killed' };
  if (code !== 0) return { kind: 'failed', said };
  return { kind: 'moved' };
}
