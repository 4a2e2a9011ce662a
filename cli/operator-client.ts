/** How the operator's commands reach a running settlement: HTTP with the operator's token from the data directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callJson, type HttpMethod } from '@stile/host/http-client.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
/** In settlement's data directory; docs/operations.md says who may read it. */
const TOKEN_FILE = 'operator-token';

/** Which settlement, and the directory that has its operator's token. */
export type Target = { data: string; url: string };

export type OperatorClient = {
  call(method: HttpMethod, path: string, options?: { body?: unknown }): Promise<unknown>;
};

/** @throws Fault FILE_UNREADABLE if the directory has no operator token. */
export function createOperatorClient(url: string, dataDir: string): OperatorClient {
  const token = readToken(dataDir);
  return {
    call: (method, path, { body } = {}) => callJson(url, path, { method, token, body }),
  };
}

function readToken(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, TOKEN_FILE), 'utf8').trim();
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `there is no operator token in ${dataDir}; is it settlement's data directory?`,
      { cause: error },
    );
  }
}

/** For commands of an operator: each has its name, and options for which settlement is meant. */
export function operateOn(settlement: Command) {
  return (name: string, description: string): Command =>
    settlement
      .command(name)
      .description(description)
      .option('--data <dir>', 'data directory with the operator token', './settlement-data')
      .option('--url <url>', 'where settlement runs', DEFAULT_URL);
}

export function clientOf({ url, data }: Target): OperatorClient {
  if (!URL.canParse(url)) throw new Fault('REQUEST_INVALID', `${url} is not a URL`);
  return createOperatorClient(url, data);
}
