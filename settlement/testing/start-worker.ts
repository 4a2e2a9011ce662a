/** A worker as a process of its own (worker-process.ts), for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./worker-process.ts', import.meta.url));

export type WorkerPlace = { dataDir: string; database: string; redis: string; lockMs?: number };

/** `kill` kills as a power cut does. */
export async function startWorkerProcess(place: WorkerPlace) {
  const { dataDir, database, redis, lockMs = 30_000 } = place;
  const args = [PROGRAM, dataDir, database, redis, String(lockMs)];
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('the process has an output');
  const lines = createInterface({ input: child.stdout });
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`exit code ${code}`)));
  await Promise.race([once(lines, 'line'), died]);
  died.catch(() => undefined);
  return {
    /** It stands still, in the middle of whatever it does, and goes on later. */
    standStill: () => void child.kill('SIGSTOP'),
    goOn: () => void child.kill('SIGCONT'),
    async kill(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
