/**
 * Bodies as they may come: JSON without a doubled key, because two readers of it need not mean the same one,
 * without NUL in a text, and without fields on routes that take none. Which fields a route takes is its schema's to say.
 */
import { hasDoubledKey } from '@stile/host/strict-json.ts';
import { Fault } from '@stile/protocol/fault.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';

export function addStrictBodies(app: FastifyInstance): void {
  // Fastify's own parser refuses `__proto__` besides what is no JSON.
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string' },
    (request, body, done) => {
      void parse(request, body, (error, value) => {
        if (error !== null) return done(error);
        if (hasDoubledKey(body, value)) {
          return done(new Fault('REQUEST_INVALID', 'a key stands twice in the body'));
        }
        done(null, value);
      });
    },
  );
  app.addHook('preValidation', async (request) => {
    refuseNul(request);
    refuseUnasked(request);
  });
}

/** One database stores such a text, another one does not: none takes it, wherever it stands in a request. */
function refuseNul({ body, params, query }: FastifyRequest): void {
  if (!hasNul([body, params, query])) return;
  throw new Fault('REQUEST_INVALID', 'a text has a NUL character (U+0000): send it without');
}

/** Not by recursion, because a small body may be deep. What a gate sealed is bytes, and has its own reader. */
function hasNul(value: unknown): boolean {
  const left = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === 'string' && one.includes('\0')) return true;
    if (typeof one !== 'object' || one === null || ArrayBuffer.isView(one)) continue;
    for (const [key, inner] of Object.entries(one)) left.push(key, inner);
  }
  return false;
}

/** A route without a schema of its body takes nothing. */
function refuseUnasked({ routeOptions, body }: FastifyRequest): void {
  if (routeOptions.schema?.body !== undefined || body === undefined || body === null) return;
  const field = typeof body === 'object' ? Object.keys(body)[0] : 'body';
  if (field === undefined) return;
  throw new Fault('REQUEST_INVALID', `${field}: this route takes no such field`);
}
