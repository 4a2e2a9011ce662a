/**
 * What Node would answer by itself, or not at all, in the shape of every other refusal: bytes that are no
 * HTTP, headers that are too long or too slow, a tunnel, an expectation.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '@stile/host/clock.ts';
import { FAULT_TABLE, type FaultCode } from '@stile/protocol/fault.ts';
import { REFUSAL_STATUS, type RefusalCode } from '@stile/protocol/http/refusal.ts';
import type { Logger } from 'pino';

/** How long a refused connection may stay, for its refusal to be read. */
const LINGER_MS_MAX = 2_000;

type Spoken = { status: string; code: RefusalCode | FaultCode; message: string };

const NOT_HTTP: Spoken = {
  status: `${FAULT_TABLE.REQUEST_INVALID.status} Bad Request`,
  code: 'REQUEST_INVALID',
  message: 'this request is not HTTP',
};
const BY_CAUSE: Record<string, Spoken> = {
  HPE_HEADER_OVERFLOW: {
    status: `${REFUSAL_STATUS.HEADERS_TOO_LARGE} Request Header Fields Too Large`,
    code: 'HEADERS_TOO_LARGE',
    message: 'the path and headers are longer than settlement takes',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: `${FAULT_TABLE.BODY_TOO_LARGE.status} Content Too Large`,
    code: 'BODY_TOO_LARGE',
    message: 'the extensions of a chunk are longer than settlement takes',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: `${REFUSAL_STATUS.REQUEST_TOO_SLOW} Request Timeout`,
    code: 'REQUEST_TOO_SLOW',
    message: 'the request did not come whole in time',
  },
};
const TUNNEL: Spoken = {
  status: `${REFUSAL_STATUS.METHOD_REFUSED} Method Not Allowed`,
  code: 'METHOD_REFUSED',
  message: 'settlement is no proxy',
};

/** Requests of each connection whose responses are not over. */
type Open = WeakMap<Duplex, Set<ServerResponse>>;

export type Unreadable = {
  /** Fastify's own would log the bytes that came, with the credentials in them. */
  refuse(error: NodeJS.ErrnoException, socket: Duplex): void;
  watch(server: Server): void;
};

export function createUnreadable({ log, clock }: { log: Logger; clock: Clock }): Unreadable {
  const open: Open = new WeakMap();
  return {
    refuse(error, socket) {
      log.debug({ cause: error.code }, 'a request could not be read');
      if (error.code === 'ECONNRESET' || !socket.writable || isTaken(open.get(socket))) {
        socket.destroy();
        return;
      }
      speak(socket, { ...(BY_CAUSE[error.code ?? ''] ?? NOT_HTTP), clock });
    },
    watch(server) {
      server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
        const responses = open.get(request.socket) ?? new Set();
        open.set(request.socket, responses.add(response));
        response.once('close', () => responses.delete(response));
      });
      // A hook refuses it, behind the limits that hold for every request.
      server.on('checkExpectation', (request, response) => {
        server.emit('request', request, response);
      });
      server.on('connect', (_request, socket) => {
        socket.on('error', () => socket.destroy());
        speak(socket, { ...TUNNEL, clock });
      });
    },
  };
}

/** Whether what is written now would be read as a part of another response, or in the place of one. */
function isTaken(responses: ReadonlySet<ServerResponse> = new Set()): boolean {
  return [...responses].some(({ headersSent, req }) => headersSent || req.complete);
}

function speak(socket: Duplex, { status, code, message, clock }: Spoken & { clock: Clock }): void {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status}`,
    'connection: close',
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'content-type: application/json; charset=utf-8',
    `content-length: ${body.length}`,
  ];
  if (code === 'METHOD_REFUSED') head.push('allow: GET, HEAD, POST, PUT, DELETE');
  socket.once(
    'close',
    clock.alarm(clock.now().monoMs + LINGER_MS_MAX, () => socket.destroy()),
  );
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
