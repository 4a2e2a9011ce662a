/** What the operator asks of a running settlement: HTTP with the operator's token from the data directory. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { z } from 'zod';

const TIMEOUT_MS = 30_000;

export type OperatorClient = {
  ask(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>;
};

/** @throws Fault FILE_UNREADABLE where the directory has no operator token. */
export function createOperatorClient(url: string, dataDir: string): OperatorClient {
  const token = readToken(dataDir);
  const base = url.endsWith('/') ? url : `${url}/`;
  return {
    async ask(method, path, body) {
      let response: Response;
      try {
        response = await fetch(new URL(path, base), {
          method,
          headers: {
            authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
      } catch (error) {
        const cause = error instanceof Error && error.cause ? error.cause : error;
        throw new Fault(
          'UPLINK_UNREACHABLE',
          `settlement at ${url} does not answer (${describeError(cause)}). Is it running?`,
          error,
        );
      }
      const json: unknown = await response.json().catch(() => ({}));
      if (response.ok) return json;
      const message = z.object({ message: z.string() }).safeParse(json);
      throw new Fault(
        'UPLINK_REFUSED',
        `settlement refuses (${response.status}): ${message.success ? message.data.message : ''}`,
      );
    },
  };
}

function readToken(dataDir: string): string {
  try {
    return readFileSync(join(dataDir, 'operator-token'), 'utf8').trim();
  } catch (error) {
    throw new Fault(
      'FILE_UNREADABLE',
      `there is no operator token in ${dataDir}; is it settlement's data directory?`,
      error,
    );
  }
}
