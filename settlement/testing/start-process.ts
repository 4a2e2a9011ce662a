/** Settlement as a process of its own (process.ts), for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./process.ts', import.meta.url));

/** `hold`: it does none of the work that follows behind a commit. `kill` kills as a power cut does. */
export async function startProcess(dataDir: string, jobs: 'run' | 'hold' = 'run') {
  return await start([dataDir, jobs]);
}

/** One of several on one database. */
export async function startApiProcess({ dataDir, database, redis = '' }: ApiPlace) {
  return await start([dataDir, 'run', database, redis]);
}

export type ApiPlace = { dataDir: string; database: string; redis?: string };
export type ApiProcess = Awaited<ReturnType<typeof startApiProcess>>;

async function start(args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.stdout === null) throw new Error('the process has an output');
  const lines = createInterface({ input: child.stdout });
  // A process that dies before it has said anything fails the test at once.
  const died = once(child, 'exit').then(([code]) => Promise.reject(new Error(`exit code ${code}`)));
  const [url] = (await Promise.race([once(lines, 'line'), died])) as [string];
  died.catch(() => undefined);
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  return { url, kill };
}
