/**
 * A way into the virtual scanner for a page with a camera: texts that are posted here are played like
 * scanned ones. It listens on this machine only; the key in its address keeps other pages out, because any
 * page in a browser can reach a loopback port.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock } from '@stile/host/clock.ts';
import type { Random } from '@stile/host/random.ts';

export const FEED_TEXT_BYTES_MAX = 1_024;
const KEY_BYTES = 16;
/** A scanner reads a few codes a second; more is a page gone wrong. */
const TEXTS_PER_SECOND_MAX = 10;
const REQUEST_MS_MAX = 5_000;
/** Pages of this machine; others have no business here. */
const ORIGIN = /^https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/;

export type FeedOptions = {
  /** 0: any that is free. */
  port: number;
  /** Plays it, and gives what the gate has said of it; null: nothing that could be heard. */
  play: (text: string) => Promise<object | null>;
  clock: Clock;
  /** For the key. */
  random: Random;
};

export type Feed = {
  /** Where to post to; whoever has it may play. */
  url: string;
  close(): Promise<void>;
};

export async function openFeed({ port, play, clock, random }: FeedOptions): Promise<Feed> {
  const key = Buffer.from(random.bytes(KEY_BYTES)).toString('base64url');
  let second = { fromMs: clock.now().monoMs, texts: 0 };

  function isTooFast(): boolean {
    const atMs = clock.now().monoMs;
    if (atMs - second.fromMs >= 1_000) second = { fromMs: atMs, texts: 0 };
    second.texts += 1;
    return second.texts > TEXTS_PER_SECOND_MAX;
  }

  type Answer = number | { said: object };
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const { origin } = request.headers;
    if (origin !== undefined) {
      if (!ORIGIN.test(origin)) return 403;
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-allow-private-network', 'true');
      response.setHeader('vary', 'origin');
    }
    if (!isBelow(key, { path: request.url ?? '' })) return 404;
    if (request.method === 'OPTIONS') {
      response.setHeader('access-control-allow-methods', 'POST');
      response.setHeader('access-control-allow-headers', 'content-type');
      return 204;
    }
    if (request.method !== 'POST') return 405;
    if (isTooFast()) return 429;
    const text = await readText(request);
    if (text === undefined) return 413;
    // A line end would make two scans of one.
    if (text === '' || /[\r\n]/.test(text)) return 400;
    const said = await play(text);
    return said === null ? 204 : { said };
  }

  const server = createServer((request, response) => {
    response.setHeader('cache-control', 'no-store');
    void respond(request, response)
      .catch(() => 500)
      .then((answer) => {
        const isStatus = typeof answer === 'number';
        response.statusCode = isStatus ? answer : 200;
        if (!isStatus) response.setHeader('content-type', 'application/json');
        response.end(isStatus ? undefined : JSON.stringify(answer.said));
      });
  });
  server.requestTimeout = REQUEST_MS_MAX;
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(port, '127.0.0.1', done);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://127.0.0.1:${bound}/${key}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function isBelow(key: string, { path }: { path: string }): boolean {
  const wanted = Buffer.from(`/${key}`);
  const found = Buffer.from(path);
  return found.length === wanted.length && timingSafeEqual(found, wanted);
}

/** One character a byte, as the scanner's texts are; undefined if it is too long. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request) {
    const bytes = Buffer.from(part as Uint8Array);
    length += bytes.length;
    if (length > FEED_TEXT_BYTES_MAX) return undefined;
    parts.push(bytes);
  }
  return Buffer.concat(parts).toString('latin1');
}
