/**
 * One HTTP exchange with a time limit and a size limit, on node:http. Not `fetch`: that is six
 * megabytes more in a process that has a hundred, for what a gate does not need (redirects, pools).
 */
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { describeError } from '@stile/protocol/fault.ts';

export type ExchangeOptions = {
  method: 'GET' | 'POST';
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | null;
  /** For the whole exchange, from the first byte out to the last byte in. */
  timeoutMs: number;
  bytesMax: number;
  /** Without it the exchange has a connection of its own: a gate speaks rarely. */
  connection?: KeptConnection;
};

/** One connection that is kept open between exchanges, for those that a rider waits for. */
export type KeptConnection = PlainAgent;

export function keepConnection(url: URL): KeptConnection {
  const options = { keepAlive: true, maxSockets: 1 };
  return url.protocol === 'https:' ? new TlsAgent(options) : new PlainAgent(options);
}

/** There was no whole answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
  /** False where there was not even a connection, so that nothing can have been sent. */
  readonly sent: boolean;

  constructor(message: string, sent: boolean, cause: unknown) {
    super(message, { cause });
    this.sent = sent;
  }
}

export type Answer = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
};

/** @throws NoAnswer where there is no whole answer in time, or one that is too long. */
export async function exchange(url: URL, options: ExchangeOptions): Promise<Answer> {
  const { method, body, timeoutMs, bytesMax, connection: agent = false } = options;
  const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
  const signal = AbortSignal.timeout(timeoutMs);
  const headers = {
    ...options.headers,
    ...(body === null ? {} : { 'content-length': String(body.length) }),
  };
  let sent = false;
  try {
    const response = await new Promise<IncomingMessage>((done, fail) => {
      const asked = send(url, { method, headers, signal, agent }, done);
      onConnected(asked, url, () => {
        sent = true;
      });
      asked.once('error', fail);
      asked.end(body ?? undefined);
    });
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await readBounded(response, bytesMax),
    };
  } catch (error) {
    const why = signal.aborted ? `no whole answer within ${timeoutMs} ms` : describeError(error);
    throw new NoAnswer(why, sent, error);
  }
}

/** Nothing of a request is written before its connection stands. */
function onConnected(asked: ClientRequest, url: URL, then: () => void): void {
  asked.once('socket', (socket) => {
    if (asked.reusedSocket || !socket.connecting) then();
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', then);
  });
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
