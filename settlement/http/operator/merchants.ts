/** What an operator decides about paying with a network: who is a merchant, whose seeds end. */

import { Fault } from '@stile/protocol/fault.ts';
import {
  merchantRowSchema,
  merchantTokenSchema,
  newMerchantSchema,
  revokedSeedsSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { accountSchema } from '@stile/protocol/http/rider-api.ts';
import { merchantIdSchema } from '@stile/protocol/payment.ts';
import { z } from 'zod';
import { merchantSubject } from '../../core/events/event-changes.ts';
import { randomToken, tokenHash } from '../../keys/tokens.ts';
import { requireCurrentToken, requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const security = [{ operator: [] }];
const tags = ['operator'];
const ofMerchant = z.object({ merchant: merchantIdSchema });

export function addOperatorMerchants(app: ApiRouter, parts: ApiParts): void {
  addSeeds(app, parts);
  const { store, streams, clock, random } = parts;
  const onRequest = requireOperator(parts);
  app.post(
    '/v1/operator/merchants',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        summary: 'Let a merchant take payments, or give it new tokens; shown this once',
        tags,
        security,
        body: newMerchantSchema,
        response: {
          201: merchantTokenSchema,
          401: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { merchant, name } = request.body;
      const token = randomToken(random);
      const managerToken = randomToken(random);
      await store.setMerchant({
        merchant,
        name,
        tokenHash: tokenHash(token),
        managerTokenHash: tokenHash(managerToken),
        nowMs: clock.now().wallMs,
      });
      streams.end(merchantSubject(merchant));
      return reply.code(201).send({ merchant, token, managerToken });
    },
  );
  app.get(
    '/v1/operator/merchants',
    {
      onRequest,
      schema: {
        summary: 'All merchants',
        tags,
        security,
        response: {
          200: z.array(merchantRowSchema),
          401: refusalSchema,
        },
      },
    },
    async () => [...(await store.listMerchants())],
  );
  app.delete(
    '/v1/operator/merchants/:merchant',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        summary: "End a merchant's token; what it was paid stays in the books",
        tags,
        security,
        params: ofMerchant,
        response: { 204: z.undefined(), 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request, reply) => {
      const { merchant } = request.params;
      if (!(await store.blockMerchant(merchant, clock.now().wallMs))) {
        throw new Refusal('MERCHANT_UNKNOWN', 'there is no such merchant');
      }
      streams.end(merchantSubject(merchant));
      return reply.code(204).send(undefined);
    },
  );
}

function addSeeds(app: ApiRouter, parts: ApiParts): void {
  const { store, clock, config } = parts;
  app.delete(
    '/v1/operator/accounts/:account/payment-seeds',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'End the payment codes of all phones of an account',
        description: 'A phone that is online fetches new ones: a lost one is denied by its serial.',
        tags,
        security,
        params: z.object({ account: accountSchema }),
        response: { 200: revokedSeedsSchema, 401: refusalSchema, 404: refusalSchema },
      },
    },
    async (request) => {
      const { account } = request.params;
      if ((await store.readRider(config.issuer, account)) === undefined) {
        throw new Fault('NOT_FOUND', 'there is no such account');
      }
      return {
        ended: await store.revokeSeeds({ account, serial: null, nowMs: clock.now().wallMs }),
      };
    },
  );
}
