/**
 * deploy/compose.yaml without its containers: each service is started here as it says, with its own command, environment
 * and health check, on a PostgreSQL and a Redis of the test's own.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { usePostgres } from '@stile/settlement/testing/postgres-server.ts';
import { openRedisServer } from '@stile/settlement/testing/redis-server.ts';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { told } from '../cli/testing/rig.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DATA = '/var/lib/stile-settlement';
/** A test key: never use it for anything else. */
const SEED_KEY = '5e'.repeat(32);

type Service = {
  command?: readonly string[];
  entrypoint?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  healthcheck?: { test: readonly string[] };
  depends_on?: Readonly<Record<string, { condition: string }>>;
  volumes?: readonly string[];
};

/** As Docker reads it: a value that names a variable has its text, also none. */
function servicesWith(variables: Readonly<Record<string, string>>): Record<string, Service> {
  const text = readFileSync(join(ROOT, 'deploy/compose.yaml'), 'utf8');
  const fill = (_key: unknown, value: unknown) =>
    typeof value === 'string' ? filled(value, variables) : value;
  return (parse(text, fill, { merge: true }) as { services: Record<string, Service> }).services;
}

function filled(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$\{(\w+)(?::([-?])([^}]*))?\}/g,
    (_all, name: string, kind: string | undefined, words = '') => {
      const value = variables[name] ?? '';
      if (value !== '') return value;
      if (kind === '?') throw new Error(`${name}: ${words}`);
      return words;
    },
  );
}

const server = usePostgres();

type Running = { child: ChildProcess; says(words: RegExp): Promise<RegExpExecArray> };

function run(command: readonly string[], environment: Readonly<Record<string, string>>): Running {
  const [program = '', ...args] = command;
  const env = { ...process.env, ...environment };
  const child = spawn(program, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
  let text = '';
  for (const output of [child.stdout, child.stderr]) {
    output.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  return {
    child,
    async says(words) {
      await expect.poll(() => text, { interval: 50, timeout: 25_000 }).toMatch(words);
      const found = words.exec(text);
      if (found === null) throw new Error('it was there');
      return found;
    },
  };
}

const program = (args: readonly string[]) => [process.execPath, 'cli/main.ts', ...args];

test('a password has to be made; payment codes and the gate may wait', () => {
  expect(() => servicesWith({})).toThrow(/STILE_POSTGRES_PASSWORD: make one/);
  const { postgres, 'api-1': api, gate } = servicesWith({ STILE_POSTGRES_PASSWORD: 'secret' });
  expect(postgres?.environment?.POSTGRES_PASSWORD).toBe('secret');
  const database = 'postgres://stile:secret@postgres:5432/stile';
  expect(api?.environment).toMatchObject({ STILE_DATABASE: database, STILE_SEED_KEY: '' });
  expect(gate?.environment?.STILE_GATE_TOKEN).toBe('');
});

test('every process starts as its service says, and a picture comes through the virtual gate', async () => {
  const redis = await openRedisServer();
  onTestFinished(() => redis.close());
  const folder = scratchDir();
  const data = join(folder, 'settlement');
  const services = servicesWith({ STILE_POSTGRES_PASSWORD: 'secret', STILE_SEED_KEY: SEED_KEY });
  const [STILE_DATABASE, STILE_REDIS] = [await server.emptyDatabase(), redis.url];
  const start = (name: string) => {
    const { command = [], environment } = services[name] ?? {};
    // A port that is free here, whatever it is in the container.
    const args = command.map((word) => (word === DATA ? data : word === '8080' ? '0' : word));
    return run(program(args), { ...environment, STILE_DATABASE, STILE_REDIS });
  };
  const first = start('api-1');
  const [, port = ''] = await first.says(/"url":"http:\/\/[\d.]+:(\d+)","msg":"listening"/);
  const [, , ...check] = services['api-1']?.healthcheck?.test ?? [];
  const checked = check.map((word) => word.replace('8080', port));
  await promisify(execFile)(process.execPath, checked);
  await start('api-2').says(/"msg":"listening"/);
  await start('worker-1').says(/"msg":"working"/);
  await start('worker-2').says(/"msg":"working"/);

  const url = `http://127.0.0.1:${port}`;
  const add = `settlement add-gate --gate G1 --line L1 --data ${data} --url ${url}`;
  await told(`settlement set-fare L1 --fare 2.50 --data ${data} --url ${url}`.split(' '));
  const { token } = await told<{ token: string }>(add.split(' '));
  const { entrypoint = [], environment } = services.gate ?? {};
  const pictures = join(folder, 'pictures');
  for (const dir of ['gate', 'ports', 'pictures']) mkdirSync(join(folder, dir), { mode: 0o700 });
  const gate = run(entrypoint, {
    ...environment,
    PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
    STILE_SETTLEMENT: url,
    STILE_GATE_TOKEN: token,
    STILE_GATE_DATA: join(folder, 'gate'),
    STILE_GATE_PORTS: join(folder, 'ports'),
    STILE_GATE_PICTURES: pictures,
  });
  await gate.says(/"msg":"ready"/);
  await gate.says(/watching/);
  copyFileSync(join(ROOT, 'fixtures/pictures/clean-suite-0.png'), join(pictures, 'code.png'));
  await gate.says(/refus/i);
});

test('what a service waits for exists, and one alone makes the data directory', () => {
  const services = servicesWith({ STILE_POSTGRES_PASSWORD: 'secret' });
  for (const [name, { depends_on = {}, volumes = [] }] of Object.entries(services)) {
    for (const other of Object.keys(depends_on)) {
      expect(services[other]?.healthcheck, `${name} waits for ${other}`).toBeDefined();
    }
    const isSettlement = volumes.includes(`settlement:${DATA}`);
    if (isSettlement && name !== 'api-1') expect(Object.keys(depends_on)).toEqual(['api-1']);
  }
});
