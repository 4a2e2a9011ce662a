/** An HTTP server on the loopback that answers each path as a test tells it to, well or
 * badly, and keeps what it was asked. The lists it serves are the ones a test put into it.
 */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { concatBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import {
  type AuthorisationAnswer,
  type AuthorisationBody,
  authorisationBodySchema,
} from '@stile/protocol/http/gate-api.ts';
import { type Signer, signObject } from '@stile/protocol/signed.ts';
import { type DenyDelta, type DenyVersion, denyVersionOf } from '@stile/protocol/trust-list.ts';
import { onTestFinished } from 'vitest';
import { NOW_S, rootKey, signAsRoot } from './phone.ts';

export type SeenRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  body: Buffer;
};
export type Respond = (response: ServerResponse, asked: SeenRequest) => void;

export const TRUST_PATH = '/v1/trust-list';
export const DELTA_PATH = '/v1/gates/g1/deny-list/delta';
export const SNAPSHOT_PATH = '/v1/gates/g1/deny-list/snapshot';
export const PAYMENTS_PATH = '/v1/gates/g1/payments';

/** A plain answer: status, body, headers. */
export function say(
  status: number,
  body: string | Uint8Array = '',
  { headers = {} }: { headers?: Record<string, string> } = {},
): Respond {
  return (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** Never answers at all. */
export const hang: Respond = () => undefined;

/** Sends a first piece of a body and then nothing more, but leaves the line open. */
export const hangInBody: Respond = (response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('a beginning');
};

/** Sends a piece of what it announced, then cuts the line. */
export function cutOff(body: Uint8Array | string): Respond {
  return (response) => {
    const bytes = Buffer.from(body);
    response.writeHead(200, { 'content-length': String(bytes.length) });
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
      response.socket?.destroy();
    });
  };
}

/** Sends bytes for as long as anybody reads them. */
export const endless: Respond = (response) => {
  response.writeHead(200);
  const piece = Buffer.alloc(64 * 1024, 0x41);
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
};

/** Starts a server for one test; paths without an answer get 404. */
export async function startSettlement() {
  const responses = new Map<string, Respond>();
  const requests: SeenRequest[] = [];
  /** Of each request, the port that it came from: how many connections there were. */
  const ports: (number | undefined)[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://settlement');
      const { method = '', headers } = request;
      const { pathname: path, searchParams: query } = url;
      const question = { method, path, query, headers, body: Buffer.concat(parts) };
      requests.push(question);
      ports.push(request.socket.remotePort);
      (responses.get(path) ?? say(404, '{"message":"no such thing"}'))(response, question);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let stopped = false;
  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, responses, requests, ports, stop };
}

export type DenyStep = { head: DenyVersion; ids: readonly string[] };

export const NO_DENY: DenyStep = {
  head: {
    version: 0,
    count: 0,
    setDigest: EMPTY_SET_DIGEST,
    idsDigest: EMPTY_SET_DIGEST,
    salt: null,
  },
  ids: [],
};

/** A deny list of these ids under this version, salted by it. */
export function denyOf(version: number, ids: readonly string[]): DenyStep {
  const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, {
    adds: ids.map(idBytes),
    removes: [],
    sha256,
  });
  const salt = version === 0 ? null : version.toString(16).padStart(64, '0');
  return { head: denyVersionOf({ version, count: ids.length, idsDigest, salt }, sha256), ids };
}

/** The signed step between two lists; `changes` may make it lie. */
export function signDelta(
  before: DenyStep,
  after: DenyStep,
  { changes = {}, key = rootKey }: { changes?: Partial<DenyDelta>; key?: SigningKey } = {},
): Promise<string> {
  const delta: DenyDelta = {
    stile: 'deny-delta/1',
    from: before.head.version,
    ...after.head,
    adds: after.ids.filter((id) => !before.ids.includes(id)),
    removes: before.ids.filter((id) => !after.ids.includes(id)),
    issuedAtS: NOW_S,
    force: false,
    saneFrom: after.head.version,
    ...changes,
  };
  return signAsRoot('stile-deny-delta+jws', delta, { key });
}

/** A whole list as one file: signed head, LF, sorted ids. */
type SnapshotOptions = { force?: boolean; saneFrom?: number; by?: Signer };

export async function signSnapshot(
  list: DenyStep,
  { force = false, saneFrom = list.head.version, by }: SnapshotOptions = {},
): Promise<Uint8Array> {
  const body = concatBytes(...list.ids.toSorted().map(idBytes));
  const head = {
    stile: 'deny-snapshot/1',
    ...list.head,
    bodySha256: toHex(sha256(body)),
    issuedAtS: NOW_S,
    force,
    saneFrom,
  };
  const type = 'stile-deny-snapshot+jws';
  const jws = by === undefined ? await signAsRoot(type, head) : await signObject(type, head, by);
  return concatBytes(Buffer.from(`${jws}\n`), body);
}

export function requestIn({ body }: SeenRequest): AuthorisationBody {
  return authorisationBodySchema.parse(JSON.parse(body.toString()));
}

/** Says that this gate's question was paid with 3.20, signed; `changes` may make it lie. */
export function answerPaid(changes: Partial<AuthorisationAnswer> = {}, key = rootKey): Respond {
  return (response, request) => {
    const { gate, id } = requestIn(request);
    const answer: AuthorisationAnswer = {
      stile: 'gate-payment-answer/1',
      gate,
      id,
      outcome: 'PAID',
      reason: null,
      fareCents: 320,
      issuedAtS: NOW_S,
      ...changes,
    };
    const signed = signAsRoot('stile-gate-payment-answer+jws', answer, { key });
    void signed.then((jws) => say(200, jws)(response, request));
  };
}

/** Says, signed, that it was not paid and will not be. */
export function answerRefused(reason: AuthorisationAnswer['reason']): Respond {
  return answerPaid({ outcome: 'REFUSED', reason, fareCents: null });
}

function idBytes(hex: string): Uint8Array {
  const bytes = fromHex(hex, DENY_ID_BYTES);
  if (bytes === undefined) throw new Error(`${hex} is a deny id`);
  return bytes;
}
