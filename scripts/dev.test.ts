/** `npm run dev`, once: pages and API through one address, and nothing left behind after Ctrl-C. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test } from 'vitest';

const DEV = fileURLToPath(new URL('dev.ts', import.meta.url));

test('it serves pages and sandbox through one address, and leaves nothing behind', async () => {
  const scratch = scratchDir();
  const child = spawn(process.execPath, [DEV], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: scratch },
  });
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  const addresses = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, page = '', url = ''] = /^(\w+) +(http:\S+)/.exec(line) ?? [];
    addresses.set(page, url);
    if (line.startsWith('Ctrl-C')) break;
  }
  const wallet = addresses.get('wallet') ?? '';
  expect(wallet).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/wallet\/$/);
  expect(addresses.get('till')).toMatch(/\/till\/#token=[\w.~-]{16,}$/);
  expect(addresses.get('scanner')).toMatch(/\/scanner\/$/);

  const page = await (await fetch(wallet)).text();
  expect(page).toContain('/@vite/client');
  expect(page).toContain('<title>Stile wallet</title>');
  const main = await fetch(new URL('main.tsx', wallet));
  expect(main.headers.get('content-type')).toContain('javascript');
  const health = await fetch(new URL('/v1/health', wallet));
  expect(await health.json()).toMatchObject({ ok: true });
  const document = await fetch(new URL('/openapi.json', wallet));
  expect(await document.json()).toMatchObject({ openapi: expect.any(String) });
  // Nothing of a worker that would serve old files.
  expect((await fetch(new URL('sw.js', wallet))).ok).toBe(false);

  child.kill('SIGINT');
  expect((await exited)[0]).toBe(0);
  expect(readdirSync(scratch)).toEqual([]);
});
