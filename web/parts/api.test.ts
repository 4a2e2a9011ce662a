/** Requests and events against a real server: refusals are told from responses that nobody can believe. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ApiRefusal, createApi, Unreachable } from './api.ts';
import { browserClock } from './clock.ts';
import { browserFetch } from './net.ts';

const api = createApi({ fetch: browserFetch, clock: browserClock });

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(respond: RequestListener): Promise<string> {
  server = createServer(respond);
  await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const schema = z.object({ n: z.int() });

describe('a request', () => {
  test('sends body and credential, and checks what comes back', async () => {
    const url = await serve((request, response) => {
      const { method, headers } = request;
      const isRight = method === 'POST' && headers.authorization === 'Bearer t';
      response.end(JSON.stringify({ n: isRight ? 1 : 0 }));
    });
    expect(await api.request(url, { schema, body: {}, token: 't' })).toEqual({ n: 1 });
  });

  test.each([
    [409, { code: 'KEY_REUSED', message: 'no' }, ApiRefusal],
    [503, { code: 'PAYMENT_CODES_OFF', message: 'no' }, ApiRefusal],
    [500, { code: 'INTERNAL', message: 'failed' }, Unreachable],
    [502, 'a proxy', Unreachable],
    [404, 'not ours', Unreachable],
    [200, { n: 'one' }, Unreachable],
    [200, 'no JSON', Unreachable],
  ])('a response %i %j is told apart', async (status, body, kind) => {
    const url = await serve((_request, response) => {
      response.statusCode = status;
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await expect(api.request(url, { schema })).rejects.toBeInstanceOf(kind);
  });

  test('a broken connection and a silent server are both unreachable', async () => {
    const broken = await serve((request) => request.socket.destroy());
    await expect(api.request(broken, { schema })).rejects.toBeInstanceOf(Unreachable);
    const silent = await serve(() => undefined);
    await expect(api.request(silent, { schema, timeoutMs: 50 })).rejects.toBeInstanceOf(
      Unreachable,
    );
  });
});

describe('listening', () => {
  test('hears events of its own shape, and stops at its signal', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: OPEN\ndata: {"kind":"OPEN"}\n\n: heartbeat\n\n');
      response.write('event: N\ndata: {"n":1}\n\nevent: X\ndata: nonsense\n\n');
      response.write('event: N\ndata: {"n":2}\n\n');
    });
    const controller = new AbortController();
    const events: number[] = [];
    const states: string[] = [];
    await api.listen({
      path: url,
      token: 't',
      schema,
      signal: controller.signal,
      onState: (state) => states.push(state),
      onEvent: ({ n }) => {
        events.push(n);
        if (n === 2) controller.abort();
      },
    });
    expect(events).toEqual([1, 2]);
    expect(states).toEqual(['open']);
  });

  test('connects again after a break, and gives up when the credential is refused', async () => {
    let requests = 0;
    const url = await serve((_request, response) => {
      requests += 1;
      if (requests === 2) response.statusCode = 401;
      response.end('event: N\ndata: {"n":1}\n\n');
    });
    const states: string[] = [];
    const { signal } = new AbortController();
    const onEvent = () => undefined;
    const onState = (state: string) => states.push(state);
    await api.listen({ path: url, token: 't', schema, signal, onEvent, onState });
    expect(states).toEqual(['broken', 'refused']);
  });
});
