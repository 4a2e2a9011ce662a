/** Invitations: what the operator gives to who may enrol, once, and what it says of them. */
import { inviteSchema, newInviteSchema } from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { randomToken, tokenHash } from '../../keys/tokens.ts';
import { requireCurrentToken } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';

const INVITE_MS = 14 * 86_400_000;

export function addInviteRoutes(app: ApiRouter, parts: ApiParts): void {
  const { store, clock, random } = parts;
  app.post(
    '/v1/operator/invites',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        summary: 'A one-time invitation to enrol, for 14 days',
        description:
          '`person` is any stable name of who it is for; accounts keep a hash of it: while an account of that person is ' +
          'denied, no other one is made.',
        tags: ['operator'],
        security: [{ operator: [] }],
        body: newInviteSchema,
        response: { 201: inviteSchema, 401: refusalSchema },
      },
    },
    async (request, reply) => {
      const { kind = 'invite', person } = request.body;
      const token = randomToken(random);
      const expiresAtMs = clock.now().wallMs + INVITE_MS;
      await store.addInvite({
        tokenHash: tokenHash(token),
        kind,
        personHash: person === undefined ? null : tokenHash(person),
        expiresAtMs,
      });
      return reply
        .code(201)
        .send({ invite: token, kind, expiresAtS: Math.floor(expiresAtMs / 1000) });
    },
  );
}
