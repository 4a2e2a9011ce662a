/**
 * What is asked of every request's head before its route: one host, no expectation that settlement does not
 * know; and which methods a path has, if it has not the one that was asked.
 */
import { Fault } from '@stile/protocol/fault.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

const CONTINUE = /^\s*100-continue\s*$/i;

export function refuseHead({ raw }: FastifyRequest): void {
  refuseHosts(raw.rawHeaders, raw.httpVersion);
  const { expect } = raw.headers;
  if (expect === undefined || raw.httpVersion !== '1.1' || CONTINUE.test(expect)) return;
  throw new Refusal('EXPECTATION_REFUSED', 'settlement meets no expectation but 100-continue');
}

/** Two parties that each take another of two hosts would not mean the same request. */
function refuseHosts(rawHeaders: readonly string[], httpVersion: string): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const hosts = names.filter((name) => name.toLowerCase() === 'host').length;
  // HTTP/1.0 need not name one.
  if (hosts === 1 || (hosts === 0 && httpVersion !== '1.1')) return;
  throw new Fault('REQUEST_INVALID', 'a request has one Host header');
}

/** Behind the limits, so that asking for what is not there counts too. */
export function addNotFound(app: FastifyInstance): void {
  const routes: { method: string; path: RegExp }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const path = patternOf(url);
    for (const one of [method].flat()) routes.push({ method: one, path });
  });
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?');
    const methods = routes.filter((route) => route.path.test(path)).map(({ method }) => method);
    // A route of the pages that has no such file has the method all the same.
    if (methods.length === 0 || methods.includes(request.method)) {
      throw new Fault('NOT_FOUND', 'there is no such route');
    }
    const allow = [...new Set(methods)].sort().join(', ');
    void reply.header('allow', allow);
    throw new Refusal('METHOD_REFUSED', `this route takes ${allow} only`);
  });
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part === '*') return '.*';
    return part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
