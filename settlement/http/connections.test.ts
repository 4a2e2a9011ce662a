/** Connections that are only held open: so many in all, so many of one address, and room again behind each. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { capConnections } from './connections.ts';

const servers: Server[] = [];
const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

async function listen(limits: Partial<Parameters<typeof capConnections>[1]>): Promise<number> {
  const server = createServer();
  capConnections(server, {
    connectionsMax: 100,
    connectionsPerAddressMax: 100,
    trustedProxies: [],
    ...limits,
  });
  // It greets, so that a client knows that it was let in.
  server.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    if (!socket.destroyed) socket.write('hello');
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function open(port: number, localAddress = '127.0.0.1') {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  sockets.push(socket);
  socket.on('error', () => undefined);
  const isIn = await Promise.race([
    once(socket, 'data').then(() => true),
    once(socket, 'close').then(() => false),
  ]);
  return { isIn, socket };
}

test('one address has its share, another still gets in, and who leaves makes room', async () => {
  const port = await listen({ connectionsPerAddressMax: 2 });
  const first = await open(port);
  const outcomes = [first.isIn, (await open(port)).isIn, (await open(port)).isIn];
  expect(outcomes).toEqual([true, true, false]);
  expect((await open(port, '127.0.0.2')).isIn).toBe(true);
  first.socket.destroy();
  // The server has yet to hear that it has left.
  for (;;) if ((await open(port)).isIn) break;
});

test('in all there are so many, whoever they are of', async () => {
  const port = await listen({ connectionsMax: 2 });
  expect((await open(port)).isIn).toBe(true);
  expect((await open(port, '127.0.0.2')).isIn).toBe(true);
  expect((await open(port, '127.0.0.3')).isIn).toBe(false);
});

test('a trusted proxy brings more than one address may', async () => {
  const port = await listen({ connectionsPerAddressMax: 1, trustedProxies: ['127.0.0.0/30'] });
  expect((await open(port)).isIn).toBe(true);
  expect((await open(port)).isIn).toBe(true);
  expect((await open(port, '127.0.0.9')).isIn).toBe(true);
  expect((await open(port, '127.0.0.9')).isIn).toBe(false);
});
