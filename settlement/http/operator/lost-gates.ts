/** A gate, or a key that it had, is lost or stolen: the operator ends it. */
import { Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { gateRevocationSchema, revokedGateSchema } from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { z } from 'zod';
import { operatorFrom, requireCurrentToken } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

export function addLostGates(app: ApiRouter, parts: ApiParts): void {
  const { store, clock, log } = parts;
  app.post(
    '/v1/operator/gates/:gate/revocation',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        summary: "Revoke a gate's keys: of what they seal only what is here already counts",
        tags: ['operator'],
        security: [{ operator: [] }],
        params: z.object({ gate: gateIdSchema }),
        body: gateRevocationSchema,
        response: { 200: revokedGateSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const { gate } = request.params;
      const nowMs = clock.now().wallMs;
      const { name: by } = operatorFrom(request);
      const result = await store.revokeGate({ gate, ...request.body, by, nowMs });
      switch (result.kind) {
        case 'unknown':
          throw new Fault('NOT_FOUND', 'there is no such gate');
        case 'noKey':
          throw new Fault(
            'NOT_FOUND',
            'this gate has no such key: it never enrolled, or none of its keys was replaced',
          );
        case 'revoked': {
          const { keys } = result;
          if (keys > 0) log.warn({ gate, keys }, 'keys of a gate were revoked');
          return { gate, keys };
        }
      }
    },
  );
}
