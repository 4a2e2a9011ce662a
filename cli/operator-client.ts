/** What the operator asks of a running settlement: HTTP with the operator's token from the data directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callJson, type HttpMethod } from '@stile/host/http-client.ts';
import { Fault } from '@stile/protocol/fault.ts';

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
    return readFileSync(join(dataDir, 'operator-token'), 'utf8').trim();
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `there is no operator token in ${dataDir}; is it settlement's data directory?`,
      { cause: error },
    );
  }
}
