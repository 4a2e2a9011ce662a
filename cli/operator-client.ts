/** How the operator's commands reach a running settlement: HTTP with the operator's token from the data directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError } from '@stile/host/fault.ts';
import { callJson, type HttpMethod } from '@stile/host/http-client.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import type { Command } from 'commander';

export const DEFAULT_URL = 'http://127.0.0.1:8080';
/** In settlement's data directory; docs/operations.md says who may read it. */
const TOKEN_FILE = 'operator-token';
/** One word of what a header may carry. */
const TOKEN = /^[\w.~+/=-]{1,512}$/;

/** Which settlement, and whose token: a file, or that of the data directory. */
export type Target = { data: string; url: string; tokenFile?: string; plainHttp?: boolean };

export type OperatorClient = {
  call(method: HttpMethod, path: string, options?: { body?: unknown }): Promise<unknown>;
};

/** @throws Fault FILE_UNREADABLE if the directory has no operator token. */
export function createOperatorClient(url: string, dataDir: string): OperatorClient {
  return clientWith(url, readToken(join(dataDir, TOKEN_FILE)));
}

function clientWith(url: string, token: string): OperatorClient {
  return {
    call: (method, path, { body } = {}) => callJson(url, path, { method, token, body }),
  };
}

function readToken(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `no operator token in ${file}: ${describeSystemError(error) ?? describeError(error)}; is it in settlement's data directory?`,
      { cause: error },
    );
  }
  if (TOKEN.test(text)) return text;
  throw new Fault('FILE_UNREADABLE', `${file} holds no operator token: is it the right file?`);
}

/** For commands of an operator: each has its name, and options for which settlement is meant. */
export function operateOn(settlement: Command) {
  return (name: string, description: string): Command =>
    settlement
      .command(name)
      .description(description)
      .option('--data <dir>', 'data directory with the operator token', './settlement-data')
      .option('--token-file <file>', 'your own token instead; a named operator has one')
      .option('--url <url>', 'where settlement runs', DEFAULT_URL)
      .option('--plain-http', 'speak http to another machine: anybody on the way can read it');
}

/** Where the operator's own token is kept. */
function tokenFileOf({ data, tokenFile }: Target): string {
  return tokenFile ?? join(data, TOKEN_FILE);
}

export function clientOf(target: Target): OperatorClient {
  const { url, plainHttp = false } = target;
  if (!URL.canParse(url)) throw new Fault('REQUEST_INVALID', `${url} is not a URL`);
  refusePlainHttp(url, { isAllowed: plainHttp, setting: '--plain-http' });
  return clientWith(url, readToken(tokenFileOf(target)));
}
