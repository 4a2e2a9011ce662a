/** The HTTP client before a small real server. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { callJson, callText, exchange, keepConnection, urlBelow } from './http-client.ts';

/** An HTTP server for one test; returns its address and what it was asked. */
async function serve(answer: RequestListener) {
  const seen: { method?: string; url?: string; headers: NodeJS.Dict<unknown>; body: string }[] = [];
  const ports: (number | undefined)[] = [];
  const server = createServer(async (request, response) => {
    const parts = (await request.toArray()) as Buffer[];
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, body: Buffer.concat(parts).toString() });
    ports.push(request.socket.remotePort);
    answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  onTestFinished(stop);
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, seen, ports, stop };
}

const say =
  (status: number, body: string): RequestListener =>
  (_request, response) => {
    response.writeHead(status);
    response.end(body);
  };

const GET = { method: 'GET', headers: {}, body: null, timeoutMs: 300_000, bytesMax: 10 } as const;

test('a path lies below its base, with or without a slash', () => {
  expect(urlBelow('http://a/b', 'v1/c').href).toBe('http://a/b/v1/c');
  expect(urlBelow('http://a/b/', 'v1/c').href).toBe('http://a/b/v1/c');
});

test('a call sends JSON with a bearer token and returns JSON', async () => {
  const { url, seen } = await serve(say(201, '{"n":1}'));
  expect(await callJson(url, 'v1/x', { body: { a: 'ä' }, token: 't0' })).toEqual({ n: 1 });
  expect(seen[0]).toMatchObject({ method: 'POST', url: '/v1/x', body: '{"a":"ä"}' });
  expect(seen[0]?.headers).toMatchObject({
    authorization: 'Bearer t0',
    'content-type': 'application/json',
    'content-length': '10',
  });
});

test('without a body it is a GET, without a type and a token; a method that is named is used', async () => {
  const { url, seen } = await serve(say(204, ''));
  expect(await callJson(url, 'v1/x')).toEqual({});
  expect(await callJson(url, 'v1/x', { method: 'DELETE' })).toEqual({});
  expect(seen.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
  expect(seen[0]?.headers).not.toHaveProperty('authorization');
  expect(seen[0]?.headers).not.toHaveProperty('content-type');
});

test.each([
  ['with its reason', 403, '{"message":"used"}', 'settlement refuses (403): used'],
  ['without one', 500, 'oops', 'settlement refuses (500): no reason given'],
  ['a redirection', 302, '', 'settlement refuses (302): no reason given'],
])('a refusal is said as one, %s', async (_name, status, body, message) => {
  const { url } = await serve(say(status, body));
  await expect(callJson(url, 'v1/x')).rejects.toMatchObject({ code: 'UPLINK_REFUSED', message });
});

test('text is returned as it came', async () => {
  const { url } = await serve(say(200, 'a.b.c\n'));
  expect(await callText(url, 'v1/x')).toBe('a.b.c\n');
});

test('nobody there, silence, too much and half a body are no response', async () => {
  const { url, stop } = await serve((request, response) => {
    if (request.url === '/long') response.end('x'.repeat(11));
    else if (request.url === '/half') {
      response.writeHead(200, { 'content-length': '8' });
      response.write('half', () => response.socket?.destroy());
    }
  });
  const unreachable = (why: RegExp) => ({
    code: 'UPLINK_UNREACHABLE',
    message: expect.stringMatching(
      new RegExp(`^settlement at ${url} does not answer: .*${why.source}`),
    ),
  });
  const call = (path: string, timeoutMs: number) =>
    callJson(url, path, { timeoutMs, bytesMax: 10 });
  await expect(call('long', 300_000)).rejects.toMatchObject(unreachable(/over 10 bytes/));
  await expect(call('half', 300_000)).rejects.toMatchObject(unreachable(/./));
  await expect(call('silent', 50)).rejects.toMatchObject(unreachable(/within 50 ms/));
  await expect(exchange(urlBelow(url, 'half'), GET)).rejects.toMatchObject({ sent: true });
  await stop();
  await expect(call('gone', 300_000)).rejects.toMatchObject(unreachable(/ECONNREFUSED/));
  await expect(exchange(urlBelow(url, 'gone'), GET)).rejects.toMatchObject({ sent: false });
});

test('a name with several addresses says why none of them answers', async () => {
  const { url, stop } = await serve(say(200, ''));
  await stop();
  const named = url.replace('127.0.0.1', 'localhost');
  await expect(callJson(named, 'v1/x')).rejects.toThrow(/does not answer: .*ECONNREFUSED/);
});

test('a kept connection serves one exchange after the other', async () => {
  const { url, ports } = await serve(say(200, '{}'));
  const connection = keepConnection(new URL(url));
  onTestFinished(() => connection.destroy());
  await callJson(url, 'v1/a', { connection });
  await callJson(url, 'v1/b', { connection });
  await callJson(url, 'v1/c');
  expect(ports[1]).toBe(ports[0]);
  expect(ports[2]).not.toBe(ports[0]);
});
