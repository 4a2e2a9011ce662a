/** Real `stile` processes before a settlement that runs: what every test of an operator's and a rider's commands stands on. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SettlementOptions } from '@stile/settlement/config.ts';
import {
  initSettlement,
  type Settlement,
  type SettlementConfig,
  startSettlement,
} from '@stile/settlement/main.ts';
import { pino } from 'pino';
import { afterAll, beforeAll, expect } from 'vitest';
import { type Ran, runStile } from './stile.ts';

/** What a good command prints, and nothing on standard error. */
export async function printed(args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runStile(args);
  expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: '' });
  return stdout;
}

export async function told<T>(args: readonly string[]): Promise<T> {
  return JSON.parse(await printed(args)) as T;
}

export type Where = { data: string; url: string };

/** An operator's commands, with the token of the data directory. */
export function operatorAt(where: () => Where) {
  const full = ([group = '', ...args]: readonly string[]) => {
    const { data, url } = where();
    const command = group === 'keys' ? [group, ...args] : ['settlement', group, ...args];
    return [...command, '--data', data, '--url', url];
  };
  return {
    operate: async <T>(args: readonly string[]) => await told<T>(full(args)),
    /** However it ends. */
    tryTo: (args: readonly string[]): Promise<Ran> => runStile(full(args)),
  };
}

/** A settlement in the test's own process, for all tests of a file. */
export function useSettlement(
  settings: SettlementOptions,
  config: Pick<SettlementConfig, 'seedKeys'> = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'stile-cli-'));
  const data = join(folder, 'data');
  let settlement: Settlement | undefined;
  beforeAll(async () => {
    await initSettlement(data, settings);
    const log = pino({ level: 'silent' });
    settlement = await startSettlement({ dataDir: data, port: 0, ...config }, { log });
  });
  afterAll(async () => {
    await settlement?.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const url = () => settlement?.url ?? 'not started';
  return {
    folder,
    url,
    /** Options of a rider's command. */
    phone: (name: string) => ['--phone', join(folder, `${name}.json`)],
    at: (other?: string) => ['--settlement', other ?? url()],
    rider: async <T>(name: string, args: readonly string[]) =>
      await told<T>(['rider', ...args, '--phone', join(folder, `${name}.json`)]),
    ...operatorAt(() => ({ data, url: url() })),
  };
}
