/**
 * What a request is told when it is not served: `{ code, message }`, always. Codes are stable. Faults
 * have their status in protocol/fault.ts, which is the only table for them; refusals that only this
 * API knows have theirs here.
 */
import type { Socket } from 'node:net';
import { FAULT_TABLE, Fault } from '@stile/protocol/fault.ts';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';

export const REFUSAL_STATUS = {
  GATE_UNKNOWN: 404,
  GATE_MISMATCH: 400,
  SEAL_BROKEN: 403,
  BATCH_MALFORMED: 400,
  CHAIN_BROKEN: 400,
  BATCH_TOO_LARGE: 413,
  DELTA_UNAVAILABLE: 410,
  TOKEN_REFUSED: 403,
  KEY_REFUSED: 400,
  KEY_TAKEN: 409,
  ACCOUNT_DENIED: 403,
  WALLET_FULL: 409,
  PAYMENT_UNKNOWN: 404,
  ORDER_UNKNOWN: 404,
  HANDLE_UNKNOWN: 404,
  MERCHANT_UNKNOWN: 404,
  KEY_REUSED: 409,
  AMOUNT_CHANGED: 409,
  TOO_MUCH: 409,
  TOO_MANY_STREAMS: 503,
  PAYMENT_CODES_OFF: 503,
  PAGES_NOT_BUILT: 503,
} as const;
export type RefusalCode = keyof typeof REFUSAL_STATUS;

const RETRY_AFTER_S = 1;
const INTERNAL = { status: 500, code: 'INTERNAL', message: 'settlement failed; its log says why' };

/** Thrown by routes, answered by `answerError`; never leaves the HTTP layer. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Statuses of what is no HTTP, too long a header, or too slow; anything else is the first. */
const UNREADABLE: Record<string, string> = {
  OTHER: '400 Bad Request',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Fastify's own would log the bytes that came, with the credentials in them. */
export function answerUnreadable(log: Logger) {
  return (error: NodeJS.ErrnoException, socket: Socket): void => {
    log.debug({ cause: error.code }, 'a request could not be read');
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const status = UNREADABLE[error.code ?? ''] ?? UNREADABLE.OTHER;
    const body = JSON.stringify({ code: 'REQUEST_INVALID', message: 'this request is not HTTP' });
    const head = `content-type: application/json\r\ncontent-length: ${body.length}`;
    socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\n${head}\r\n\r\n${body}`);
  };
}

type Answer = { status: number; code: string; message: string };

export function answerError(log: Logger) {
  return (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    const { status, code, message } = answerOf(error, request);
    if (status >= 500 && status !== 503) {
      log.error({ route: request.routeOptions.url, error: error.stack ?? error.message }, 'failed');
    }
    if (status === 503) void reply.header('retry-after', RETRY_AFTER_S);
    void reply.code(status).header('cache-control', 'no-store').send({ code, message });
  };
}

function answerOf(error: FastifyError | Error, request: FastifyRequest): Answer {
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
    return faultAnswer('REQUEST_INVALID', `${field}: ${issue?.message ?? 'does not fit'}`);
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status === 413) return tooLarge(request);
  if (status === 429) return faultAnswer('TOO_MANY_REQUESTS', error.message);
  if (status >= 400 && status < 500) return faultAnswer('REQUEST_INVALID', error.message);
  return INTERNAL;
}

function tooLarge(request: FastifyRequest): Answer {
  const message = 'the body is larger than this route takes';
  const isBatch = request.routeOptions.url?.endsWith('/batches') ?? false;
  if (!isBatch) return faultAnswer('BODY_TOO_LARGE', message);
  return { status: REFUSAL_STATUS.BATCH_TOO_LARGE, code: 'BATCH_TOO_LARGE', message };
}

function faultAnswer(code: keyof typeof FAULT_TABLE, message: string): Answer {
  return { status: FAULT_TABLE[code].status, code, message };
}
