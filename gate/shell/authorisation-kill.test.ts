/** A gate that is killed at each point of an authorisation, and what its store says after it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test } from 'vitest';
import { gateWith, recordsIn } from '../testing/loop.ts';

const PROCESS = fileURLToPath(new URL('../testing/authorisation-process.ts', import.meta.url));
/** Every instant of an ask whose first answer is lost, in order. */
const POINTS = [
  'before ask',
  'after ask',
  'attempt 1',
  'answer 1',
  'attempt 2',
  'answer 2',
  'before answer',
  'after answer',
  'open',
] as const;

/** Runs a gate until it dies at this point; answers what it had reached. */
async function runUntil(dir: string, point: string): Promise<string[]> {
  const child = spawn(process.execPath, [PROCESS, dir, point], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const reached: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) reached.push(line);
  expect(await exited).toEqual(point === '' ? [0, null] : [null, 'SIGKILL']);
  return reached;
}

const killedAt = POINTS.map((point, at) => ({ point, at }));

test('an ask that nobody disturbs reaches every point, and opens', async () => {
  const dir = scratchDir();
  const reached = await runUntil(dir, '');
  expect(reached.filter((line) => !line.startsWith('sent'))).toEqual(POINTS);
  expect(new Set(reached.filter((line) => line.startsWith('sent'))).size).toBe(1);
});

test.each(killedAt)('killed at "$point": one ask, one answer', async ({ point, at }) => {
  const dir = scratchDir();
  const reached = await runUntil(dir, point);
  const file = join(dir, 'taps.db');
  const before = recordsIn(file).map(({ kind }) => kind);
  if (at > 0) expect(before, 'nothing was sent that is not on disk').toContain('ask');
  if (reached.includes('open')) expect(before).toEqual(['ask', 'answer']);
  const again = await gateWith({ dir, boot: '0000bbbb' });
  again.loop.start();
  const hasAnswered = at >= POINTS.indexOf('after answer');
  const [ask, ...answers] = again.recordsOnDisk();
  if (at === 0) expect(ask).toBeUndefined();
  else {
    expect(ask).toMatchObject({ kind: 'ask', seq: 1, boot: '0000aaaa' });
    expect(answers).toMatchObject([
      hasAnswered
        ? { kind: 'answer', of: 1, verdict: 'open', boot: '0000aaaa' }
        : { kind: 'answer', of: 1, verdict: 'refuse', reason: 'NO_ANSWER', boot: '0000bbbb' },
    ]);
  }
  expect(again.moves).toEqual([]);
});
