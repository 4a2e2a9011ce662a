/** Over bare sockets: what is refused counts, is the last thing that a connection gets, and ends it in time. */
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScriptedTown } from '../testing/town.ts';

/** A refused connection is gone by then, whatever its client does. */
const CLOSED_MS_MAX = 2_000;

let town: ScriptedTown;
beforeAll(async () => {
  town = await ScriptedTown.open();
});
afterAll(async () => {
  await town.close();
});

type Opened = { socket: Socket; received: () => string; closed: Promise<void> };

function open(of: ScriptedTown, { isStubborn = false } = {}): Opened {
  const { port } = new URL(of.settlement.url);
  let text = '';
  // Whoever ends first, this client does not follow.
  const socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: isStubborn });
  socket.on('data', (bytes) => {
    text += bytes;
  });
  socket.on('error', () => undefined);
  const closed = new Promise<void>((done) => socket.once('close', () => done()));
  return { socket, received: () => text, closed };
}

async function send(text: string, of = town): Promise<string> {
  const { socket, received, closed } = open(of);
  socket.write(text);
  await closed;
  return received();
}

const nextConnection = () =>
  new Promise<Socket>((done) => town.settlement.api.server.once('connection', done));
const turn = () => new Promise<void>((resume) => setImmediate(resume));
const answersIn = (text: string) =>
  [...text.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, code]) => code);
const chunked = (body: string) =>
  `POST /v1/sessions HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${body}`;
const NEXT = 'GET /v1/health HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';

test.each<[what: string, text: string, status: string, code: string]>([
  ['a chunk whose size is no number', chunked('zz\r\n{}\r\n0\r\n\r\n'), '400', 'REQUEST_INVALID'],
  ['a chunk without an end', chunked('2\r\n{}xx0\r\n\r\n'), '400', 'REQUEST_INVALID'],
  [
    'extensions of a chunk that never end',
    chunked(`2;${'a'.repeat(40_000)}\r\n{}\r\n0\r\n\r\n`),
    '413',
    'BODY_TOO_LARGE',
  ],
  ['no HTTP', 'good morning\r\n\r\n', '400', 'REQUEST_INVALID'],
  [
    'a head that is too long',
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`,
    '431',
    'HEADERS_TOO_LARGE',
  ],
])(
  '%s is refused once, and what is behind it gets no answer',
  async (_what, text, status, code) => {
    const received = await send(text + NEXT + NEXT);
    expect(answersIn(received)).toEqual([status]);
    expect(JSON.parse(received.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code });
  },
);

test('100-continue is met, and HTTP/1.0 needs no host', async () => {
  const head = 'POST /v1/challenges HTTP/1.1\r\nhost: a\r\nconnection: close\r\n';
  const body =
    'expect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}';
  const [first] = answersIn(await send(head + body));
  expect(['100', '200', '201']).toContain(first);
  expect(answersIn(await send('GET /v1/health HTTP/1.0\r\n\r\n'))).toEqual(['200']);
});

test.each([
  ['goes on sending', 'and more of it '.repeat(100)],
  ['stays silent', ''],
])('a refused client that %s and never hangs up is cut off in time', async (_what, more) => {
  const arrived = nextConnection();
  const { socket, received } = open(town, { isStubborn: true });
  // What a silent client sees of it is nothing: it is settlement that must hold the connection no longer.
  const ours = await arrived;
  socket.write('good morning\r\n\r\n');
  while (answersIn(received()).length === 0) await turn();
  expect(ours.closed).toBe(false);
  // By the settlement's own clock, which the test moves.
  town.clock.advance(CLOSED_MS_MAX);
  while (!ours.closed) {
    if (more !== '') socket.write(more);
    await turn();
  }
  expect(answersIn(received())).toEqual(['400']);
  socket.destroy();
});

test.each([
  ['head', 'GET /v1/health HTTP/1.1\r\nhost: a\r\n'],
  ['body', `${chunked('').replace('transfer-encoding: chunked', 'content-length: 20')}{`],
])('a %s that does not come whole in time is refused as too slow', async (_what, text) => {
  const arrived = nextConnection();
  const { socket, received, closed } = open(town);
  socket.write(text);
  // What Node says of it after half a minute, said now.
  const error = Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
  town.settlement.api.server.emit('clientError', error, await arrived);
  await closed;
  expect(answersIn(received())).toEqual(['408']);
  expect(received()).toContain('"code":"REQUEST_TOO_SLOW"');
});

test('what leads to no route counts as every request does', async () => {
  const limited = await ScriptedTown.open({ settings: { http: { requestsPerMinute: 3 } } });
  try {
    const paths = ['/v1/orders/%4', `/v1/orders/${'a'.repeat(500)}`, '/v1/nothing'];
    const responses: string[] = [];
    for (const path of [...paths, ...paths]) {
      const ask = `GET ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
      responses.push(await send(ask, limited));
    }
    expect(responses.flatMap(answersIn)).toEqual(['400', '414', '404', '429', '429', '429']);
    for (const response of responses.slice(3)) {
      expect(response).toMatch(/^retry-after: \d+\r$/im);
      expect(response).toContain('"code":"TOO_MANY_REQUESTS"');
    }
  } finally {
    await limited.close();
  }
});
