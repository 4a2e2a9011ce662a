/** What a phone fetches while it is online, to be able to pay: seeds for payment codes, online codes. */

import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  handleSchema,
  onlineCodeRequestSchema,
  onlineCodeSchema,
  presenceSchema,
  seedSchema,
} from '@stile/protocol/http/rider-api.ts';
import { aboutOnlineCode } from '@stile/protocol/proof.ts';
import { z } from 'zod';
import { requireSession, riderFrom } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { type PresenceParts, requirePresence } from './presence.ts';

const security = [{ session: [] }];
const tags = ['rider'];
const done = { 204: z.undefined(), 401: refusalSchema };

/** Seeds and online codes that one address may fetch in a minute: a phone needs one of them at a time. */
const FETCHES_PER_MINUTE_MAX = 120;
const config = { rateLimit: { max: FETCHES_PER_MINUTE_MAX, timeWindow: '1 minute' } };

export function addCodeRoutes(app: ApiRouter, parts: PresenceParts): void {
  addSeeds(app, parts);
  addSeedEnds(app, parts);
  const onRequest = requireSession(parts);
  app.post(
    '/v1/riders/me/online-codes',
    {
      onRequest,
      config,
      schema: {
        summary: 'A one-time code for a merchant or gate that is online; ends the one before it',
        description:
          'Proof `make-online-code`; subject: account/serial, and /amountCents if that is sent.',
        tags,
        security,
        body: onlineCodeRequestSchema,
        response: {
          201: onlineCodeSchema,
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const rider = riderFrom(request);
      const { amountCents, ...proof } = request.body;
      const about = aboutOnlineCode(amountCents);
      await requirePresence(parts, { purpose: 'make-online-code', rider, proof, about });
      const { account, serial } = rider;
      const boundCents = amountCents ?? null;
      const code = await parts.codeIssue.addOnlineCode({ account, serial, boundCents });
      return reply.code(201).send(code);
    },
  );
}

function addSeeds(app: ApiRouter, parts: PresenceParts): void {
  const onRequest = requireSession(parts);
  app.post(
    '/v1/riders/me/payment-seeds',
    {
      onRequest,
      config,
      schema: {
        summary: 'A new seed for payment codes; store it, then confirm it',
        description:
          'Proof `make-payment-seed`; subject: account/serial. The seed before stays good until this one is ' +
          'confirmed or has paid.',
        tags,
        security,
        body: presenceSchema,
        response: {
          201: seedSchema,
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
          503: refusalSchema.describe('PAYMENT_CODES_OFF: settlement has no key to seal seeds'),
        },
      },
    },
    async (request, reply) => {
      const rider = riderFrom(request);
      const proof = request.body;
      await requirePresence(parts, { purpose: 'make-payment-seed', rider, proof });
      const { account, serial } = rider;
      const seed = await parts.codeIssue.addSeed(account, serial);
      if (seed === undefined) {
        throw new Refusal('PAYMENT_CODES_OFF', 'payment codes are off here');
      }
      return reply.code(201).send(seed);
    },
  );
}

/** A session is enough: they end codes, and bring nobody any. */
function addSeedEnds(app: ApiRouter, parts: ApiParts): void {
  const { store, clock } = parts;
  const onRequest = requireSession(parts);
  app.post(
    '/v1/riders/me/payment-seeds/:handle/confirmation',
    {
      onRequest,
      schema: {
        summary: 'This phone has stored its new seed: the one before it ends',
        tags,
        security,
        params: z.object({ handle: handleSchema }),
        response: { ...done, 404: refusalSchema },
      },
    },
    async (request, reply) => {
      const { account, serial } = riderFrom(request);
      const { handle } = request.params;
      if (!(await store.confirmSeed({ account, serial, handle, nowMs: clock.now().wallMs }))) {
        throw new Refusal('HANDLE_UNKNOWN', 'this phone has no such seed');
      }
      return reply.code(204).send(undefined);
    },
  );
  app.delete(
    '/v1/riders/me/payment-seeds',
    {
      onRequest,
      schema: {
        summary: 'End all payment codes of this account, also those of other phones',
        tags,
        security,
        response: done,
      },
    },
    async (request, reply) => {
      await store.revokeSeeds({
        account: riderFrom(request).account,
        serial: null,
        nowMs: clock.now().wallMs,
      });
      return reply.code(204).send(undefined);
    },
  );
}
