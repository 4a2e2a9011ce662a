/** Pages of the file of books that are lost: settlement and the audit say so in a sentence, whichever they are. */
import {
  chmodSync,
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Fault } from '@stile/protocol/fault.ts';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { initSettlement, startSettlement } from './main.ts';

const log = pino({ level: 'silent' });
const PAGE_BYTES = 4_096;
const PAGES_LOST = 8;

function newDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'stile-damage-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

async function start(dataDir: string): Promise<void> {
  await initSettlement(dataDir);
  const running = await startSettlement({ dataDir, port: 0 }, { log });
  await running.close();
}

function copyWithout(whole: string, fromPage: number): string {
  const dataDir = newDir();
  for (const name of [
    'settlement.db',
    'settlement.json',
    'operator-token',
    'keys',
    'initialised',
  ]) {
    cpSync(join(whole, name), join(dataDir, name), { recursive: true });
  }
  chmodSync(join(dataDir, 'keys'), 0o700);
  const file = openSync(join(dataDir, 'settlement.db'), 'r+');
  const bytes = new Uint8Array(PAGES_LOST * PAGE_BYTES);
  writeSync(file, bytes, 0, bytes.length, fromPage * PAGE_BYTES);
  closeSync(file);
  return dataDir;
}

test('eight pages, wherever', async () => {
  const whole = newDir();
  await start(whole);
  const pages = statSync(join(whole, 'settlement.db')).size / PAGE_BYTES;
  const found = { refused: 0, goneOn: 0 };
  for (let page = PAGES_LOST; page + PAGES_LOST < pages; page += 2 * PAGES_LOST) {
    const dataDir = copyWithout(whole, page);
    const checks = await auditSettlement(dataDir).catch((error: unknown) => error);
    if (Array.isArray(checks)) {
      expect(
        checks.some(({ ok }) => !ok),
        `audit of page ${page}`,
      ).toBe(true);
      const unread = checks.find(({ name }) => name === 'all that is stored can be read');
      if (unread !== undefined) found.goneOn += 1;
    } else expect(checks, `audit of page ${page}`).toMatchObject({ code: 'STORE_CORRUPT' });
    const failed = await start(dataDir).catch((error: unknown) => error);
    if (failed === undefined) continue;
    expect(failed, `start with page ${page}`).toBeInstanceOf(Fault);
    expect(failed).toMatchObject({ code: expect.stringMatching(/^STORE_/) });
    found.refused += 1;
  }
  expect(found.refused).toBeGreaterThan(0);
  expect(found.goneOn).toBeGreaterThan(0);
}, 60_000);
