/** `stile up`, once: everything that it names is there, the gate opens, and Ctrl-C ends all of it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test } from 'vitest';
import { stile } from './processes.ts';

const UP = fileURLToPath(new URL('up.ts', import.meta.url));
const TIMEOUT_MS = 120_000;

type Up = { child: ChildProcess; text: string; exited: Promise<unknown[]> };

/** Waits until it says how it is ended. */
async function startUp(data: string): Promise<Up> {
  const child = spawn(process.execPath, [UP, '--port', '0', '--data', data], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for await (const line of createInterface({ input: child.stdout })) {
    text += `${line}\n`;
    if (line.startsWith('Ctrl-C')) break;
  }
  return { child, text, exited };
}

async function runUp(args: readonly string[]): Promise<{ code: unknown; said: string }> {
  const child = spawn(process.execPath, [UP, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [code] = await once(child, 'close');
  return { code, said };
}

test(
  'pages, a gate that opens for its rider, and nothing left running after Ctrl-C',
  async () => {
    const data = join(scratchDir(), 'up');
    const { child, text, exited } = await startUp(data);
    const wallet = /(http:\S+)\/wallet\/\n/.exec(text)?.[1] ?? '';
    expect(await (await fetch(`${wallet}/v1/health`)).json()).toMatchObject({
      ok: true,
      topUps: 'sandbox',
    });
    expect(text).toMatch(/\/till\/#token=\S{20,}\n/);
    expect(text).toMatch(/\/scanner\/#feed=http:\S+\n/);

    const phone = join(data, 'phones', 'rider.json');
    await stile(['rider', 'code', '--phone', phone, '--png', join(data, 'pictures', 'ride.png')]);
    const barrier = join(data, 'logs', 'barrier.log');
    await expect
      .poll(() => readFileSync(barrier, 'utf8'), { timeout: 30_000, interval: 50 })
      .toContain(' OPEN ');
    // A payment code needs the seed key.
    expect(await stile(['rider', 'payment-code', '--phone', phone])).toMatch(/\d{4}/);

    const again = await runUp(['--port', '0', '--data', data]);
    expect(again).toMatchObject({ code: 1, said: expect.stringContaining('it runs already in') });

    const pids = readFileSync(`${data}.pids`, 'utf8').trim().split('\n');
    expect(pids.length).toBeGreaterThanOrEqual(5);
    child.kill('SIGINT');
    expect((await exited)[0]).toBe(0);
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(existsSync(`${data}.up`)).toBe(false);
  },
  TIMEOUT_MS,
);

test('a folder with files of somebody else is left as it is', async () => {
  const data = join(scratchDir(), 'mine');
  mkdirSync(data);
  writeFileSync(join(data, 'letter.txt'), 'dear');
  const { code, said } = await runUp(['--data', data]);
  expect({ code, said }).toEqual({
    code: 1,
    said: expect.stringMatching(/holds files that no `stile up` has made: name another --data\n$/),
  });
  expect(readFileSync(join(data, 'letter.txt'), 'utf8')).toBe('dear');
});

test('a wrong option is named, with what there is', async () => {
  const { code, said } = await runUp(['--port', 'eighty']);
  expect(code).toBe(2);
  expect(said).toContain('--port eighty: no port');
  expect(said).toContain('./scripts/stile up --data DIR');
});
