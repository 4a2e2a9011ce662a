/**
 * A gate's authorisation: whether a payment or online code pays its fare (protocol/README.md §14). The body is
 * signed as a whole by the gate's key and looked at only behind that signature; the answer is signed
 * by an online key, because a gate believes nothing else. The same id gives the same answer.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { wallS } from '@stile/host/clock.ts';
import { parseStrictJson } from '@stile/host/strict-json.ts';
import { equalBytes } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import {
  type AuthorisationBody,
  authorisationBodySchema,
  authorisationMessage,
} from '@stile/protocol/http/gate-api.ts';
import {
  readGateSignature,
  SIGNATURE_CHARS_MAX,
  SIGNATURE_HEADER,
} from '@stile/protocol/http/gate-request.ts';
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import { signatureHolds, type Verify } from '@stile/protocol/signature.ts';
import { z } from 'zod';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';

const BODY_BYTES_MAX = 1_024;
const JOSE = 'application/jose';

const NO_SUCH_CODE = { outcome: 'REFUSED', reason: 'CODE_REFUSED', amountCents: 0 } as const;

/** What a gate asks, if its key signed the body; read only behind the signature. */
async function readAuthorisation(
  parts: ApiParts & { verify: Verify },
  { gate, header, body }: { gate: string; header: string; body: Buffer },
): Promise<AuthorisationBody> {
  const keys = (await parts.store.findGateKeys(gate)) ?? [];
  const signed = readGateSignature(header);
  // A key that is not this gate's costs a comparison, whether there is such a gate or not: nobody who has no
  // key of a gate is worth the arithmetic of a curve, and how long it takes says nothing.
  const isSigned =
    signed !== undefined &&
    keys.some(
      ({ publicKey, untilMs }) => untilMs === null && equalBytes(publicKey, signed.publicKey),
    ) &&
    signatureHolds(parts.verify, {
      ...signed,
      algorithm: 'Ed25519',
      message: authorisationMessage(body),
    });
  if (!isSigned) throw new Fault('UNAUTHENTICATED', "this is not signed by the gate's key");
  const read = authorisationBodySchema.safeParse(parseJson(body));
  if (!read.success || read.data.gate !== gate) {
    throw new Fault('REQUEST_INVALID', 'this is no question of this gate');
  }
  // A gate's clock may be wrong: what is presented has to be good by settlement's own, and an id that is
  // sent again gets its old answer, so an old authorisation brings nobody anything.
  return read.data;
}

async function answerTo(
  parts: ApiParts,
  { gate, id, line, code }: AuthorisationBody,
): Promise<string> {
  // What could not be answered would be paid and not opened for.
  parts.operatorKeys.requireSigner(wallS(parts.clock));
  const payee = { kind: 'gate', gate, line, idempotencyKey: id } as const;
  const paid = await parts.codePayments.pay(payee, { code, note: null });
  if (paid !== 'off' && paid.kind === 'conflict') {
    throw new Refusal('KEY_REUSED', 'this id asked something else');
  }
  // Without seeds there is no such code; a gate needs an answer that it can believe at once.
  const { outcome, reason, amountCents } = paid === 'off' ? NO_SUCH_CODE : asItStands(paid.payment);
  return await parts.answers.sign({
    stile: 'gate-payment-answer/1',
    gate,
    id,
    outcome,
    reason,
    fareCents: outcome === 'PAID' ? amountCents : null,
    issuedAtS: wallS(parts.clock),
  });
}

export function addAuthorisationRoutes(app: ApiRouter, parts: ApiParts): void {
  const verify = createNodeVerify();
  void app.register((scope, _options, ready) => {
    // The signature is over the bytes as they came.
    scope.removeContentTypeParser('application/json');
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, next) =>
      next(null, body),
    );
    (scope as unknown as ApiRouter).post(
      '/v1/gates/:gate/payments',
      {
        bodyLimit: BODY_BYTES_MAX,
        config: {
          rateLimit: { max: parts.config.http.gateAsksPerMinute, timeWindow: '1 minute' },
        },
        schema: {
          summary: 'Ask whether a code pays the fare of the line; answered by a signed JWS',
          description:
            'Body: gate-payment/1 as JSON; header stile-signature: the gate key and its Ed25519 signature. ' +
            'As it stands in protocol/README.md.',
          tags: ['gate'],
          security: [{ gate: [] }],
          params: z.object({ gate: gateIdSchema }),
          headers: z.object({
            [SIGNATURE_HEADER]: z.string().max(SIGNATURE_CHARS_MAX).default(''),
          }),
          body: z.custom<Buffer>(Buffer.isBuffer, 'send JSON').meta({ type: 'object' }),
          response: {
            200: z.string().describe('compact JWS, typ stile-gate-payment-answer+jws'),
            400: refusalSchema,
            401: refusalSchema,
            409: refusalSchema,
            429: refusalSchema,
            503: refusalSchema,
          },
        },
      },
      async (request, reply) => {
        const { gate } = request.params;
        const header = request.headers[SIGNATURE_HEADER];
        const authorisation = await readAuthorisation(
          { ...parts, verify },
          { gate, header, body: request.body },
        );
        const jws = await answerTo(parts, authorisation);
        return reply.type(JOSE).serializer(String).send(jws);
      },
    );
    ready();
  });
}

/** What was given back is not paid any more, whoever asks again. */
function asItStands({ outcome, reason, amountCents, refunds }: Payment) {
  const isGivenBack = refunds.length > 0 || outcome === 'REVERSED';
  if (isGivenBack) return { outcome: 'REFUSED', reason: 'REVERSED', amountCents } as const;
  return { outcome, reason, amountCents };
}

function parseJson(body: Buffer): unknown {
  try {
    return parseStrictJson(body.toString('utf8'));
  } catch {
    // Not JSON is no authorisation, which is what the caller says of anything that does not fit.
    return undefined;
  }
}
