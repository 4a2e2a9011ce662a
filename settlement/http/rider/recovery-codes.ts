/**
 * The codes that a rider's own phone makes: the recovery code, which takes the place of the one before only when its
 * rider says that it is written down, and one with which a second phone joins.
 */
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  codeConfirmationSchema,
  phoneCodeSchema,
  presenceSchema,
  recoveryCodeSchema,
} from '@stile/protocol/http/rider-api.ts';
import { z } from 'zod';
import type { NewRecoveryCode } from '../../core/access/recovery-changes.ts';
import { UNCONFIRMED_CODE_MS } from '../../core/access/recovery-codes.ts';
import { makeRecoveryCode, recoveryCodeHash } from '../../keys/recovery-codes.ts';
import { requireSession, riderFrom } from '../access.ts';
import type { ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { type PresenceParts, requirePresence } from './presence.ts';

const PHONE_CODE_MS = 10 * 60_000;
/** Of each of these routes, for one session in a minute: each request costs a slow hash. */
const SLOW_HASHES = { rateLimit: { max: 6, timeWindow: '1 minute' } };

const security = [{ session: [] }];
const tags = ['rider'];

export function addRecoveryCodeRoutes(app: ApiRouter, parts: PresenceParts): void {
  const { store, clock, random } = parts;
  const onRequest = requireSession(parts);
  const config = SLOW_HASHES;
  addConfirmations(app, parts);
  const add = async (code: NewRecoveryCode) => {
    if (!(await store.addRecoveryCode(code))) {
      throw new Refusal('PASS_ENDED', 'this phone was blocked just now: it draws no code');
    }
  };
  app.post(
    '/v1/riders/me/recovery-code',
    {
      onRequest,
      config,
      schema: {
        summary:
          'A recovery code, shown this once; the one before it works until a week after this one is confirmed',
        description: 'Proof `make-recovery-code`; subject: account/serial.',
        tags,
        security,
        body: presenceSchema,
        response: {
          201: recoveryCodeSchema,
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const rider = riderFrom(request);
      const claim = { purpose: 'make-recovery-code', rider } as const;
      await requirePresence(parts, { ...claim, proof: request.body });
      const { account, serial: drawnBy } = rider;
      const { code, codeHash } = await makeRecoveryCode(random);
      const madeAtMs = clock.now().wallMs;
      const expiresAtMs = madeAtMs + UNCONFIRMED_CODE_MS;
      await add({ codeHash, account, kind: 'RECOVERY', drawnBy, madeAtMs, expiresAtMs });
      return reply.code(201).send({ code, madeAtMs });
    },
  );
  app.post(
    '/v1/riders/me/phone-code',
    {
      onRequest,
      config,
      schema: {
        summary: 'A code with which a second phone joins the account, for ten minutes',
        description: 'Proof `make-phone-code`; subject: account/serial.',
        tags,
        security,
        body: presenceSchema,
        response: {
          201: phoneCodeSchema,
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const rider = riderFrom(request);
      const claim = { purpose: 'make-phone-code', rider } as const;
      await requirePresence(parts, { ...claim, proof: request.body });
      const { account, serial: drawnBy } = rider;
      const { code, codeHash } = await makeRecoveryCode(random);
      const madeAtMs = clock.now().wallMs;
      const expiresAtMs = madeAtMs + PHONE_CODE_MS;
      await add({ codeHash, account, kind: 'PHONE', drawnBy, madeAtMs, expiresAtMs });
      return reply.code(201).send({ code, expiresAtS: Math.floor(expiresAtMs / 1000) });
    },
  );
}

/** Who sends the code has it; a session alone could not end the one on paper. */
function addConfirmations(app: ApiRouter, parts: PresenceParts): void {
  const { store, clock } = parts;
  app.post(
    '/v1/riders/me/recovery-code/confirmation',
    {
      onRequest: requireSession(parts),
      config: SLOW_HASHES,
      schema: {
        summary: 'The rider has written this recovery code down: the one before it ends in a week',
        tags,
        security,
        body: codeConfirmationSchema,
        response: {
          204: z.undefined(),
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { account } = riderFrom(request);
      const codeHash = await recoveryCodeHash(request.body.code);
      const nowMs = clock.now().wallMs;
      const isOurs =
        codeHash !== undefined && (await store.confirmRecoveryCode({ account, codeHash, nowMs }));
      if (!isOurs) {
        throw new Refusal('RECOVERY_REFUSED', 'this account has no such code: make a new one');
      }
      await store.tellRider(account, clock.now().wallMs);
      return reply.code(204).send(undefined);
    },
  );
}
