/**
 * Bodies as they may come: JSON without a doubled key, because two readers of it need not mean the same one,
 * and without fields on routes that take none. Which fields a route takes is its schema's to say.
 */
import { Fault } from '@stile/protocol/fault.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';

const STRING = /"(?:[^"\\]|\\.)*"/g;

/** Whether any object in it names a key twice; `text` is the JSON that `value` was parsed from. */
export function hasDoubledKey(text: string, value: unknown): boolean {
  // Outside strings a colon stands for each member as it is written; parsing keeps one of each name.
  const written = text.replace(STRING, '').split(':').length - 1;
  return written !== countMembers(value);
}

function countMembers(value: unknown): number {
  let members = 0;
  // Not recursive: a body may be nested deeper than a stack goes.
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const inner = Object.values(next);
    if (!Array.isArray(next)) members += inner.length;
    for (const one of inner) left.push(one);
  }
  return members;
}

/** @throws SyntaxError if it is no JSON, or has a doubled key. */
export function parseStrictJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (hasDoubledKey(text, value)) throw new SyntaxError('a key stands twice in it');
  return value;
}

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
