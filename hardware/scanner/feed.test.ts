/** The feed from outside: who may play, what, how much. */
import { systemRandom } from '@stile/host/random.ts';
import { createMovedClock, type MovedClock } from '@stile/host/testing/moved-clock.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FEED_TEXT_BYTES_MAX, type Feed, openFeed } from './feed.ts';

let feed: Feed;
let played: string[];
let clock: MovedClock;
beforeEach(async () => {
  played = [];
  clock = createMovedClock({ wallMs: 0, monoMs: 0 });
  const play = async (text: string) => {
    played.push(text);
    return text === 'heard' ? { verdict: 'refuse', reason: 'REPLAY' } : null;
  };
  feed = await openFeed({ port: 0, play, clock, random: systemRandom });
});
afterEach(async () => {
  await feed.close();
});

const post = async (
  body: string,
  { headers = {}, url = feed.url }: { headers?: Record<string, string>; url?: string } = {},
) => (await fetch(url, { method: 'POST', body, headers })).status;

test('a posted text is played as it is', async () => {
  expect(await post('TC1: A $', { headers: { origin: 'http://localhost:8080' } })).toBe(204);
  expect(played).toEqual(['TC1: A $']);
});

test('what the gate has said of it is the answer', async () => {
  const response = await fetch(feed.url, { method: 'POST', body: 'heard' });
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ verdict: 'refuse', reason: 'REPLAY' });
});

test.each([
  ['another key', () => post('x', { url: feed.url.replace(/.$/, '_') })],
  ['no key', () => post('x', { url: new URL('/', feed.url).href })],
])('%s is not found', async (_name, postIt) => {
  expect(await postIt()).toBe(404);
  expect(played).toEqual([]);
});

test.each(['https://evil.example', 'http://localhost.evil.example', 'null'])(
  'a page of %s may not play',
  async (origin) => {
    expect(await post('x', { headers: { origin } })).toBe(403);
    expect(played).toEqual([]);
  },
);

test('a text with a line end, none, or too long a one is refused', async () => {
  expect(await post('a\nb')).toBe(400);
  expect(await post('')).toBe(400);
  expect(await post('x'.repeat(FEED_TEXT_BYTES_MAX + 1))).toBe(413);
  expect(played).toEqual([]);
});

test('only so many a second', async () => {
  const statuses: number[] = [];
  for (let count = 0; count < 11; count += 1) statuses.push(await post(`t${count}`));
  expect(statuses.at(-1)).toBe(429);
  clock.advance(1_000);
  expect(await post('later')).toBe(204);
});

test('a browser is told that a page of this machine may post', async () => {
  const headers = { origin: 'http://127.0.0.1:8080', 'access-control-request-method': 'POST' };
  const response = await fetch(feed.url, { method: 'OPTIONS', headers });
  expect(response.status).toBe(204);
  expect(response.headers.get('access-control-allow-origin')).toBe(headers.origin);
  expect((await fetch(feed.url)).status).toBe(405);
});
