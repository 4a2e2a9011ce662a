/**
 * Who may follow the deny list: a gate that is enrolled and not revoked, by its key's signature of what it asks
 * for and of a challenge of ours (protocol/README.md §5). Looked at before any work; each challenge is good for
 * one request, so a request that somebody has seen brings nobody anything.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { equalBytes } from '@stile/protocol/bytes.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { gateIdSchema } from '@stile/protocol/gate-log.ts';
import {
  CHALLENGE_HEADER,
  type GateSignature,
  gateRequestMessage,
  readGateSignature,
  SIGNATURE_CHARS_MAX,
  SIGNATURE_HEADER,
} from '@stile/protocol/http/gate-request.ts';
import { signatureHolds } from '@stile/protocol/signature.ts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { GateKey } from '../../core/logs/check-batch.ts';
import { spend } from '../allowance.ts';
import type { ApiParts } from '../api.ts';
import { createChallenges } from '../challenges.ts';
import { Refusal } from '../refusal.ts';

/** A gate asks when the list has changed: a few times a minute, if everything goes wrong. */
const REQUESTS_PER_MINUTE_MAX = 60;

export type RequestAdmission = ReturnType<typeof createRequestAdmission>;

export function createRequestAdmission({
  store,
  clock,
  random,
  sharedChallenges: shared,
  allowanceOf,
}: Pick<ApiParts, 'store' | 'clock' | 'random' | 'sharedChallenges' | 'allowanceOf'>) {
  const verify = createNodeVerify();
  // Their own, so that no crowd of phones uses up what gates need.
  const challenges = createChallenges({ clock, random, shared });
  const allowance = allowanceOf('gate', REQUESTS_PER_MINUTE_MAX);

  /** The challenge for what the gate asks next rides on this response, also if it is a refusal. */
  function offer(reply: FastifyReply): void {
    void reply.header(CHALLENGE_HEADER, challenges.make().challenge);
  }

  /** @throws Refusal or Fault, before anything is read or made. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { gate } = request.params as { gate: string };
    offer(reply);
    if (!gateIdSchema.safeParse(gate).success) {
      throw new Fault('REQUEST_INVALID', 'gate: no name of a gate');
    }
    const signed = readSignature(request);
    if (signed === undefined) throw unsigned();
    const challenge = String(request.headers[CHALLENGE_HEADER] ?? '');
    if (!challenges.isOpen(challenge)) throw ended();
    const keys = await store.findGateKeys(gate);
    if (keys === undefined) throw new Refusal('GATE_UNKNOWN', 'there is no such gate');
    // A key that is not the gate's costs a comparison, not the arithmetic of a curve.
    const key = keys.find(({ publicKey }) => equalBytes(publicKey, signed.publicKey));
    const message = gateRequestMessage({ path: request.url, challenge });
    const holds =
      key !== undefined && signatureHolds(verify, { ...signed, algorithm: 'Ed25519', message });
    if (!holds) throw unsigned();
    refuseEnded(key);
    // Of two with one challenge that came at once, the other was taken.
    if (!challenges.isOpen(challenge)) throw ended();
    spend(allowance, { subject: gate, reply });
    if (!(await challenges.use(challenge))) throw ended();
  }

  return { admit, offer };
}

function readSignature({ headers }: FastifyRequest): GateSignature | undefined {
  const text = String(headers[SIGNATURE_HEADER] ?? '');
  return text.length > SIGNATURE_CHARS_MAX ? undefined : readGateSignature(text);
}

function refuseEnded({ revokedAtMs, untilMs }: GateKey): void {
  if (revokedAtMs !== null) {
    throw new Refusal('GATE_REVOKED', 'this key of the gate was revoked: enrol the gate anew');
  }
  if (untilMs === null) return;
  throw new Refusal('GATE_REPLACED', 'another box is this gate by now: enrol this one anew');
}

function unsigned(): Fault {
  const what = 'the deny list is for gates: this is not signed by the key of the gate';
  return new Fault('UNAUTHENTICATED', what);
}

function ended(): Refusal {
  return new Refusal(
    'CHALLENGE_ENDED',
    `this challenge is not ours, has ended or was used: sign the one in ${CHALLENGE_HEADER}`,
  );
}
