/**
 * What a phone wants of settlement while it has a network: enrol, open a session, renew its pass, see
 * its money, top up. Each proof is signed by the phone's own key over the server's fresh challenge.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { callJson } from '@stile/host/http-client.ts';
import { refusePlainHttp } from '@stile/host/plain-http.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import {
  challengeSchema,
  type EnrolledRider,
  enrolledRiderSchema,
  issuedPassSchema,
  type PhoneCode,
  phoneCodeSchema,
  type RecoveredRider,
  type RecoveryCode,
  recoveredRiderSchema,
  recoveryCodeSchema,
  riderSchema,
  sessionSchema,
  type TopUp,
} from '@stile/protocol/http/rider-api.ts';
import { type ProofPurpose, proofMessage } from '@stile/protocol/proof.ts';
import { z } from 'zod';
import { createPaymentCalls, type PassName } from './payment-calls.ts';

/** What a scripted phone says of its account. */
const accountSchema = riderSchema.omit({ passes: true });
export type Account = z.infer<typeof accountSchema>;

/** `account`: the one that the code has to be of; undefined: whichever it is of. */
type MeantCode = { code: string; account?: string | undefined };

/** @throws Fault REQUEST_INVALID for http to another machine, unless `plainHttp`. */
export function createPhoneClient(
  settlementUrl: string,
  key: SigningKey,
  { plainHttp = false }: { plainHttp?: boolean | undefined } = {},
) {
  refusePlainHttp(settlementUrl, { isAllowed: plainHttp, setting: '--plain-http' });

  async function call<T>(
    schema: z.ZodType<T>,
    path: string,
    { body, session: token }: { body?: unknown; session?: string } = {},
  ): Promise<T> {
    return schema.parse(await callJson(settlementUrl, path, { body, token }));
  }

  async function prove(purpose: ProofPurpose, subject: string) {
    const { challenge } = await call(challengeSchema, 'v1/challenges', { body: {} });
    return { challenge, proof: toHex(key.sign(proofMessage(purpose, { challenge, subject }))) };
  }

  return {
    async enrol(invite?: string): Promise<EnrolledRider> {
      const publicKey = toHex(key.publicKey);
      const proof = await prove('enrol-rider', publicKey);
      const { algorithm } = key;
      const body = { algorithm, publicKey, ...proof, ...(invite === undefined ? {} : { invite }) };
      return await call(enrolledRiderSchema, 'v1/riders', { body });
    },
    /** With a recovery code, or one that an operator or another phone gave. */
    async recover({ code, account }: MeantCode): Promise<RecoveredRider> {
      const publicKey = toHex(key.publicKey);
      const proof = await prove('recover-account', publicKey);
      const body = { algorithm: key.algorithm, publicKey, ...proof, code, account };
      return await call(recoveredRiderSchema, 'v1/recoveries', { body });
    },
    /** The one before it ends when this one is confirmed. The phone's key has to say so, not the session alone. */
    async fetchRecoveryCode(session: string, { account, serial }: PassName): Promise<RecoveryCode> {
      const body = await prove('make-recovery-code', `${account}/${serial}`);
      return await call(recoveryCodeSchema, 'v1/riders/me/recovery-code', { session, body });
    },
    /** It is on paper. */
    async confirmRecoveryCode(session: string, code: string): Promise<void> {
      const path = 'v1/riders/me/recovery-code/confirmation';
      await call(z.unknown(), path, { session, body: { code } });
    },
    /** With which a second phone joins the account. */
    async fetchPhoneCode(session: string, { account, serial }: PassName): Promise<PhoneCode> {
      const path = 'v1/riders/me/phone-code';
      const body = await prove('make-phone-code', `${account}/${serial}`);
      return await call(phoneCodeSchema, path, { session, body });
    },
    /** `blocked`: the serial of another phone of the account. */
    async blockPass(
      session: string,
      { account, serial, blocked }: PassName & { blocked: number },
    ): Promise<void> {
      const path = `v1/riders/me/passes/${blocked}/block`;
      const body = await prove('block-phone', `${account}/${serial}/${blocked}`);
      await call(z.unknown(), path, { session, body });
    },
    async openSession({ account, serial }: PassName): Promise<string> {
      const proof = await prove('open-session', `${account}/${serial}`);
      const session = await call(sessionSchema, 'v1/sessions', {
        body: { account, serial, ...proof },
      });
      return session.token;
    },
    /** The renewed pass, hex. */
    async renewPass({ account, serial }: PassName): Promise<string> {
      const proof = await prove('renew-pass', `${account}/${serial}`);
      const renewed = await call(issuedPassSchema, 'v1/passes', {
        body: { account, serial, ...proof },
      });
      return renewed.pass;
    },
    async readRider(session: string): Promise<Account> {
      return await call(accountSchema, 'v1/riders/me', { session });
    },
    ...createPaymentCalls({ call, prove }),
    /** Delivering the same `idempotencyKey` again tops up once. */
    async topUp(session: string, body: TopUp): Promise<void> {
      await call(z.unknown(), 'v1/riders/me/top-ups', { body, session });
    },
  };
}
