/**
 * A Redis of a test's own: on a free port of loopback, in a folder of its own, with nothing kept on disk. It can be
 * killed and started again on the same port. A machine without redis-server fails the test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '@stile/host/private-servers.ts';

export type RedisServer = {
  url: string;
  start(): Promise<void>;
  /** As a power cut does. */
  kill(): Promise<void>;
  close(): Promise<void>;
};

export type RedisServerOptions = { maxmemoryPolicy?: string };

/** Started unless `isStopped`. */
export async function openRedisServer(
  { maxmemoryPolicy = 'noeviction' }: RedisServerOptions = {},
  { isStopped = false } = {},
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'stile-redis-'));
  const port = await freePort();
  let child: ChildProcess | null = null;

  async function start(): Promise<void> {
    const settings = { port, bind: '127.0.0.1', dir: folder, appendonly: 'no' };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    args.push('--save', '', '--maxmemory-policy', maxmemoryPolicy);
    const started = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child = started;
    const failed = new Promise<never>((_, reject) => {
      started.once('error', () => reject(new Error('redis-server is missing: install Redis')));
      started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)));
    });
    failed.catch(() => undefined);
    await Promise.race([failed, isAccepting(started)]);
  }

  async function kill(): Promise<void> {
    if (child === null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    child = null;
    await ended;
  }

  if (!isStopped) await start();
  return {
    url: `redis://127.0.0.1:${port}/0`,
    start,
    kill,
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isAccepting({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error('redis-server has an output');
  const lines = createInterface({ input: stdout });
  for await (const line of lines) if (/Ready to accept connections/.test(line)) break;
  stdout.resume();
}
