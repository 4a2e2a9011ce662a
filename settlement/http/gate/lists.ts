/** What gates fetch: the trust list and the deny list that belongs to it, signed, open to all. */

import { sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const JOSE = 'application/jose';

const compactJws = z.string().describe('compact JWS');

export function addListRoutes(app: ApiRouter, { publisher }: ApiParts): void {
  app.get(
    '/v1/trust-list',
    {
      schema: {
        summary: 'The trust list in force',
        description: 'ETag is the digest of its bytes; If-None-Match answers 304.',
        tags: ['gate'],
        produces: [JOSE],
        response: { 200: compactJws, 304: z.undefined() },
      },
    },
    async (request, reply) => {
      const { jws } = publisher.current();
      // By content: after a restore another list may have the same version.
      const etag = `"${toHex(sha256(utf8(jws)))}"`;
      void reply.header('etag', etag).header('cache-control', 'no-cache');
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(JOSE).serializer(asIs).send(jws);
    },
  );
  app.get(
    '/v1/deny-list/snapshot',
    {
      schema: {
        summary: 'The whole deny list: signed head, LF, then its ids of 14 bytes each',
        tags: ['gate'],
        produces: ['application/octet-stream'],
      },
    },
    async (_request, reply) => {
      const file = await publisher.snapshot();
      return reply.type('application/octet-stream').send(file);
    },
  );
  app.get(
    '/v1/deny-list/delta',
    {
      schema: {
        summary: 'The step from a version of the deny list to the one in force',
        description: '204: `from` is in force. 410 DELTA_UNAVAILABLE: take the snapshot.',
        tags: ['gate'],
        produces: [JOSE],
        querystring: z.object({ from: z.coerce.number().int().min(0) }),
        response: { 200: compactJws, 204: z.undefined(), 410: refusalSchema },
      },
    },
    async (request, reply) => {
      const { from } = request.query;
      const delta = await publisher.delta(from);
      if (delta === 'current') return reply.code(204).send();
      if (delta === 'unavailable') {
        const message = `there is no delta from version ${from}: take the snapshot`;
        throw new Refusal('DELTA_UNAVAILABLE', message);
      }
      return reply.type(JOSE).serializer(asIs).send(delta);
    },
  );
}

/** A JWS is text already; the JSON serializer would put it in quotes. */
function asIs(payload: unknown): string {
  return String(payload);
}
