/** The issuer's keys, by an operator's hand: what there is, a new one, the end of one. */
import {
  issuerKeyNameSchema,
  issuerKeyViewSchema,
  newIssuerKeySchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const security = [{ operator: [] }];
const tags = ['operator'];

export function addIssuerKeys(app: ApiRouter, parts: ApiParts): void {
  const { passes, outbox } = parts;
  const onRequest = requireOperator(parts, 'ADMIN');
  const view = () => passes.keys.map(({ publicKeyBytes: _bytes, ...key }) => key);
  app.get(
    '/v1/operator/issuer-keys',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'Every issuer key: from when it signs, until when it is good',
        tags,
        security,
        response: { 200: z.array(issuerKeyViewSchema), 401: refusalSchema },
      },
    },
    async () => view(),
  );
  app.post(
    '/v1/operator/issuer-keys',
    {
      onRequest,
      schema: {
        summary: 'Rotate: a new key is announced and signs later, or `now`',
        tags,
        security,
        body: newIssuerKeySchema,
        response: { 201: issuerKeyViewSchema, 401: refusalSchema },
      },
    },
    async (request, reply) => {
      const key = await (request.body.now ? passes.rotate(0) : passes.rotate());
      outbox.wake();
      return reply.code(201).send(key);
    },
  );
  app.post(
    '/v1/operator/issuer-keys/:keyId/revocation',
    {
      onRequest,
      schema: {
        summary: 'End a stolen key: what it signed opens nothing any more',
        description: 'If it signs now, the announced key takes over at once, or a new one.',
        tags,
        security,
        params: issuerKeyNameSchema,
        body: z.strictObject({}),
        response: { 200: z.array(issuerKeyViewSchema), 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      await passes.revoke(request.params.keyId);
      outbox.wake();
      return view();
    },
  );
}
