/** Who works here: operators with names and roles, their tokens, and what each of them did. */
import { Fault } from '@stile/protocol/fault.ts';
import {
  actViewSchema,
  newOperatorSchema,
  operatorNameSchema,
  operatorRowSchema,
  operatorSchema,
  operatorTokenSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { ROOT } from '../../core/access/operators.ts';
import { randomToken, tokenHash } from '../../keys/tokens.ts';
import {
  operatorFrom,
  operatorTokenHashFrom,
  refuseReplaced,
  requireCurrentToken,
  requireOperator,
} from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const DAY_MS = 86_400_000;
const PAGE_MAX = 500;
const refused = { 401: refusalSchema, 403: refusalSchema };
const of = (summary: string) => ({ summary, tags: ['operator'], security: [{ operator: [] }] });

export function addOperators(app: ApiRouter, parts: ApiParts): void {
  addNaming(app, parts);
  addTokenRotation(app, parts);
  const { store } = parts;
  app.get(
    '/v1/operator/me',
    {
      onRequest: requireOperator(parts),
      schema: { ...of('Whose token this is'), response: { 200: operatorSchema, ...refused } },
    },
    async (request) => ({ ...operatorFrom(request) }),
  );
  app.get(
    '/v1/operator/acts',
    {
      onRequest: requireOperator(parts),
      schema: {
        ...of(
          'What operators did, in order; `status` null: it was asked for, its end is not known',
        ),
        querystring: z.object({
          after: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(PAGE_MAX).default(PAGE_MAX),
        }),
        response: { 200: z.array(actViewSchema), ...refused },
      },
    },
    async (request) => [...(await store.listActs(request.query))],
  );
}

function newToken({ config, clock, random }: ApiParts) {
  const token = randomToken(random);
  const nowMs = clock.now().wallMs;
  const endsAtMs = nowMs + config.operators.tokenDays * DAY_MS;
  return { token, row: { tokenHash: tokenHash(token), endsAtMs, nowMs } };
}

function addNaming(app: ApiRouter, parts: ApiParts): void {
  const { store, clock } = parts;
  const onRequest = requireOperator(parts, 'ADMIN');
  app.post(
    '/v1/operator/operators',
    {
      onRequest,
      schema: {
        ...of('Name an operator, or give one another role and token; shown this once'),
        body: newOperatorSchema,
        response: { 201: operatorTokenSchema, ...refused, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { name, role } = request.body;
      const { token, row } = newToken(parts);
      if (!(await store.setOperator({ name, role, ...row }))) {
        throw new Fault('CONFLICT', `${ROOT} is the token of the data directory: take a name`);
      }
      return reply.code(201).send({ name, token, expiresAtS: Math.floor(row.endsAtMs / 1000) });
    },
  );
  app.get(
    '/v1/operator/operators',
    {
      onRequest,
      schema: {
        ...of('All operators, those who have ended too'),
        response: { 200: z.array(operatorRowSchema), ...refused },
      },
    },
    async () => [...(await store.listOperators())],
  );
  app.delete(
    '/v1/operator/operators/:name',
    {
      onRequest,
      schema: {
        ...of("End an operator's access; what they did stays in the log"),
        params: z.object({ name: operatorNameSchema }),
        response: { 204: z.undefined(), ...refused, 404: refusalSchema },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const by = operatorFrom(request).name;
      if (!(await store.endOperator({ name, by, nowMs: clock.now().wallMs }))) {
        throw new Fault('NOT_FOUND', 'there is no such operator, or you are none any more');
      }
      return reply.code(204).send(undefined);
    },
  );
}

function addTokenRotation(app: ApiRouter, parts: ApiParts): void {
  app.post(
    '/v1/operator/token',
    {
      onRequest: requireCurrentToken(parts, 'READER'),
      schema: {
        ...of('Another token for whose token this is; the one before is good for ten more minutes'),
        description: 'TOKEN_REPLACED: one that was rotated makes no other, and changes nobody.',
        response: { 201: operatorTokenSchema, ...refused, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { name } = operatorFrom(request);
      const { token, row } = newToken(parts);
      const byTokenHash = operatorTokenHashFrom(request);
      const result = await parts.store.rotateOperatorToken({ name, byTokenHash, ...row });
      refuseReplaced({ isReplaced: result === 'replaced' });
      if (result === 'unknown') {
        throw new Fault(
          'CONFLICT',
          'this is the token of the data directory, a file: rotate it there',
        );
      }
      return reply.code(201).send({ name, token, expiresAtS: Math.floor(row.endsAtMs / 1000) });
    },
  );
}
