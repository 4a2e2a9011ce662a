/**
 * One HTTP exchange with a time limit and a size limit, on node:http. Not `fetch`: that is six
 * megabytes more in a process that has a hundred, for what a gate does not need (redirects, pools).
 */
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

export type ExchangeOptions = {
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | null;
  /** For the whole exchange, from the first byte out to the last byte in. */
  timeoutMs: number;
  bytesMax: number;
};

export type Answer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
};

/** Rejects with a plain error where there is no whole answer in time, or one that is too long. */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Answer> {
  const { method, body, timeoutMs, bytesMax } = options;
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = {
    ...options.headers,
    ...(body === null ? {} : { 'content-length': String(body.length) }),
  };
  try {
    const response = await new Promise<IncomingMessage>((done, fail) => {
      // A connection of its own: a gate speaks rarely, and a stale pooled one fails at the worst time.
      const asked = send(url, { method, headers, signal, agent: false }, done);
      asked.once('error', fail);
      asked.end(body ?? undefined);
    });
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await readBounded(response, bytesMax),
    };
  } catch (error) {
    if (signal.aborted) throw new Error(`no whole answer within ${timeoutMs} ms`, { cause: error });
    throw error;
  }
}

async function readBounded(response: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    length += part.length;
    // Leaving the loop destroys the response, and with it the connection.
    if (length > bytesMax) throw new Error(`an answer of over ${bytesMax} bytes`);
    parts.push(part);
  }
  if (!response.complete) throw new Error('the answer broke off');
  return Buffer.concat(parts, length);
}
