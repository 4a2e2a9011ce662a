/** The pages as a browser fetches them: which file, which headers, and nothing from outside their folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedTown } from '../testing/town.ts';

const PAGES = ['wallet', 'till', 'scanner'];
const SCRIPT = 'export const code = 1;\n'.repeat(100);

let town: ScriptedTown;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'stile-pages-'));
  const webDir = join(folder, 'dist');
  const write = (name: string, content: string | Buffer) => {
    mkdirSync(dirname(join(webDir, name)), { recursive: true });
    writeFileSync(join(webDir, name), content);
  };
  for (const page of PAGES) write(`${page}/index.html`, `<!doctype html><title>${page}</title>`);
  write('wallet/sw.js', 'self.skipWaiting();');
  write('wallet/app.webmanifest', '{}');
  write('wallet/.hidden', 'no');
  write('assets/shared-abc123.js', SCRIPT);
  write('assets/shared-abc123.js.br', brotliCompressSync(SCRIPT));
  write('assets/reader-abc123.wasm', Buffer.from('0061736d01000000', 'hex'));
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  town = await ScriptedTown.open({ config: { webDir } });
});
afterAll(async () => {
  await town.close();
  rmSync(folder, { recursive: true });
});

function policyOf(headers: Record<string, unknown>): Record<string, string> {
  const directives = String(headers['content-security-policy']).split(/; ?/);
  return Object.fromEntries(
    directives.map((one) => [one.split(' ')[0] ?? '', one.split(' ').slice(1).join(' ')]),
  );
}

describe.each(PAGES)('/%s', (page) => {
  test('leads to its folder, where relative names are right', async () => {
    const { status, headers } = await town.ask(`/${page}`);
    expect({ status, location: headers.location }).toEqual({ status: 308, location: `/${page}/` });
  });

  test('is its page, asked for again each time', async () => {
    const { status, headers, body } = await town.ask(`/${page}/`);
    expect(status).toBe(200);
    expect(String(body)).toContain(page);
    expect(headers).toMatchObject({ 'cache-control': 'no-cache', etag: expect.any(String) });
    expect(headers['content-type']).toMatch(/^text\/html/);
  });

  test('runs scripts and styles of this origin only, and is framed by no one', async () => {
    const { headers } = await town.ask(`/${page}/`);
    expect(policyOf(headers)).toEqual({
      'default-src': "'none'",
      'script-src': "'self' 'wasm-unsafe-eval'",
      'style-src': "'self'",
      'img-src': "'self' data:",
      'connect-src': page === 'scanner' ? "'self' http://127.0.0.1:*" : "'self'",
      'worker-src': "'self'",
      'manifest-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
    });
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'x-frame-options': 'SAMEORIGIN',
    });
    const camera = page === 'wallet' ? 'camera=()' : 'camera=(self)';
    expect(headers['permissions-policy']).toContain(camera);
    // On plain HTTP it would lock visitors of other services of this name out.
    expect(headers['strict-transport-security']).toBeUndefined();
  });
});

test.each([
  ['/wallet/sw.js', /^(?:text|application)\/javascript/, 'no-cache'],
  ['/wallet/app.webmanifest', /^application\/manifest\+json/, 'no-cache'],
  ['/assets/shared-abc123.js', /javascript/, 'public, max-age=31536000, immutable'],
  ['/assets/reader-abc123.wasm', /^application\/wasm/, 'public, max-age=31536000, immutable'],
])('%s has its type and is kept as long as its name allows', async (url, type, kept) => {
  const { status, headers } = await town.ask(url);
  expect(status).toBe(200);
  expect(headers['content-type']).toMatch(type);
  expect(headers['cache-control']).toBe(kept);
  expect(headers['content-security-policy']).toContain("default-src 'none'");
});

test('a browser that understands brotli is sent what the build compressed', async () => {
  const url = '/assets/shared-abc123.js';
  const headers = { 'accept-encoding': 'gzip, br' };
  const small = await town.ask(url, { headers });
  expect(small.headers).toMatchObject({ 'content-encoding': 'br' });
  expect(small.headers['content-type']).toMatch(/javascript/);
  expect(small.headers.vary).toMatch(/accept-encoding/i);
  expect(brotliDecompressSync(small.body as Buffer).toString()).toBe(SCRIPT);
  const plain = await town.ask(url);
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(String(plain.body)).toBe(SCRIPT);
});

test('what has not changed is not sent again', async () => {
  const { headers } = await town.ask('/wallet/');
  const again = await town.ask('/wallet/', { headers: { 'if-none-match': String(headers.etag) } });
  expect(again.status).toBe(304);
});

test.each([
  '/assets/missing.js',
  '/assets/',
  '/wallet/missing/',
  '/wallet/.hidden',
  '/wallet/../../secret.txt',
  '/wallet/%2e%2e/%2e%2e/secret.txt',
  '/assets/..%2f..%2fsecret.txt',
  '/assets/%00',
])('%s is refused as data, kept by no one', async (url) => {
  const { status, headers, body } = await town.ask(url);
  expect([400, 403, 404]).toContain(status);
  expect(headers['content-type']).toMatch(/^application\/json/);
  expect(headers['cache-control']).not.toMatch(/immutable/);
  expect(JSON.stringify(body)).not.toContain('secret');
});

test('answers of the API render nothing', async () => {
  const { headers } = await town.ask('/v1/health');
  expect(policyOf(headers)).toEqual({ 'default-src': "'none'", 'frame-ancestors': "'none'" });
  expect(headers['strict-transport-security']).toBeUndefined();
});

test('pages that were never built are said to be, with how to build them', async () => {
  const bare = await ScriptedTown.open({ config: { webDir: join(folder, 'nowhere') } });
  try {
    const answer = await bare.ask('/wallet/');
    expect(answer).toMatchObject({ status: 503, body: { code: 'PAGES_NOT_BUILT' } });
    expect((answer.body as { message: string }).message).toContain('npm run pages');
  } finally {
    await bare.close();
  }
});

test.each(['bytes=0-3', 'bytes=900-'])(
  'a file comes whole, also if %s is asked for',
  async (range) => {
    const { status, headers, body } = await town.ask('/wallet/sw.js', { headers: { range } });
    expect({ status, text: String(body) }).toEqual({ status: 200, text: 'self.skipWaiting();' });
    expect(headers['accept-ranges']).toBeUndefined();
  },
);
