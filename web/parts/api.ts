/**
 * Requests to settlement from a page: one request, a checked response, and two ways to fail that a page
 * has to tell apart: settlement said no, or nobody knows what it said.
 */
import { type RefusalBody, refusalSchema } from '@stile/protocol/http/refusal.ts';
import type { z } from 'zod';
import { alarmIn } from './clock.ts';
import { type ListenOptions, listen } from './events.ts';
import type { Net } from './net.ts';

const TIMEOUT_MS = 10_000;
export type Refusal = RefusalBody & { status: number };

/** Settlement's own refusal; final for this request. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  readonly code: string;

  constructor({ status, code, message }: Refusal) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** No response that can be believed: no network, a timeout, a server that failed on the way. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export type JsonRequest<T> = {
  schema: z.ZodType<T>;
  /** Default: POST with a body, else GET. */
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  token?: string;
  timeoutMs?: number;
};

export type Api = {
  /** @throws ApiRefusal or Unreachable, nothing else. */
  request<T>(path: string, request: JsonRequest<T>): Promise<T>;
  /** What lies at a path that anyone may read. @throws Unreachable. */
  readText(path: string): Promise<string>;
  /** Listens until the signal aborts or the credential is refused. Never throws. */
  listen<T>(options: ListenOptions<T>): Promise<void>;
};

export function createApi(net: Net): Api {
  return {
    async request(path, { schema, timeoutMs = TIMEOUT_MS, ...request }) {
      const { response, text } = await send(net, { path, init: initOf(request), timeoutMs });
      const json = parse(text);
      if (!response.ok) throw failureOf(response.status, json);
      const read = schema.safeParse(json);
      if (read.success) return read.data;
      throw new Unreachable('the response is not what settlement says', { cause: read.error });
    },
    async readText(path) {
      return (await send(net, { path, init: {}, timeoutMs: TIMEOUT_MS })).text;
    },
    listen: (options) => listen(net, options),
  };
}

function initOf({ method, body, token }: Omit<JsonRequest<unknown>, 'schema'>): RequestInit {
  return {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    cache: 'no-store',
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  };
}

type Sending = { path: string; init: RequestInit; timeoutMs: number };

/** The whole response, its text too, within the time. @throws Unreachable. */
async function send({ fetch, clock }: Net, { path, init, timeoutMs }: Sending) {
  const timeout = new AbortController();
  const cancel = alarmIn(clock, { ms: timeoutMs, fire: () => timeout.abort() });
  try {
    const response = await fetch(path, { ...init, signal: timeout.signal });
    return { response, text: await response.text() };
  } catch (error) {
    throw new Unreachable('settlement does not respond', { cause: error });
  } finally {
    cancel();
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new Unreachable('settlement does not respond', { cause: error });
  }
}

function failureOf(status: number, json: unknown): Error {
  const refusal = refusalSchema.safeParse(json);
  // A failure of the server or of a proxy says nothing about what was done.
  if (status >= 500 && status !== 503) return new Unreachable('settlement failed');
  if (!refusal.success) return new Unreachable(`response ${status} without a reason`);
  return new ApiRefusal({ status, ...refusal.data });
}
