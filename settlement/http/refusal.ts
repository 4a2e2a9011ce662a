/**
 * What a request that is not served gets: `{ code, message }`, always. The codes and their statuses are in
 * protocol/http/refusal.ts, those of faults in protocol/fault.ts; here they become responses.
 */
import { FAULT_TABLE, Fault } from '@stile/protocol/fault.ts';
import {
  REFUSAL_STATUS,
  type RefusalBody,
  type RefusalCode,
} from '@stile/protocol/http/refusal.ts';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';

const RETRY_AFTER_S = 1;
const INTERNAL = { status: 500, code: 'INTERNAL', message: 'settlement failed; its log says why' };

/** Thrown by routes, answered by `respondRefused`; never leaves the HTTP layer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What Fastify and its plugins refuse by themselves, by status: theirs are other words for each version. */
const OF_LIBRARIES: Record<number, RefusalBody & { code: RefusalCode }> = {
  414: { code: 'PATH_TOO_LONG', message: 'a part of the path is longer than any name here' },
  415: { code: 'MEDIA_TYPE_REFUSED', message: 'this route takes no body of this content-type' },
};

type RefusalResponse = RefusalBody & { status: number };

export function respondRefused(
  reply: FastifyReply,
  { error, request, log }: { error: FastifyError | Error; request: FastifyRequest; log: Logger },
): void {
  const { status, code, message } = refusalOf(error, request);
  if (status >= 500 && status !== 503) {
    log.error({ route: request.routeOptions.url, error: error.stack ?? error.message }, 'failed');
  }
  if (status === 503) void reply.header('retry-after', RETRY_AFTER_S);
  // Also what is refused before the hooks that set the headers of every response.
  void reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  void reply.code(status).send({ code, message });
}

function refusalOf(error: FastifyError | Error, request: FastifyRequest): RefusalResponse {
  if (error instanceof Refusal) {
    return { status: REFUSAL_STATUS[error.code], code: error.code, message: error.message };
  }
  if (error instanceof Fault) {
    const { status } = FAULT_TABLE[error.code];
    const isOurs = status >= 500 && error.code !== 'UPLINK_BUSY';
    return { status, code: error.code, message: isOurs ? INTERNAL.message : error.message };
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const issue = error.validation[0];
    const field = issue?.instancePath.replace(/^\//, '').replaceAll('/', '.') || 'body';
    return ofFault('REQUEST_INVALID', `${field}: ${issue?.message ?? 'does not fit'}`);
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status === 413) return tooLarge(request);
  const known = OF_LIBRARIES[status];
  if (known !== undefined) return { status, ...known };
  if (status === 429) return ofFault('TOO_MANY_REQUESTS', error.message);
  if ('code' in error && error.code === 'FST_ERR_BAD_URL') {
    return ofFault('REQUEST_INVALID', 'the path is no valid part of a URL');
  }
  if (status >= 400 && status < 500) return ofFault('REQUEST_INVALID', error.message);
  return INTERNAL;
}

function tooLarge(request: FastifyRequest): RefusalResponse {
  const message = 'the body is larger than this route takes';
  const isBatch = request.routeOptions.url?.endsWith('/batches') ?? false;
  if (!isBatch) return ofFault('BODY_TOO_LARGE', message);
  return { status: REFUSAL_STATUS.BATCH_TOO_LARGE, code: 'BATCH_TOO_LARGE', message };
}

function ofFault(code: keyof typeof FAULT_TABLE, message: string): RefusalResponse {
  return { status: FAULT_TABLE[code].status, code, message };
}
