/**
 * Event streams that do not go as they should, over a real port: listeners that read nothing, leave, or
 * only knock. What is told to whom is in settlement/events.test.ts.
 */

import { connect, type Socket } from 'node:net';
import { fastifySSE } from '@fastify/sse';
import type { MovedClock } from '@stile/host/testing/moved-clock.ts';
import Fastify, { type FastifyInstance } from 'fastify';
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { OwnEvent, StoredEvent } from '../core/events/event-changes.ts';
import type { Store } from '../store/port.ts';
import { createTownClock } from '../testing/town.ts';
import { createAllowance } from './allowance.ts';
import type { ApiParts } from './api.ts';
import { createEventStreams, type EventStreams, STREAMS_PER_SUBJECT_MAX } from './event-streams.ts';
import { addEventRoutes, HEARTBEAT_MS, RECHECK_MS } from './events.ts';

const PATH = '/v1/merchants/me/events';

let app: FastifyInstance;
let streams: EventStreams;
let clock: MovedClock;
let isKnown: boolean | Error;
let sockets: Socket[];
let rows: StoredEvent[];
beforeEach(async () => {
  streams = createEventStreams();
  clock = createTownClock();
  isKnown = true;
  sockets = [];
  rows = [];
  const findMerchant = async () => {
    if (isKnown instanceof Error) throw isKnown;
    return isKnown ? { merchant: 'kiosk', name: 'Kiosk', blockedAtMs: null } : undefined;
  };
  const events: Pick<Store, 'listEvents' | 'findLatestEvents'> = {
    listEvents: async (_, { after, limit }) =>
      rows.filter(({ number }) => number > after).slice(0, limit),
    findLatestEvents: async ([subject = '']) => new Map([[subject, rows.length]]),
  };
  const allowances = { merchant: createAllowance(clock, 1_000) };
  const parts = {
    streams,
    clock,
    store: { findMerchant, ...events },
    allowances,
  } as unknown as ApiParts;
  const api = Fastify().withTypeProvider<ZodTypeProvider>();
  api.setValidatorCompiler(validatorCompiler);
  api.setSerializerCompiler(serializerCompiler);
  await api.register(fastifySSE, { heartbeatInterval: HEARTBEAT_MS });
  api.addHook('preClose', async () => streams.endAll());
  await api.register((scope, _options, done) => {
    addEventRoutes(scope.withTypeProvider<ZodTypeProvider>() as never, parts);
    done();
  });
  await api.listen({ port: 0, host: '127.0.0.1' });
  app = api;
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await app.close();
});

function portOf(): number {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('it listens on a port');
  return address.port;
}

/** A connection whose stream is open: the first event is there. It reads on only when told. */
async function listen(accept = 'text/event-stream'): Promise<Socket> {
  const socket = connect(portOf(), '127.0.0.1');
  // A listener that is cut off is what some of these tests are about.
  socket.on('error', () => undefined);
  sockets.push(socket);
  const head = `Host: x\r\nAuthorization: Bearer t\r\nAccept: ${accept}`;
  socket.write(`GET ${PATH} HTTP/1.1\r\n${head}\r\n\r\n`);
  const first = await new Promise<string>((read) => {
    socket.once('data', (bytes) => read(bytes.toString()));
  });
  socket.pause();
  expect(first).toMatch(/^HTTP\/1.1 200 /);
  return socket;
}

/** Reads on until the stream is over: its last chunk has come, or the connection has ended. */
function ended(socket: Socket): Promise<void> {
  return new Promise((done) => {
    let text = '';
    socket.on('data', (bytes) => {
      text = (text + bytes).slice(-5);
      if (text === '0\r\n\r\n') done();
    });
    socket.once('close', () => done());
    socket.resume();
  });
}

async function connections(): Promise<number> {
  return await new Promise((done, fail) => {
    app.server.getConnections((error, count) => (error ? fail(error) : done(count)));
  });
}

/** How many streams the merchant may still open. */
function roomLeft(): number {
  const leaves: (() => void)[] = [];
  for (;;) {
    const leave = streams.join(
      { subject: 'merchant:kiosk', address: 'x' },
      { wake: () => undefined, end: () => undefined },
    );
    if (leave === undefined) break;
    leaves.push(leave);
  }
  for (const leave of leaves) leave();
  return leaves.length;
}

const turn = () => new Promise((next) => setImmediate(next));
/** As large as no event is, to fill the system's buffers with few of them. */
function tellLarge(chars = 1_000_000): void {
  const event = { kind: 'PAYMENT', payment: { note: 'x'.repeat(chars) } };
  rows.push({ number: rows.length + 1, event: event as unknown as OwnEvent });
  streams.wake(['merchant:kiosk']);
}

test('a listener that reads nothing is cut off, and what waits for it is bounded', async () => {
  const socket = await listen();
  let told = 0;
  for (; roomLeft() < STREAMS_PER_SUBJECT_MAX && told < 200; told += 1) {
    tellLarge();
    await turn();
  }
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX);
  expect(told).toBeLessThan(200);
  await ended(socket);
});

test('a server that closes does not wait for a listener that reads nothing', async () => {
  await listen();
  // One event that the system's buffers cannot take: nothing has looked at what waits yet.
  tellLarge(50_000_000);
  await turn();
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX - 1);
  await app.close();
});

test('a stream that ends while nobody reads it leaves no connection behind', async () => {
  await listen();
  tellLarge(50_000_000);
  streams.end('merchant:kiosk');
  while ((await connections()) > 0) await turn();
});

test('a listener that leaves makes room, and hears nothing more', async () => {
  const socket = await listen();
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX - 1);
  socket.destroy();
  while (roomLeft() < STREAMS_PER_SUBJECT_MAX) await turn();
  tellLarge();
});

test('a stream goes on while its credential holds, and ends with it', async () => {
  const socket = await listen();
  for (let minutes = 0; minutes < 60; minutes += 1) {
    clock.advance(RECHECK_MS);
    await turn();
  }
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX - 1);
  isKnown = false;
  clock.advance(RECHECK_MS);
  await ended(socket);
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX);
});

test('what happens behind the end of a credential goes out no more, and ends the stream', async () => {
  const socket = await listen();
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  isKnown = false;
  tellLarge(10);
  await ended(socket);
  expect(text).not.toContain('PAYMENT');
});

test('a stream ends where nobody can say whether its credential holds', async () => {
  const socket = await listen();
  isKnown = new Error('the store is closed');
  clock.advance(RECHECK_MS);
  await ended(socket);
});

test.each(['text/event-stream', '*/*', 'application/json', 'text/event-stream;q=0'])(
  'a client that accepts %s gets the stream: there is nothing else here',
  async (accept) => {
    await listen(accept);
  },
);

test('HEAD opens no stream', async () => {
  const answer = await app.inject({ method: 'HEAD', url: PATH });
  expect(answer.statusCode).toBe(404);
  expect(roomLeft()).toBe(STREAMS_PER_SUBJECT_MAX);
});
