/** A disk that fails, under a real process: settlement says so and ends with 1; what it confirmed is there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { callJson } from '@stile/host/http-client.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { DATABASE_FILE } from './database-place.ts';
import { initSettlement, startSettlement } from './main.ts';

const STILE = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
/** No file may grow beyond it: the write-ahead log meets it after some dozens of commits. */
const FILE_KIB_MAX = 1_024;
const WRITES_MAX = 2_000;

async function start(dataDir: string, { fileKibMax = 'unlimited' as number | 'unlimited' } = {}) {
  const command = `ulimit -f ${fileKibMax}; exec "$@"`;
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
  const { url, exited, lines } = await start(dataDir, { fileKibMax: FILE_KIB_MAX });
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

/** Overwrites one page in the midst of a table, which nothing but a look at these rows reads. */
function spoilPageOf(table: string, dataDir: string): void {
  const path = join(dataDir, DATABASE_FILE);
  const db = new Database(path);
  db.pragma('wal_checkpoint(TRUNCATE)');
  const pageBytes = db.pragma('page_size', { simple: true }) as number;
  const leaves = db
    .prepare(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`)
    .pluck()
    .all(table) as number[];
  db.close();
  const page = leaves[Math.floor(leaves.length / 2)];
  if (leaves.length < 3 || page === undefined) throw new Error(`${table} has too few pages`);
  const file = openSync(path, 'r+');
  writeSync(file, new Uint8Array(pageBytes).fill(0xff), 0, pageBytes, (page - 1) * pageBytes);
  closeSync(file);
}

test('a page that cannot be read ends settlement with a sentence: it does not go on beside it', async () => {
  const dataDir = join(scratchDir(), 'settlement');
  const { operatorTokenFile } = await initSettlement(dataDir);
  const token = readFileSync(operatorTokenFile, 'utf8').trim();
  const filled = await startSettlement({ dataDir, port: 0 }, { log: pino({ level: 'silent' }) });
  const fares = Array.from({ length: 200 }, (_, index) => index + 1);
  for (const fareCents of fares) {
    const body = { fareCents };
    await callJson(filled.url, 'v1/operator/lines/L1', { method: 'PUT', token, body });
  }
  await filled.close();
  spoilPageOf('act', dataDir);
  const { url, exited, lines } = await start(dataDir);
  const body = { fareCents: 250 };
  await callJson(url, 'v1/operator/lines/L2', { method: 'PUT', token, body });
  const looked = callJson(url, 'v1/operator/acts?limit=500', { token });
  await expect(looked).rejects.toThrow('refuses (500)');
  expect(await exited).toEqual([1, null]);
  expect(lines.some((line) => /is damaged.*start it again/.test(line))).toBe(true);
});
