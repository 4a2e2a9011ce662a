/** What is deployed fits what there is: every option of a unit exists, the example files are accepted. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '@stile/gate/shell/config.ts';
import { BATCH_BYTES_MAX } from '@stile/protocol/gate-log.ts';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const events = readFileSync(`${ROOT}settlement/http/events.ts`, 'utf8');

function read(name: string): string {
  return readFileSync(`${ROOT}deploy/${name}`, 'utf8');
}

function helpOf(command: readonly string[]): string {
  const args = [`${ROOT}cli/main.ts`, ...command, '--help'];
  return execFileSync(process.execPath, args, { encoding: 'utf8' });
}

/** Names that an environment file gives no value: no key lies here. */
function variablesIn(name: string): string[] {
  const lines = read(name).split('\n');
  const set = lines.filter((text) => text !== '' && !text.startsWith('#'));
  expect(set.filter((text) => !text.endsWith('='))).toEqual([]);
  return set.map((text) => text.slice(0, -1));
}

test.each([
  'stile-settlement.service',
  'stile-gate.service',
  'stile-api@.service',
  'stile-worker@.service',
])('%s starts what exists', (name) => {
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

test('units of one settlement keep its data in one place, and differ in what they start', () => {
  const rest = (name: string) => read(name).slice(read(name).indexOf('UMask='));
  for (const name of ['stile-api@.service', 'stile-worker@.service']) {
    expect(read(name)).toContain('--data /var/lib/stile-settlement');
    expect(read(name)).toContain('EnvironmentFile=/etc/stile/shared.env');
    expect(rest(name)).toBe(rest('stile-settlement.service'));
  }
  const help = helpOf(['settlement', 'worker']);
  for (const name of variablesIn('shared.env')) {
    if (name !== 'STILE_SEED_KEY') expect(help).toContain(`env: ${name}`);
  }
  expect(variablesIn('shared.env')).toEqual(['STILE_DATABASE', 'STILE_REDIS', 'STILE_SEED_KEY']);
});

test('the environment file has names that settlement reads, and no key', () => {
  expect(variablesIn('settlement.env')).toEqual(['STILE_SEED_KEY']);
  expect(read('stile-settlement.service')).toContain('EnvironmentFile=-/etc/stile/settlement.env');
});

test('the proxy takes the largest body, hands on every stream of events, and names the client itself', () => {
  const proxy = read('nginx.conf');
  const megabytes = Number(/client_max_body_size (\d+)m;/.exec(proxy)?.[1]);
  expect(megabytes * 1024 * 1024).toBeGreaterThan(BATCH_BYTES_MAX);
  const streams = /location ~ (\S+) \{/.exec(proxy)?.[1] ?? '';
  const paths = [...events.matchAll(/'(\/v1\/[^']*events)'/g)].map(([, path]) => path ?? '');
  expect(paths).toHaveLength(2);
  expect(paths.filter((path) => !new RegExp(streams).test(path))).toEqual([]);
  const forwarded = proxy.match(/proxy_set_header X-Forwarded-For .*;/g) ?? [];
  expect(new Set(forwarded)).toEqual(new Set(['proxy_set_header X-Forwarded-For $remote_addr;']));
  expect(forwarded).toHaveLength(proxy.match(/proxy_pass /g)?.length ?? 0);
  expect(proxy.match(/server 127\.0\.0\.1:\d+;/g)?.length).toBeGreaterThan(1);
});
