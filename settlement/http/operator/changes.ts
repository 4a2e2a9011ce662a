/** What an operator changes: gates, fares, denials, issuer keys. All behind the operator's token. */

import { writeGateToken } from '@stile/crypto/gate-token.ts';
import { keyFromSeed } from '@stile/crypto/sign.ts';
import { wallS } from '@stile/host/clock.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import {
  type DenialOf,
  denialOfSchema,
  denialSchema,
  gateTokenSchema,
  newDenialSchema,
  newFareSchema,
  newGateSchema,
  setFareSchema,
} from '@stile/protocol/http/operator-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import { LINE_FARES_MAX, lineFareSchema } from '@stile/protocol/trust-list.ts';
import { z } from 'zod';
import { tokenHash } from '../../keys/tokens.ts';
import { requireCurrentToken, requireOperator } from '../access.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { addIssuerKeys } from './issuer-keys.ts';
import { addRootRoutes } from './roots.ts';

const GATE_SECRET_BYTES = 32;
const GATE_TOKEN_MS = 24 * 3_600_000;
/** How far ahead a fare may be announced, or behind it may be corrected. */
const FARE_AHEAD_S = 366 * 86_400;

const security = [{ operator: [] }];
const tags = ['operator'];

export function addOperatorRoutes(app: ApiRouter, parts: ApiParts): void {
  addGates(app, parts);
  addFares(app, parts);
  addDenials(app, parts);
  addIssuerKeys(app, parts);
  addRootRoutes(app, parts);
}

function addGates(app: ApiRouter, parts: ApiParts): void {
  const { store, config, operatorKeys, clock, random } = parts;
  app.post(
    '/v1/operator/gates',
    {
      onRequest: requireCurrentToken(parts),
      schema: {
        summary: 'Announce a gate, or a new box for one: a one-time token for its enrolment',
        tags,
        security,
        body: newGateSchema,
        response: {
          201: gateTokenSchema,
          401: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { gate, line, scope = config.pass.scope } = request.body;
      const secret = random.bytes(GATE_SECRET_BYTES);
      const token = writeGateToken(await fingerprintOf(operatorKeys.rootKey), secret);
      const nowMs = clock.now().wallMs;
      const expiresAtMs = nowMs + GATE_TOKEN_MS;
      await store.addGateToken({
        tokenHash: tokenHash(toHex(keyFromSeed(secret).publicKey)),
        gate,
        line,
        scope,
        expiresAtMs,
        nowMs,
      });
      const hasFare = (await store.listTariff(line)).length > 0;
      return reply.code(201).send({
        gate,
        token,
        expiresAtS: Math.floor(expiresAtMs / 1000),
        ...(hasFare ? {} : { warning: `line ${line} has no fare yet: set it with set-fare` }),
      });
    },
  );
}

function addFares(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, outbox } = parts;
  const { ceiling, ceilingExponent } = config.pass;
  const ceilingCents = ceiling * 10 ** ceilingExponent;
  app.put(
    '/v1/operator/lines/:line',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'Set the flat fare of a line',
        description:
          'In force from `fromS`; by default from now, the first fare of a line from ever. One from the ' +
          'past re-prices rides since then: only the difference is posted.',
        tags,
        security,
        params: z.object({ line: lineFareSchema.shape.line }),
        body: newFareSchema,
        response: {
          200: setFareSchema,
          400: refusalSchema,
          401: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request) => {
      const { line } = request.params;
      const { fareCents } = request.body;
      const nowS = wallS(clock);
      const isFirst = (await store.listTariff(line)).length === 0;
      const fromS = request.body.fromS ?? (isFirst ? 0 : nowS);
      if (fromS > nowS + FARE_AHEAD_S) {
        throw new Fault('REQUEST_INVALID', 'fromS: more than a year ahead');
      }
      const tariffVersion = await store.setFare({ line, fareCents, fromS }, clock.now().wallMs);
      if (tariffVersion === null) {
        throw new Refusal('TARIFF_FULL', `a list carries ${LINE_FARES_MAX} fares: it has no room`);
      }
      outbox.wake();
      if (fareCents <= ceilingCents) return { line, fareCents, fromS, tariffVersion };
      const warning = `no ride costs more than the ceiling of its pass: ${ceilingCents} by these settings`;
      return { line, fareCents, fromS, tariffVersion, warning };
    },
  );
}

function addDenials(app: ApiRouter, parts: ApiParts): void {
  const { store, config, clock, outbox } = parts;
  const response = { 200: denialSchema, 401: refusalSchema, 404: refusalSchema };

  async function idOf({ account, serial = 0 }: DenialOf) {
    const rider = await store.readRider(config.issuer, account);
    const isKnown = rider?.passes.some((pass) => serial === 0 || pass.serial === serial);
    if (!isKnown) throw new Fault('NOT_FOUND', 'there is no such account or pass');
    return denyId({ issuer: config.issuer, account, serial });
  }

  app.post(
    '/v1/operator/denials',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: 'Deny an account, or one of its passes, whose sessions then end',
        tags,
        security,
        body: newDenialSchema,
        response,
      },
    },
    async (request) => {
      const { account, serial = 0, note } = request.body;
      const pass = serial === 0 ? null : { account, serial };
      const nowMs = clock.now().wallMs;
      await store.setDenied({ id: await idOf(request.body), note, nowMs, pass });
      outbox.wake();
      await store.tellRider(account, nowMs);
      return { account, serial, denied: true };
    },
  );
  app.delete(
    '/v1/operator/denials',
    {
      onRequest: requireOperator(parts),
      schema: {
        summary: "Take back the operator's denial; one for debt is lifted by paying",
        tags,
        security,
        body: denialOfSchema,
        response,
      },
    },
    async (request) => {
      const { account, serial = 0 } = request.body;
      const nowMs = clock.now().wallMs;
      await store.liftDenied(await idOf(request.body), nowMs);
      outbox.wake();
      await store.tellRider(account, nowMs);
      const left = await store.findDenials(config.issuer, { account, serial });
      return { account, serial, denied: left.length > 0 };
    },
  );
}
