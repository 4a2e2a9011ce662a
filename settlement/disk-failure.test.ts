/** A disk that fails a write, under a real process: settlement says so, ends with 1, and starts again whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { callJson } from '@stile/host/http-client.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { expect, onTestFinished, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { initSettlement } from './main.ts';

const STILE = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
/** No file may grow beyond it: the write-ahead log meets it after some dozens of commits. */
const FILE_KIB_MAX = 1_024;
const WRITES_MAX = 2_000;

async function start(dataDir: string) {
  const command = `ulimit -f ${FILE_KIB_MAX}; exec "$@"`;
  const stile = [process.execPath, STILE, 'settlement', 'start', '--data', dataDir, '--port', '0'];
  const child = spawn('bash', ['-c', command, 'bash', ...stile], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const lines: string[] = [];
  const url = await new Promise<string>((found) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const match = /"url":"(http:[^"]+)"/.exec(line);
      if (match?.[1] !== undefined) found(match[1]);
    });
  });
  return { url, exited, lines };
}

test('a failed write ends settlement with a sentence, and nothing that it confirmed is lost', async () => {
  const dataDir = join(scratchDir(), 'settlement');
  const { operatorTokenFile } = await initSettlement(dataDir);
  const token = readFileSync(operatorTokenFile, 'utf8').trim();
  const { url, exited, lines } = await start(dataDir);
  let confirmed = 0;
  for (let fareCents = 1; fareCents <= WRITES_MAX; fareCents += 1) {
    const body = { fareCents };
    const isConfirmed = await callJson(url, 'v1/operator/lines/L1', { method: 'PUT', token, body })
      .then(() => true)
      .catch(() => false);
    if (!isConfirmed) break;
    confirmed = fareCents;
  }
  expect(await exited).toEqual([1, null]);
  expect(confirmed).toBeGreaterThan(0);
  expect(lines.some((line) => line.includes('start it again'))).toBe(true);
  const checks = await auditSettlement(dataDir, { signatures: true });
  expect(checks.filter(({ ok, name }) => !ok && name !== 'no job is left over')).toEqual([]);
});
