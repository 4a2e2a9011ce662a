/** An account goes to the phone of who stands before an operator; with four eyes a second one confirms it first. */
import { Fault } from '@stile/protocol/fault.ts';
import {
  approvalSchema,
  moveCodeSchema,
  newMoveSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { accountSchema } from '@stile/protocol/http/rider-api.ts';
import { z } from 'zod';
import { operatorFrom, requireCurrentToken, requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const refused = { 401: refusalSchema, 403: refusalSchema, 404: refusalSchema };
const of = (summary: string) => ({ summary, tags: ['operator'], security: [{ operator: [] }] });
const UNNAMED = 'four eyes are those of two persons: use the token of a named operator';

export function addMoves(app: ApiRouter, parts: ApiParts): void {
  addMoveCodes(app, parts);
  addApprovals(app, parts);
}

function addMoveCodes(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, recoveryCodes } = parts;
  app.post(
    '/v1/operator/accounts/:account/move-code',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        ...of('A code with which a new phone takes this account over, for a quarter of an hour'),
        description:
          'With `operators.fourEyes` the first request waits: 202, until another operator has confirmed it; then it ' +
          'is asked for again by the same person.',
        params: z.object({ account: accountSchema }),
        body: newMoveSchema,
        response: {
          201: moveCodeSchema,
          202: z.object({ approval: z.int() }),
          ...refused,
        },
      },
    },
    async (request, reply) => {
      const { account } = request.params;
      const { note } = request.body;
      const { name: by } = operatorFrom(request);
      const { code, hashes } = await recoveryCodes.make();
      const { fourEyes } = config.operators;
      const nowMs = clock.now().wallMs;
      const result = await store.moveAccount({ account, note, by, fourEyes, ...hashes, nowMs });
      switch (result.kind) {
        case 'unknown':
          throw new Fault('NOT_FOUND', 'there is no such account');
        case 'unnamed':
          throw new Fault('FORBIDDEN', UNNAMED);
        case 'waits':
          return reply.code(202).send({ approval: result.approval });
        case 'code': {
          const expiresAtS = Math.floor(result.expiresAtMs / 1000);
          return reply.code(201).send({ account, code, expiresAtS });
        }
      }
    },
  );
}

function addApprovals(app: ApiRouter, parts: ApiParts): void {
  const { store, clock } = parts;
  app.get(
    '/v1/operator/approvals',
    {
      onRequest: requireOperator(parts),
      schema: {
        ...of('Moves that wait for a second operator, or are confirmed and not used yet'),
        response: { 200: z.array(approvalSchema), 401: refusalSchema, 403: refusalSchema },
      },
    },
    async () => [...(await store.listApprovals(clock.now().wallMs))],
  );
  app.post(
    '/v1/operator/approvals/:approval',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        ...of('Confirm what another operator has asked for'),
        params: z.object({ approval: z.coerce.number().int().min(1) }),
        response: { 204: z.undefined(), ...refused, 409: refusalSchema },
      },
    },
    async (request, reply) => {
      const { approval: id } = request.params;
      const { name: by } = operatorFrom(request);
      switch (await store.approve({ id, by, nowMs: clock.now().wallMs })) {
        case 'unknown':
          throw new Fault('NOT_FOUND', 'there is nothing of this number that waits');
        case 'unnamed':
          throw new Fault('FORBIDDEN', UNNAMED);
        case 'samePerson':
          throw new Refusal(
            'APPROVAL_BY_ANOTHER',
            'you have asked for this yourself: another operator has to confirm it',
          );
        case 'over':
          throw new Refusal('APPROVAL_OVER', 'this is over or used: it has to be asked for again');
        case 'approved':
          return reply.code(204).send(undefined);
      }
    },
  );
}
