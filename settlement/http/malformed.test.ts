/** Whatever is wrong with a request, down to its bytes, its refusal has one shape: a code and words. */
import { connect } from 'node:net';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedTown } from '../testing/town.ts';

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open();
});
afterAll(async () => {
  await town.close();
});

/** Everything that comes back until the connection ends. */
async function send(text: string): Promise<string> {
  const { port } = new URL(town.settlement.url);
  return await new Promise<string>((done) => {
    let received = '';
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
    socket.on('data', (bytes) => {
      received += bytes;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => done(received));
  });
}

type Lines = { first: string; headers?: readonly string[]; body?: string };
const END = 'connection: close';

function requestOf({ first, headers = ['host: a', END], body = '' }: Lines): string {
  return `${first}\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

const post = (headers: readonly string[], body: string): Lines => ({
  first: 'POST /v1/sessions HTTP/1.1',
  headers: ['host: a', END, `content-length: ${body.length}`, ...headers],
  body,
});
const JSON_TYPE = 'content-type: application/json';

test.each<[what: string, lines: Lines, status: number, code: string]>([
  ['a path that is no UTF-8', { first: 'GET /v1/gates/%ff HTTP/1.1' }, 400, 'REQUEST_INVALID'],
  ['half an escape', { first: 'GET /v1/orders/%4 HTTP/1.1' }, 400, 'REQUEST_INVALID'],
  [
    'a name that is too long',
    { first: `GET /v1/orders/${'a'.repeat(500)} HTTP/1.1` },
    414,
    'PATH_TOO_LONG',
  ],
  ['no host', { first: 'GET /v1/health HTTP/1.1', headers: [END] }, 400, 'REQUEST_INVALID'],
  [
    'two hosts',
    { first: 'GET /v1/health HTTP/1.1', headers: ['host: a', 'host: b', END] },
    400,
    'REQUEST_INVALID',
  ],
  ['no such route', { first: 'GET /v1/nothing HTTP/1.1' }, 404, 'NOT_FOUND'],
  ['another method', { first: 'DELETE /v1/health HTTP/1.1' }, 405, 'METHOD_REFUSED'],
  ['a tunnel', { first: 'CONNECT a:443 HTTP/1.1' }, 405, 'METHOD_REFUSED'],
  [
    'another expectation',
    { first: 'GET /v1/health HTTP/1.1', headers: ['host: a', 'expect: tea', END] },
    417,
    'EXPECTATION_REFUSED',
  ],
  [
    'headers without an end',
    { first: 'GET / HTTP/1.1', headers: ['host: a', `x-long: ${'a'.repeat(20_000)}`] },
    431,
    'HEADERS_TOO_LARGE',
  ],
  ['no HTTP at all', { first: 'good morning' }, 400, 'REQUEST_INVALID'],
  ['no JSON', post([JSON_TYPE], '{'), 400, 'REQUEST_INVALID'],
  ['no body', post([JSON_TYPE], ''), 400, 'REQUEST_INVALID'],
  ['another media type', post(['content-type: text/html'], '<p>'), 415, 'MEDIA_TYPE_REFUSED'],
  ['a body that is too long', post([JSON_TYPE], ' '.repeat(17_000)), 413, 'BODY_TOO_LARGE'],
  [
    'a length that is no number',
    {
      first: 'POST /v1/sessions HTTP/1.1',
      headers: ['host: a', JSON_TYPE, 'content-length: many'],
      body: '{}',
    },
    400,
    'REQUEST_INVALID',
  ],
  ['two lengths', post([JSON_TYPE, 'transfer-encoding: chunked'], '{}'), 400, 'REQUEST_INVALID'],
])('%s', async (_what, lines, status, code) => {
  const response = await send(requestOf(lines));
  const [head = '', body = ''] = response.split('\r\n\r\n');
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(head).toMatch(/^content-type: application\/json/im);
  expect(head).toMatch(/^cache-control: no-store/im);
  expect(head).toMatch(/^x-content-type-options: nosniff/im);
  const refusal = JSON.parse(body) as unknown;
  expect(Object.keys(refusal as object).sort()).toEqual(['code', 'message']);
  expect(refusalSchema.parse(refusal)).toMatchObject({ code });
});

test('a refused method is told with those that there are', async () => {
  const response = await send(requestOf({ first: 'DELETE /v1/health HTTP/1.1' }));
  expect(response).toMatch(/^allow: GET, HEAD\r$/im);
});
