/**
 * The built pages of web/ as they are: wallet, till, scanner. Names with a hash never change and are kept
 * for ever; everything else is asked for again each time. No page runs a script or style that is not a
 * file of this origin, or is shown inside another page.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Refusal } from './refusal.ts';

/** `connect`: where it may send what it reads, besides its own origin. */
const PAGES = {
  wallet: { camera: '()', connect: '' },
  till: { camera: '(self)', connect: '' },
  // It hands what the camera reads to a virtual scanner on the same computer.
  scanner: { camera: '(self)', connect: ' http://127.0.0.1:*' },
} as const;
type Page = (typeof PAGES)[keyof typeof PAGES];

const KEPT = 'public, max-age=31536000, immutable';
const ASKED_AGAIN = 'no-cache';
/** Code that is shared by the pages may do what none of them may do more of. */
const SHARED: Page = PAGES.wallet;

const hidden = { schema: { hide: true } };
type Rest = { Params: { '*': string } };

export function addPages(app: FastifyInstance, webDir: string): void {
  void app.register(fastifyStatic, {
    root: webDir,
    serve: false,
    preCompressed: true,
    cacheControl: false,
    // Small files, fetched whole: a range that does not fit would be one more refusal.
    acceptRanges: false,
    dotfiles: 'ignore',
    // Pages may be built later, or never if no one needs them.
    suppressWarning: true,
  });
  for (const [name, page] of Object.entries(PAGES)) {
    app.get(`/${name}`, hidden, async (_request, reply) => reply.redirect(`/${name}/`, 308));
    app.get<Rest>(`/${name}/*`, hidden, async (request, reply) => {
      requireBuilt(webDir, name);
      secure(reply, page).header('cache-control', ASKED_AGAIN);
      return reply.sendFile(`${name}/${request.params['*'] || 'index.html'}`);
    });
  }
  app.get<Rest>('/assets/*', hidden, async (request, reply) => {
    secure(reply, SHARED).header('cache-control', KEPT);
    return reply.sendFile(`assets/${request.params['*']}`);
  });
}

function requireBuilt(webDir: string, name: string): void {
  if (existsSync(join(webDir, name, 'index.html'))) return;
  throw new Refusal('PAGES_NOT_BUILT', 'the pages are not built: run `npm run pages`');
}

/** What the headers of every answer do not say already (helmet's, in app.ts). */
function secure(reply: FastifyReply, { camera, connect }: Page): FastifyReply {
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${connect}`,
    "worker-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return reply
    .header('content-security-policy', policy.join('; '))
    .header('permissions-policy', `camera=${camera}, microphone=(), geolocation=(), payment=()`);
}
