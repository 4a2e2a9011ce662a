/**
 * Asking settlement from a page: one request, a checked answer, and two ways to fail that a page has to
 * tell apart — settlement said no, or nobody knows what it said.
 */
import { z } from 'zod';

const TIMEOUT_MS = 10_000;
const refusalSchema = z.object({ code: z.string(), message: z.string() });

/** Settlement's own refusal; final for this request. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** No answer that can be believed: no network, a timeout, a server that failed on the way. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

export type Ask = {
  method?: 'GET' | 'POST' | 'DELETE';
  body?: unknown;
  token?: string;
  timeoutMs?: number;
};

/** @throws ApiRefusal or Unreachable, nothing else. */
export async function askJson<T>(schema: z.ZodType<T>, path: string, ask: Ask = {}): Promise<T> {
  const { body, token, timeoutMs = TIMEOUT_MS } = ask;
  const method = ask.method ?? (body === undefined ? 'GET' : 'POST');
  const headers = {
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  let response: Response;
  let json: unknown;
  try {
    response = await fetch(path, {
      ...{ method, headers, cache: 'no-store', signal: AbortSignal.timeout(timeoutMs) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    json = text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new Unreachable('settlement does not answer', { cause: error });
  }
  if (response.ok) {
    const read = schema.safeParse(json);
    if (read.success) return read.data;
    throw new Unreachable('the answer is not what settlement says', { cause: read.error });
  }
  const refusal = refusalSchema.safeParse(json);
  // A failure of the server or of a proxy says nothing about what was done.
  if (response.status >= 500 && response.status !== 503) throw new Unreachable('settlement failed');
  if (!refusal.success) throw new Unreachable(`answer ${response.status} without a reason`);
  throw new ApiRefusal(response.status, refusal.data.code, refusal.data.message);
}
