/** What is deployed fits what there is: every option of a unit exists, the example files are accepted. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@stile/gate/shell/config.ts';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function read(name: string): string {
  return readFileSync(`${ROOT}deploy/${name}`, 'utf8');
}

function helpOf(command: readonly string[]): string {
  const args = [`${ROOT}cli/main.ts`, ...command, '--help'];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

test.each(['stile-settlement.service', 'stile-gate.service'])('%s starts what exists', (name) => {
  const started = /^ExecStart=\/opt\/stile\/scripts\/stile (.*)$/m.exec(read(name))?.[1] ?? '';
  const words = started.split(' ');
  const options = words.filter((word) => word.startsWith('--'));
  expect(options.length).toBeGreaterThan(0);
  const help = helpOf(words.slice(0, 2));
  expect(help).toContain(`Usage: stile ${words.slice(0, 2).join(' ')}`);
  for (const option of options) expect(help).toMatch(new RegExp(`^ +${option} <`, 'm'));
});

test('a unit keeps its data where its process looks for it', () => {
  const settlement = read('stile-settlement.service');
  expect(settlement).toContain('--data /var/lib/stile-settlement ');
  expect(settlement).toContain('StateDirectory=stile-settlement\n');
  const { dataDir } = parseConfig(read('gate.json'), 'gate.json');
  expect(read('stile-gate.service')).toContain(`StateDirectory=${dataDir.split('/').at(-1)}\n`);
});

test('the environment file has names that settlement reads, and no key', () => {
  const set = read('settlement.env')
    .split('\n')
    .filter((text) => text !== '' && !text.startsWith('#'));
  expect(set).toEqual(['STILE_SEED_KEY=']);
  expect(read('stile-settlement.service')).toContain('EnvironmentFile=-/etc/stile/settlement.env');
});
