/** `stile scanner --scenario` before a real gate: settlement, gate and scanner, each as they are run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVirtualBarrier } from '@stile/hardware/barrier/virtual.ts';
import { systemClock } from '@stile/host/clock.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { printed, useSettlement } from '../testing/rig.ts';
import { type Running, runStile, startStile } from '../testing/stile.ts';

const EVENING = fileURLToPath(new URL('../../fixtures/scenarios/evening.json', import.meta.url));
const { folder, url, phone, at, operate, rider } = useSettlement({
  enrolment: { policy: 'open' },
  topUps: { mode: 'sandbox' },
});
const link = join(folder, 'ttyGATE0');
const barrierLink = join(folder, 'ttyBARRIER0');
const states: string[] = [];
let barrier: ReturnType<typeof startVirtualBarrier>;
let gate: Running;

beforeAll(async () => {
  await operate(['set-fare', 'L1', '--fare', '2.50']);
  const { token } = await operate<{ token: string }>(['add-gate', '--gate', 'G1', '--line', 'L1']);
  const config = join(folder, 'gate.json');
  const ports = ['--scanner', link, '--barrier', barrierLink, '--verdicts', `${link}-verdicts`];
  const to = ['--settlement', url(), '--data', './gate'];
  await printed(['gate', 'configure', '--config', config, ...to, ...ports]);
  const content = JSON.parse(readFileSync(config, 'utf8')) as object;
  writeFileSync(
    config,
    JSON.stringify({ ...content, rules: { passbackS: 0, presentationMs: 3_000 } }),
  );
  await printed(['gate', 'enrol', '--config', config, '--token', token]);
  await printed(['rider', 'enrol', ...phone('ada'), ...at()]);
  await runStile(['rider', 'top-up', ...phone('ada'), '--amount', '50.00']);
  await rider('ada', ['renew']);
  barrier = startVirtualBarrier({
    link: barrierLink,
    clock: systemClock,
    onFrame: ({ state }) => states.push(state),
  });
  gate = startStile(['gate', '--config', config]);
  await gate.says('"ready"');
});
afterAll(async () => {
  await gate?.end('SIGTERM');
  await barrier?.close();
});

const ada = `ada=${join(folder, 'ada.json')}`;
const scan = (file: string, ...options: string[]) =>
  runStile(['scanner', '--scenario', file, '--link', link, '--rider', ada, ...options]);

test('the evening of fixtures goes as it must, and says so as JSON', async () => {
  const before = states.filter((state) => state === 'open').length;
  const { code, stdout, stderr } = await scan(EVENING, '--report', 'json');
  const report = JSON.parse(stdout) as { results: { ok: boolean }[] };
  expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
  expect(report).toMatchObject({ ok: true, failed: 0, notRun: 0 });
  expect(code).toBe(0);
  expect(stderr).toContain('evening.json: 18 of 18 steps as they must be');
  // What is said to be open, opened: no more, and no less.
  expect(states.filter((state) => state === 'open').length - before).toBe(6);
});

test('a verdict that differs is exit code 1, and a failure of its test case', async () => {
  const file = join(folder, 'wrong.json');
  const steps = [{ name: 'a link', text: 'https://example.org', expect: 'REPLAY' }];
  writeFileSync(file, JSON.stringify({ stile: 'scenario/1', name: 'Wrong', steps }));
  const { code, stdout, stderr } = await scan(file, '--report', 'junit');
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /<failure message="expected REPLAY, got MALFORMED \(CODE NOT READABLE \/ Hold still and retry\)">/,
  );
  expect(stderr).toContain('WRONG   1. a link: expected REPLAY, got MALFORMED');
});

test('a file that is no scenario, and a gate that is not heard, are said before anything is played', async () => {
  const file = join(folder, 'bad.json');
  writeFileSync(file, '{\n"stile": "scenario/1",\n"name": "Bad",\n"steps": [{"text": "x"}]\n}');
  const bad = await scan(file);
  expect(bad).toMatchObject({ code: 1, stdout: '' });
  expect(bad.stderr).toMatch(/bad\.json:4: steps\[0\]\.expect: what is shown has an `expect`/);
  const elsewhere = ['--link', join(folder, 'ttyOTHER'), '--wait-ms', '0'];
  const deaf = await scan(EVENING, ...elsewhere);
  expect(deaf.code).toBe(1);
  expect(deaf.stderr).toMatch(/no gate has its verdict port open at .*ttyOTHER-verdicts/);
});
