/**
 * The wallet after its browser was killed, with no network and no settlement: a really cold start. It has
 * to show a code with a counter that was never shown before. How soon is the benchmark's to measure.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openPage } from '../testing/chromium.ts';
import { ChromiumProcess } from '../testing/chromium-process.ts';
import { Town } from '../testing/town.ts';
import { drawNext, enrol, judge, readTrust, scanCode, settle } from '../testing/wallet-scene.ts';

const COLD_STARTS = 4;
const DRAWS = 5;

let profileDir: string;
let town: Town;
let chromium: ChromiumProcess;

beforeEach(async () => {
  profileDir = mkdtempSync(join(tmpdir(), 'stile-profile-'));
  town = await Town.open();
  chromium = await ChromiumProcess.start(profileDir);
});
afterEach(async () => {
  await chromium?.kill();
  await town?.close().catch(() => undefined);
  // Helpers of a killed browser may still be closing their files.
  rmSync(profileDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
});

test('killed again and again, it starts without a network and never repeats a counter', async () => {
  const { page } = await openPage(chromium.context);
  await enrol(page, town);
  await settle(page);
  const trust = await readTrust(town);
  const address = `${town.url}/wallet/`;
  await town.close();
  const counters = [(await scanCode(page)).counter];

  for (let round = 0; round < COLD_STARTS; round += 1) {
    await chromium.kill();
    chromium = await ChromiumProcess.start(profileDir);
    const { page: cold, pageErrors } = await openPage(chromium.context);
    await cold.goto(address);
    const code = await scanCode(cold);
    expect(judge(code, trust)).toBe('open');
    counters.push(code.counter);
    for (let draw = 0; draw < DRAWS; draw += 1) await drawNext(cold);
    counters.push((await scanCode(cold)).counter);
    expect(pageErrors).toEqual([]);
  }
  expect(counters).toEqual([...new Set(counters)].sort((a, b) => a - b));
});
