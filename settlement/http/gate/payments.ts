/**
 * A gate's question whether a payment or online code pays its fare (protocol/README.md §14). The body is
 * signed as a whole by the gate's key and looked at only behind that signature; the answer is signed
 * by the root key, because a gate believes nothing else. The same id gives the same answer.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { wallS } from '@stile/host/clock.ts';
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import { type GatePayment, gatePaymentSchema, type Payment } from '@stile/protocol/payment.ts';
import { holds } from '@stile/protocol/signature.ts';
import { z } from 'zod';
import type { ApiRouter } from '../access.ts';
import type { ApiParts } from '../app.ts';
import { Refusal, refusalSchema } from '../refusal.ts';

const BODY_BYTES_MAX = 1_024;
const SIGNATURE_BYTES = 64;
const DOMAIN = utf8('Stile-gate-payment\0');
const JOSE = 'application/jose';

const NO_SUCH_CODE = { outcome: 'REFUSED', reason: 'CODE_REFUSED', amountCents: 0 } as const;

export function addGatePaymentRoutes(app: ApiRouter, parts: ApiParts): void {
  const verify = createNodeVerify();

  async function readQuestion(gate: string, header: string, body: Buffer): Promise<GatePayment> {
    const keys = (await parts.store.findGateKeys(gate)) ?? [];
    const signature = Buffer.from(header, 'base64url');
    const message = concatBytes(DOMAIN, body);
    const isSigned =
      signature.length === SIGNATURE_BYTES &&
      keys.some(
        ({ publicKey, untilMs }) =>
          untilMs === null && holds(verify, 'Ed25519', publicKey, message, signature),
      );
    // An unknown gate gets the same answer: nobody learns which gates exist.
    if (!isSigned) throw new Fault('UNAUTHENTICATED', "this is not signed by the gate's key");
    const read = gatePaymentSchema.safeParse(parseJson(body));
    if (!read.success || read.data.gate !== gate) {
      throw new Fault('REQUEST_INVALID', 'this is no question of this gate');
    }
    // A gate's clock may be wrong: what is presented has to be good by settlement's own, and an id that is
    // asked again gets its old answer, so an old question brings nobody anything.
    return read.data;
  }

  async function answer({ gate, id, line, code }: GatePayment): Promise<string> {
    const payee = { kind: 'gate', gate, line, idempotencyKey: id } as const;
    const paid = await parts.desk.pay(payee, code, null);
    if (paid !== 'off' && paid.kind === 'conflict')
      throw new Refusal('KEY_REUSED', 'this id asked something else');
    // Without seeds there is no such code; a gate needs an answer that it can believe at once.
    const { outcome, reason, amountCents } =
      paid === 'off' ? NO_SUCH_CODE : asItStands(paid.payment);
    const fareCents = outcome === 'PAID' ? amountCents : null;
    return await parts.publisher.signAnswer({
      ...{ stile: 'gate-payment-answer/1', gate, id, outcome, reason, fareCents },
      issuedAtS: wallS(parts.clock),
    });
  }

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
            'Body: gate-payment/1 as JSON; header stile-signature: base64url Ed25519 by the gate. ' +
            'As it stands in protocol/README.md.',
          tags: ['gate'],
          security: [{ gate: [] }],
          params: z.object({ gate: gateIdSchema }),
          headers: z.object({ 'stile-signature': z.string().max(128).default('') }),
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
        const header = request.headers['stile-signature'];
        const question = await readQuestion(gate, header, request.body);
        const jws = await answer(question);
        return reply.type(JOSE).serializer(String).send(jws);
      },
    );
    ready();
  });
}

/** What was given back is not paid any more, whoever asks again. */
function asItStands(payment: Payment): Pick<Payment, 'outcome' | 'reason' | 'amountCents'> {
  const isGivenBack = payment.refunds.length > 0;
  return isGivenBack ? { ...payment, outcome: 'REFUSED', reason: 'REVERSED' } : payment;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    // Not JSON is not a question, which is what the caller says of anything that does not fit.
    return undefined;
  }
}
