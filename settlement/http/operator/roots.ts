/** The root and the online keys, by an operator's hand: what there is, what is carried to the root and back. */
import {
  operatorKeysViewSchema,
  rootGrantSchema,
  rootRequestSchema,
  rootRotationSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const security = [{ operator: [] }];
const tags = ['operator'];
const nothing = z.strictObject({});

export function addRootRoutes(app: ApiRouter, parts: ApiParts): void {
  const { operatorKeys } = parts;
  app.get(
    '/v1/operator/roots',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'The root, what it announces, and its online keys with their ends',
        tags,
        security,
        response: { 200: operatorKeysViewSchema, 401: refusalSchema },
      },
    },
    async () => await operatorKeys.view(),
  );
  app.post(
    '/v1/operator/roots/requests',
    {
      onRequest: requireOperator(parts, 'ADMIN'),
      schema: {
        summary: 'A new online key, as a request to carry to the root',
        tags,
        security,
        body: nothing,
        response: { 201: rootRequestSchema, 401: refusalSchema },
      },
    },
    async (_request, reply) => reply.code(201).send(await operatorKeys.request()),
  );
  app.post(
    '/v1/operator/roots/grants',
    {
      onRequest: requireOperator(parts, 'ADMIN'),
      schema: {
        summary: 'Install what the root has signed; lists are signed by it from now on',
        tags,
        security,
        body: rootGrantSchema,
        response: {
          200: operatorKeysViewSchema,
          400: refusalSchema,
          401: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request) => {
      await operatorKeys.install(request.body);
      return await published(parts);
    },
  );
  addRootHere(app, parts);
  addRotation(app, parts);
}

/** What settlement does by itself while the root is in its directory. */
function addRootHere(app: ApiRouter, parts: ApiParts): void {
  const { operatorKeys } = parts;
  const acts = [
    ['online-keys', 'A new online key signs from now on', () => operatorKeys.addOnlineKey()],
    [
      'online-keys/revocation',
      'End the online keys that there are, because one was stolen; a new one signs',
      () => operatorKeys.endOnlineKeys(),
    ],
  ] as const;
  for (const [path, summary, act] of acts) {
    app.post(
      `/v1/operator/roots/${path}`,
      {
        onRequest: requireOperator(parts, 'ADMIN'),
        schema: {
          summary,
          description: 'CONFLICT: the root is kept elsewhere, and has to sign this there.',
          tags,
          security,
          body: nothing,
          response: { 200: operatorKeysViewSchema, 401: refusalSchema, 409: refusalSchema },
        },
      },
      async () => {
        await act();
        return await published(parts);
      },
    );
  }
}

function addRotation(app: ApiRouter, parts: ApiParts): void {
  const { operatorKeys } = parts;
  app.post(
    '/v1/operator/roots/rotation',
    {
      onRequest: requireOperator(parts, 'ADMIN'),
      schema: {
        summary:
          'The announced root takes over; gates follow, the root before is not believed any more',
        description:
          'CONFLICT: the root is kept elsewhere, and has to sign this there; or gates have not reported since a restore.',
        tags,
        security,
        body: rootRotationSchema,
        response: { 200: operatorKeysViewSchema, 401: refusalSchema, 409: refusalSchema },
      },
    },
    async ({ body }) => {
      await operatorKeys.rotateRoot(body);
      return await published(parts);
    },
  );
}

async function published({ publisher, operatorKeys }: ApiParts) {
  await publisher.publish();
  return await operatorKeys.view();
}
