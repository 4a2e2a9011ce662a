/**
 * A phone enrols its key: a new account and its first pass. The response may be lost, and with it an invitation and
 * all that the account is; so a key that is enrolled is answered again, about its own account.
 */
import { isKeyOfPrimeOrder } from '@stile/crypto/noble-verify.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  enrolledRiderSchema,
  type RiderEnrolment,
  riderEnrolmentSchema,
} from '@stile/protocol/http/rider-api.ts';
import type { FastifyReply } from 'fastify';
import type { RiderEnrolmentResult } from '../../core/access/enrolment.ts';
import type { PassRow } from '../../core/access/rider-changes.ts';
import { offerPass } from '../../core/access/standing.ts';
import { addressGroup } from '../address.ts';
import { refuseTooMany } from '../allowance.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { issueFor } from './issue.ts';
import {
  openSession,
  type PassParts,
  refuseEnded,
  refuseOpenPasses,
  requireAllowed,
  requireGood,
} from './passes.ts';

const ACCOUNT_BYTES = 8;

/** A pass that was just issued. */
type Issued = { pass: PassRow; bytes: Uint8Array; expiresAtS: number };

export function addRiderEnrolment(app: ApiRouter, parts: PassParts): void {
  app.post(
    '/v1/riders',
    {
      schema: {
        summary: 'Enrol a device key: a new account, its first pass and a session',
        description:
          "Proof `enrol-rider`; subject: the key's hex. If the response is lost, the same key may ask again: it gets its own " +
          'account, whichever way it came to it, a fresh pass and a session, and no invitation is used or looked at. Of an ' +
          'address accounts are counted, not requests: what makes none keeps nobody out.',
        tags: ['rider'],
        body: riderEnrolmentSchema,
        response: {
          201: enrolledRiderSchema,
          400: refusalSchema,
          403: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { algorithm, publicKey, challenge, proof } = request.body;
      const key = fromHex(publicKey);
      assert(key !== undefined, 'the schema lets hex pass only');
      const claim = { challenge, proof, subject: publicKey, key: { algorithm, publicKey } };
      await parts.checkProof('enrol-rider', claim);
      if (!isKeyOfPrimeOrder(algorithm, key)) {
        throw new Refusal('KEY_REFUSED', `this key is not a sound ${algorithm} key`);
      }
      const issued =
        (await issueAgain(parts, publicKey)) ??
        (await enrol(parts, request.body, { ip: request.ip, reply })) ??
        (await issueAgain(parts, publicKey));
      assert(issued !== undefined, 'a key that is taken has a pass');
      const { pass, bytes, expiresAtS } = issued;
      const { account, serial } = pass;
      const session = await openSession(parts, pass);
      const named = { account, issuer: parts.config.issuer, serial, expiresAtS };
      return reply.code(201).send({ ...named, pass: toHex(bytes), session });
    },
  );
}

/**
 * For a key that has an account. Undefined: it has none.
 * @throws Refusal PASS_ENDED or ACCOUNT_DENIED, as for a renewal; but a debt keeps nobody from seeing it.
 */
async function issueAgain(parts: ApiParts, publicKey: string): Promise<Issued | undefined> {
  const { store, config, clock } = parts;
  const found = await store.findPassOfKey(publicKey);
  if (found === undefined) return undefined;
  const pass = requireGood(found);
  await requireAllowed(parts, pass);
  const { issuesMax } = config.offline;
  const { account, serial } = pass;
  // If as many passes as may be are good, the next has no rides, and lasts a short time.
  for (const hasRides of [true, false]) {
    const nowMs = clock.now().wallMs;
    const { offer, issue } = await issueFor(parts, { pass, hasRides });
    const { bytes, ...row } = issue;
    const given = { account, serial, issue: row, hasRides: offer.allowance > 0 };
    const result = await store.addPassIssue({ ...given, issuesMax, nowMs });
    if (result === 'issued') return { pass, bytes, expiresAtS: issue.expiresAtS };
    if (result === 'ended') refuseEnded();
  }
  refuseOpenPasses(issuesMax);
}

type From = { ip: string; reply: FastifyReply };

/** Undefined: somebody else was quicker with this very key. @throws Refusal if there is no account for it. */
async function enrol(parts: ApiParts, body: RiderEnrolment, { ip, reply }: From) {
  const { store, passes, config, clock, random } = parts;
  const { algorithm, publicKey, invite = null } = body;
  const account = random.hex(ACCOUNT_BYTES);
  const pass: PassRow = { account, serial: 1, algorithm, publicKey };
  const { wallMs: nowMs } = clock.now();
  const answer = await parts.enrolmentPolicy({ invite, publicKey, nowMs });
  if (answer.kind === 'refused') throw new Refusal(answer.code, answer.message);
  const { kind: _kind, ...enrolled } = answer;
  const { enrolledBy } = answer;
  const nothing = { walletCents: 0, debtCents: 0, pendingRides: 0, extraUses: 0 };
  const offer = offerPass({ ...nothing, enrolledBy }, config);
  const { bytes, ...issue } = passes.issue(pass, { offer, atS: Math.floor(nowMs / 1000) });
  const from = { address: addressGroup(ip), perHourMax: config.enrolment.perAddressPerHour };
  const result = await store.addRider({ ...pass, ...issue, ...enrolled, from, nowMs });
  if (result === 'keyTaken') return undefined;
  refuseEnrolment(result, reply);
  return { pass, bytes, expiresAtS: issue.expiresAtS };
}

/** @throws Refusal unless the rider is enrolled. */
function refuseEnrolment(
  result: Exclude<RiderEnrolmentResult, 'keyTaken'>,
  reply: FastifyReply,
): void {
  if (typeof result === 'object') refuseTooMany(reply, Math.ceil(result.waitMs / 1000));
  switch (result) {
    case 'enrolled':
      return;
    case 'inviteUsed':
      throw new Refusal('INVITE_REFUSED', 'this invitation was used: ask for a new one');
    case 'personDenied':
      throw new Refusal(
        'PERSON_DENIED',
        'an account of the same person is blocked: settle that one first, or ask the operator',
      );
  }
}
