/** What `./scripts/demo --scale` goes by: who leads, whether what was lost is made good, and which servers it takes. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { newestFirst, postgresUrl } from '@stile/host/private-servers.ts';
import { expect, onTestFinished, test } from 'vitest';
import { Cable } from './cable.ts';
import type { Result } from './result.ts';
import { fenceOf, leaderOf } from './scale.ts';
import { isRide } from './statements.ts';
import { checksOfLosses } from './tables.ts';

const leads = (fence: number) => JSON.stringify({ msg: 'this process leads', fence });

test('who said last that it leads does, whatever else they log', () => {
  const first = { lines: ['Node says something', leads(1)] };
  const second = { lines: [JSON.stringify({ msg: 'listening', fence: 9 })] };
  expect(leaderOf([first, second])).toBe(first);
  expect(leaderOf([first, { lines: [leads(2)] }])?.lines).toEqual([leads(2)]);
  expect(leaderOf([{ lines: [leads(1), leads(3)] }, { lines: [leads(2)] }])?.lines).toHaveLength(2);
  expect(leaderOf([second])).toBeUndefined();
  expect(fenceOf('{"msg":"this process leads"}')).toBeUndefined();
});

test('a fare too many, a fare too few and a Redis that had nothing are wrong', () => {
  const losses = { worker: 'worker-1', leader: 'api-1', successor: 'api-2', redisKeys: 8 };
  const verdicts = (changed: Partial<NonNullable<Result['losses']>>) =>
    checksOfLosses({ ...losses, fares: { expected: 9, actual: 9 }, ...changed }).map(
      ({ ok }) => ok,
    );
  expect(verdicts({})).toEqual([true, true, true]);
  expect(verdicts({ fares: { expected: 9, actual: 10 } })).toEqual([true, true, false]);
  expect(verdicts({ fares: { expected: 9, actual: 8 } })).toEqual([true, true, false]);
  expect(verdicts({ redisKeys: 0 })).toEqual([true, false, true]);
  expect(verdicts({ successor: 'api-1' })).toEqual([false, true, true]);
  expect(checksOfLosses(null)).toEqual([]);
});

test("a statement's rides are those with a line, however they were paid", () => {
  expect(isRide({ line: 'L1', kind: 'ride' })).toBe(true);
  expect(isRide({ line: 'L1', kind: 'payment' })).toBe(true);
  expect(isRide({ line: 'L1', kind: 'refund' })).toBe(false);
  expect(isRide({ line: null, kind: 'payment' })).toBe(false);
});

test('the newest PostgreSQL, reached by the socket in its folder', () => {
  expect(newestFirst(['9', '17', '15'])).toEqual(['17', '15', '9']);
  expect(postgresUrl('/dev/shm/a b')).toBe(
    'postgres://stile@localhost/postgres?host=%2Fdev%2Fshm%2Fa%20b',
  );
});

test('a cable with two ends gives connections in turn, and to the other one if one is gone', async () => {
  const first = await startEnd('first');
  const second = await startEnd('second');
  const cable = new Cable(first.url, [second.url]);
  await cable.plug();
  onTestFinished(() => cable.unplug());
  const read = async () => await (await fetch(cable.url)).text();
  expect([await read(), await read(), await read()]).toEqual(['first', 'second', 'first']);
  await first.close();
  expect([await read(), await read(), await read()]).toEqual(['second', 'second', 'second']);
  expect(await Promise.all([read(), read(), read()])).toEqual(['second', 'second', 'second']);
});

/** Says its name to whoever asks, and hangs up. */
async function startEnd(name: string) {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      const head = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${name.length}`;
      socket.end(`${head}\r\n\r\n${name}`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a port has a number');
  const close = async () => void (await new Promise((done) => server.close(done)));
  onTestFinished(close);
  return { url: `http://127.0.0.1:${address.port}`, close };
}
