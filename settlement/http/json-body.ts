/**
 * Bodies as they may come: JSON without a doubled key, because two readers of it need not mean the same one,
 * and without fields on routes that take none. Which fields a route takes is its schema's to say.
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
  app.addHook('preValidation', async (request) => refuseUnasked(request));
}

/** A route without a schema of its body takes nothing. */
function refuseUnasked({ routeOptions, body }: FastifyRequest): void {
  if (routeOptions.schema?.body !== undefined || body === undefined || body === null) return;
  const field = typeof body === 'object' ? Object.keys(body)[0] : 'body';
  if (field === undefined) return;
  throw new Fault('REQUEST_INVALID', `${field}: this route takes no such field`);
}
