/** `stile audit --known`: a finding about a gate that somebody has looked at does not fail the audit again. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { ScriptedTown, START_MS } from '@stile/settlement/testing/town.ts';
import { expect, test } from 'vitest';
import { runStile } from './testing/stile.ts';

test('a known finding is good, another one is not', async () => {
  const town = await ScriptedTown.open();
  const gate = await town.addGate('g1', 'M1');
  gate.answer(7, { atMs: START_MS });
  await town.send(gate);
  await town.settled();
  await town.stop();
  const first = await runStile(['audit', town.dataDir]);
  expect(first.code).toBe(1);
  expect(first.stdout).toContain('g1: record 1 answers no ask');
  const known = join(scratchDir(), 'known');
  writeFileSync(known, 'g1: record 1 answers no ask  # Vera Lind, 2026-03-02: box replaced\n');
  expect((await runStile(['audit', town.dataDir, '--known', known])).code).toBe(0);
  writeFileSync(known, 'g1: record 2 answers no ask\n');
  expect((await runStile(['audit', town.dataDir, '--known', known])).code).toBe(1);
  const missing = await runStile(['audit', town.dataDir, '--known', `${known}-not`]);
  expect(missing.stderr).toContain('cannot read');
  await town.close();
});
