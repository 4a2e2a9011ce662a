/**
 * The log of acts: whatever an operator asks for is noted durably before it is done, with the name of the
 * person, and then what came of it. Nothing rewrites it, and reading is no act.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { tokenHash } from '../../keys/tokens.ts';
import { findOperatorOf } from '../access.ts';
import type { ApiParts } from '../api.ts';

const DETAIL_CHARS_MAX = 2_000;
/** What no log has in clear, whatever route takes it one day. */
export const HIDDEN_FIELDS: ReadonlySet<string> = new Set([
  'code',
  'invite',
  'key',
  'pin',
  'proof',
  'secret',
  'seed',
  'token',
]);

export function addActLog(app: FastifyInstance, { store, clock }: ApiParts): void {
  const acts = new WeakMap<FastifyRequest, number>();
  app.addHook('preHandler', async (request) => {
    const operator = findOperatorOf(request);
    if (operator === undefined || request.method === 'GET' || request.method === 'HEAD') return;
    const { url } = request.routeOptions;
    assert(url !== undefined, 'an operator was let in to a route');
    const { name: by, role } = operator;
    const what = `${request.method} ${url}`;
    const asked = { ...(request.params as object), ...(request.body as object) };
    const detail = JSON.stringify(asked, hide).slice(0, DETAIL_CHARS_MAX);
    const act = { atMs: clock.now().wallMs, by, role, what, detail };
    acts.set(request, await store.addAct(act));
  });
  app.addHook('onSend', async (request, reply) => {
    const act = acts.get(request);
    acts.delete(request);
    if (act !== undefined) await store.addActStatus(act, reply.statusCode);
  });
}

/** A person as accounts have them: by a hash. */
function hide(name: string, value: unknown): unknown {
  if (name === 'person' && typeof value === 'string') return `sha256:${tokenHash(value)}`;
  return HIDDEN_FIELDS.has(name) ? 'hidden' : value;
}
