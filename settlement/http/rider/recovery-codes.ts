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
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { NewRecoveryCode } from '../../core/access/recovery-changes.ts';
import { UNCONFIRMED_CODE_MS } from '../../core/access/recovery-codes.ts';
import { type RiderSession, requireSession, riderFrom } from '../access.ts';
import { type Allowance, spend } from '../allowance.ts';
import type { ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import type { CodeTries } from './code-tries.ts';
import { refuseDenied, refuseEnded } from './passes.ts';
import { type PresenceParts, requirePresence } from './presence.ts';

const PHONE_CODE_MS = 10 * 60_000;
/** Of each kind, for one account, whichever of its phones and addresses asks: each costs a slow hash. */
const DRAWN_PER_MINUTE_MAX = 6;

const security = [{ session: [] }];
const tags = ['rider'];
const refused = { 400: refusalSchema, 401: refusalSchema, 403: refusalSchema, 429: refusalSchema };

type CodeParts = PresenceParts & { codeTries: CodeTries };

export function addRecoveryCodeRoutes(app: ApiRouter, parts: CodeParts): void {
  addDrawings(app, parts);
  addConfirmations(app, parts);
}

type Drawing = {
  kind: Extract<NewRecoveryCode['kind'], 'RECOVERY' | 'PHONE'>;
  purpose: 'make-recovery-code' | 'make-phone-code';
  lifeMs: number;
  /** How many were drawn lately. */
  allowance: Allowance;
};

function addDrawings(app: ApiRouter, parts: CodeParts): void {
  const onRequest = requireSession(parts);
  const draw = createDraw(parts);
  const recovery: Drawing = {
    kind: 'RECOVERY',
    purpose: 'make-recovery-code',
    lifeMs: UNCONFIRMED_CODE_MS,
    allowance: parts.allowanceOf('drawn-recovery-codes', DRAWN_PER_MINUTE_MAX),
  };
  const phone: Drawing = {
    kind: 'PHONE',
    purpose: 'make-phone-code',
    lifeMs: PHONE_CODE_MS,
    allowance: parts.allowanceOf('drawn-phone-codes', DRAWN_PER_MINUTE_MAX),
  };
  const shared = { tags, security, body: presenceSchema };
  app.post(
    '/v1/riders/me/recovery-code',
    {
      onRequest,
      schema: {
        ...shared,
        summary:
          'A recovery code, shown this once; the one before it works until a week after this one is confirmed',
        description: 'Proof `make-recovery-code`; subject: account/serial.',
        response: { 201: recoveryCodeSchema, ...refused },
      },
    },
    async (request, reply) => {
      const of = { rider: riderFrom(request), proof: request.body, reply };
      const { code, madeAtMs } = await draw(recovery, of);
      return reply.code(201).send({ code, madeAtMs });
    },
  );
  app.post(
    '/v1/riders/me/phone-code',
    {
      onRequest,
      schema: {
        ...shared,
        summary: 'A code with which a second phone joins the account, for ten minutes',
        description: 'Proof `make-phone-code`; subject: account/serial.',
        response: { 201: phoneCodeSchema, ...refused },
      },
    },
    async (request, reply) => {
      const of = { rider: riderFrom(request), proof: request.body, reply };
      const { code, expiresAtMs } = await draw(phone, of);
      return reply.code(201).send({ code, expiresAtS: Math.floor(expiresAtMs / 1000) });
    },
  );
}

type DrawnBy = { rider: RiderSession; proof: z.infer<typeof presenceSchema>; reply: FastifyReply };

/** What both kinds have in common: the phone's proof, the account's allowance, and what is stored. */
function createDraw(parts: CodeParts) {
  const { store, config, clock, codeTries } = parts;
  const { issuer } = config;
  return async (
    { kind, purpose, lifeMs, allowance }: Drawing,
    { rider, proof, reply }: DrawnBy,
  ): Promise<{ code: string; madeAtMs: number; expiresAtMs: number }> => {
    const { account, serial: drawnBy } = rider;
    // First the proof: a session that was stolen uses up nothing.
    await requirePresence(parts, { purpose, rider, proof });
    spend(allowance, { subject: account, reply });
    const { code, hashes } = await codeTries.make(account);
    const madeAtMs = clock.now().wallMs;
    const expiresAtMs = madeAtMs + lifeMs;
    const drawn = { ...hashes, account, kind, drawnBy, madeAtMs, expiresAtMs };
    const result = await store.addRecoveryCode({ ...drawn, issuer });
    if (result === 'ended') refuseEnded();
    if (result === 'denied') refuseDenied();
    return { code, madeAtMs, expiresAtMs };
  };
}

/** Who sends the code has it; a session alone could not end the one on paper. Tries are bounded by the code (code-tries.ts). */
function addConfirmations(app: ApiRouter, parts: CodeParts): void {
  const { store, clock, codeTries } = parts;
  app.post(
    '/v1/riders/me/recovery-code/confirmation',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'The rider has written this recovery code down: the one before it ends in a week',
        tags,
        security,
        body: codeConfirmationSchema,
        response: { 204: z.undefined(), ...refused },
      },
    },
    async (request, reply) => {
      const { account } = riderFrom(request);
      const codeHash = await codeTries.hashOf(request.body.code, { by: account, reply });
      const nowMs = clock.now().wallMs;
      if (!(await store.confirmRecoveryCode({ account, codeHash, nowMs }))) {
        throw new Refusal('RECOVERY_REFUSED', 'this account has no such code: make a new one');
      }
      await store.tellRider(account, clock.now().wallMs);
      return reply.code(204).send(undefined);
    },
  );
}
