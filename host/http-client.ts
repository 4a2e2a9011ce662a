/**
 * HTTP as every Node program here speaks it: one exchange with a time limit and a size limit, on node:http,
 * and one JSON call to settlement on top of it. Not `fetch`: that is six megabytes more in a gate's process
 * that has a hundred, for what nobody here needs (redirects, pools). The time limit is the transport's own,
 * on the system's timers.
 */
import {
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { describeError, Fault } from '@stile/protocol/fault.ts';
import { describeNetworkError } from './fault.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE';

export type ExchangeOptions = {
  method: HttpMethod;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | null;
  /** For the whole exchange, from the first byte out to the last byte in. */
  timeoutMs: number;
  bytesMax: number;
  /** Without it the exchange has a connection of its own: most programs here speak rarely. */
  connection?: KeptConnection;
};

export type HttpResponse = {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
};

/** One exchange; a gate's uplink takes it as a parameter, so that a test needs no socket. */
export type Exchange = (url: URL, options: ExchangeOptions) => Promise<HttpResponse>;

/** One connection that is kept open between exchanges, for those that a rider waits for. */
export type KeptConnection = PlainAgent;

export function keepConnection(url: URL): KeptConnection {
  const options = { keepAlive: true, maxSockets: 1 };
  return url.protocol === 'https:' ? new TlsAgent(options) : new PlainAgent(options);
}

/** There was no whole response. */
export class NoResponse extends Error {
  override readonly name = 'NoResponse';
  /** False if there was not even a connection, so that nothing can have been sent. */
  readonly sent: boolean;

  constructor(message: string, options: { sent: boolean; cause: unknown }) {
    super(message, { cause: options.cause });
    this.sent = options.sent;
  }
}

/** @throws NoResponse if there is no whole response in time, or one that is too long. */
export async function exchange(url: URL, options: ExchangeOptions): Promise<HttpResponse> {
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
      const request = send(url, { method, headers, signal, agent }, done);
      onConnected(request, {
        url,
        done: () => {
          sent = true;
        },
      });
      request.once('error', fail);
      request.end(body ?? undefined);
    });
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: await readBounded(response, bytesMax),
    };
  } catch (error) {
    const why = signal.aborted
      ? `no whole answer within ${timeoutMs} ms`
      : describeNetworkError(error);
    throw new NoResponse(why, { sent, cause: error });
  }
}

/** Nothing of a request is written before its connection stands. */
function onConnected(request: ClientRequest, { url, done }: { url: URL; done: () => void }): void {
  request.once('socket', (socket) => {
    if (request.reusedSocket || !socket.connecting) done();
    else socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', done);
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

const CALL_MS = 30_000;
const CALL_BYTES_MAX = 16 * 1024 * 1024;
const REFUSAL_CHARS_MAX = 1_000;

export type CallOptions = {
  /** POST if there is a body, else GET. */
  method?: HttpMethod;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as a bearer token. */
  token?: string | undefined;
  headers?: Readonly<Record<string, string>>;
  timeoutMs?: number;
  bytesMax?: number;
  connection?: KeptConnection;
};

/** `path` below `baseUrl`, whether or not that ends with a slash. */
export function urlBelow(baseUrl: string, path: string): URL {
  return new URL(path, baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
}

/**
 * One call to settlement.
 *
 * @example const { token } = schema.parse(await callJson(url, 'v1/sessions', { body: proof }));
 * @returns the JSON of a good response; an empty object if its body is no JSON, for a schema to refuse.
 * @throws Fault UPLINK_UNREACHABLE if there is no whole response, UPLINK_REFUSED if it is not a good one.
 */
export async function callJson(
  baseUrl: string,
  path: string,
  options: CallOptions = {},
): Promise<unknown> {
  return parseJson(await call(baseUrl, path, options));
}

/** The same for a response that is text. */
export async function callText(
  baseUrl: string,
  path: string,
  options: CallOptions = {},
): Promise<string> {
  return textOf(await call(baseUrl, path, options));
}

async function call(baseUrl: string, path: string, options: CallOptions): Promise<HttpResponse> {
  const response = await reach(baseUrl, urlBelow(baseUrl, path), options);
  const { status } = response;
  if (status >= 200 && status < 300) return response;
  const message = messageOf(parseJson(response)) ?? 'no reason given';
  throw new Fault('UPLINK_REFUSED', `settlement refuses (${status}): ${message}`);
}

async function reach(baseUrl: string, url: URL, options: CallOptions): Promise<HttpResponse> {
  const { body, token, timeoutMs = CALL_MS, bytesMax = CALL_BYTES_MAX, connection } = options;
  const { method = body === undefined ? 'GET' : 'POST' } = options;
  const headers: Record<string, string> = { ...options.headers };
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  const bytes = body === undefined ? null : new TextEncoder().encode(JSON.stringify(body));
  try {
    return await exchange(url, {
      method,
      headers,
      body: bytes,
      timeoutMs,
      bytesMax,
      ...(connection === undefined ? {} : { connection }),
    });
  } catch (error) {
    const why = describeError(error);
    throw new Fault('UPLINK_UNREACHABLE', `settlement at ${baseUrl} does not answer: ${why}`, {
      cause: error,
    });
  }
}

function textOf(response: HttpResponse): string {
  return new TextDecoder().decode(response.body);
}

function parseJson(response: HttpResponse): unknown {
  try {
    return JSON.parse(textOf(response));
  } catch {
    // A body that is not JSON says nothing; the status has said enough.
    return {};
  }
}

function messageOf(json: unknown): string | undefined {
  const message = json !== null && typeof json === 'object' && 'message' in json && json.message;
  return typeof message === 'string' ? message.slice(0, REFUSAL_CHARS_MAX) : undefined;
}
