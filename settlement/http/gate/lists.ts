/**
 * What gates fetch: the trust list, which is open to all, and the deny list that belongs to it, which is for
 * gates only. Both are signed.
 */

import { sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { CHALLENGE_HEADER, SIGNATURE_HEADER } from '@stile/protocol/http/gate-request.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { createRequestAdmission, type RequestAdmission } from './request-admission.ts';

const JOSE = 'application/jose';

const bytes = z.custom<Uint8Array>().meta({ type: 'string', format: 'binary' });
const compactJws = z.string().describe('compact JWS');

export function addListRoutes(app: ApiRouter, parts: ApiParts): void {
  const admission = createRequestAdmission(parts);
  addTrustList(app, { ...parts, admission });
  addDenyList(app, { ...parts, admission });
}

type ListParts = Pick<ApiParts, 'publisher'> & { admission: RequestAdmission };

function addTrustList(app: ApiRouter, { publisher, admission }: ListParts): void {
  app.get(
    '/v1/trust-list',
    {
      schema: {
        summary: 'The trust list in force',
        description:
          'ETag is the digest of its bytes; If-None-Match answers 304. ' +
          `${CHALLENGE_HEADER} is what a gate signs to fetch the deny list.`,
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
      admission.offer(reply);
      if (request.headers['if-none-match'] === etag) return reply.code(304).send();
      return reply.type(JOSE).serializer(asIs).send(jws);
    },
  );
}

const REFUSALS = { 401: refusalSchema, 403: refusalSchema, 404: refusalSchema, 429: refusalSchema };
const SIGNED = {
  tags: ['gate'],
  security: [{ gate: [] }],
  params: z.object({ gate: gateIdSchema }),
  headers: z.object({ [CHALLENGE_HEADER]: z.string(), [SIGNATURE_HEADER]: z.string() }),
};
const HOW_SIGNED = `${SIGNATURE_HEADER}: the gate key over this path and ${CHALLENGE_HEADER}, as it stands in protocol/README.md.`;

function addDenyList(app: ApiRouter, { publisher, admission }: ListParts): void {
  app.get(
    '/v1/gates/:gate/deny-list/snapshot',
    {
      onRequest: admission.admit,
      schema: {
        ...SIGNED,
        summary: 'The whole deny list: signed head, LF, then its ids of 14 bytes each',
        description: HOW_SIGNED,
        produces: ['application/octet-stream'],
        response: { 200: bytes, ...REFUSALS },
      },
    },
    async (_request, reply) => {
      const file = await publisher.snapshot();
      return reply.type('application/octet-stream').send(file);
    },
  );
  app.get(
    '/v1/gates/:gate/deny-list/delta',
    {
      onRequest: admission.admit,
      schema: {
        ...SIGNED,
        summary: 'The step from a version of the deny list to the one in force',
        description: `204: \`from\` is in force. 410 DELTA_UNAVAILABLE: take the snapshot. ${HOW_SIGNED}`,
        produces: [JOSE],
        querystring: z.object({ from: z.coerce.number().int().min(0) }),
        response: { ...REFUSALS, 200: compactJws, 204: z.undefined(), 410: refusalSchema },
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
