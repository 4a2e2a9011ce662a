/** What an enrolled phone asks while it is online: open a session, renew its pass. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { wallS } from '@stile/host/clock.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  challengeSchema,
  issuedPassSchema,
  passProofSchema,
  sessionSchema,
} from '@stile/protocol/http/rider-api.ts';
import { moneyText } from '@stile/protocol/money/amount.ts';
import { type ProofPurpose, proofMessage } from '@stile/protocol/proof.ts';
import { signatureHolds } from '@stile/protocol/signature.ts';
import type { PassRow, StoredPass } from '../../core/access/rider-changes.ts';
import { type OfflineReason, offerPass } from '../../core/access/standing.ts';
import { randomToken, tokenHash } from '../../keys/tokens.ts';
import type { ApiParts, ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { standingOf } from './account.ts';

const SESSION_S = 30 * 60;

/** What a phone sends, and what it is about: a device key or a pass. */
type Proof = {
  challenge: string;
  proof: string;
  subject: string;
  /** Undefined: settlement knows no such pass. */
  key: Pick<PassRow, 'algorithm' | 'publicKey'> | undefined;
};

export type ProofCheck = ReturnType<typeof createProofCheck>;

export function addPassRoutes(app: ApiRouter, parts: ApiParts & { checkProof: ProofCheck }): void {
  addChallenges(app, parts);
  addSessions(app, parts);
  addRenewal(app, parts);
}

const NO_RIDES: Readonly<Record<OfflineReason, string>> = {
  NOTHING_BEHIND: 'nothing stands behind this account: top up, then renew',
  CODES_COPIED:
    'codes of this account opened several gates, or were too old, and nobody pays for that: ride with online codes until that is a month ago, or ask the operator',
};

export type PassParts = ApiParts & { checkProof: ProofCheck };

/** A sound key of nobody's: twice the base point of RFC 8032 §5.1. */
const NOBODY = {
  algorithm: 'Ed25519',
  publicKey: 'c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd6022',
} as const;

/** The challenge is used up by a proof that holds: nothing has to be kept for one that does not. */
export function createProofCheck({ challenges }: ApiParts) {
  const verify = createNodeVerify();
  return async (
    purpose: ProofPurpose,
    { challenge, proof, subject, key }: Proof,
  ): Promise<void> => {
    if (!challenges.isOpen(challenge)) throw challengeEnded();
    // No such pass: a key that nobody holds is tried, so that time tells as little as words.
    const { algorithm, publicKey: keyHex } = key ?? NOBODY;
    const publicKey = fromHex(keyHex);
    const signature = fromHex(proof, 64);
    assert(publicKey !== undefined && signature !== undefined, 'the schema lets hex pass only');
    const message = proofMessage(purpose, { challenge, subject });
    // An unknown pass gets the same answer as a wrong key: nobody learns which accounts exist.
    const holds = signatureHolds(verify, { algorithm, publicKey, message, signature });
    if (key === undefined || !holds) {
      throw new Fault(
        'PROOF_REFUSED',
        'the proof is not by the key of this pass, or is for something else',
      );
    }
    if (!(await challenges.use(challenge))) throw challengeEnded();
  };
}

function challengeEnded(): Fault {
  return new Fault(
    'PROOF_REFUSED',
    'this challenge is unknown, used or expired; ask for a new one',
  );
}

function addChallenges(app: ApiRouter, { challenges, config }: ApiParts): void {
  const max = config.http.challengesPerMinute;
  app.post(
    '/v1/challenges',
    {
      config: { rateLimit: { max, timeWindow: '1 minute' } },
      schema: {
        summary: 'A fresh challenge for a proof of possession; good once, for a short time',
        tags: ['rider'],
        response: {
          200: challengeSchema,
          429: refusalSchema,
        },
      },
    },
    async () => challenges.make(),
  );
}

/** @throws Refusal PASS_ENDED, or ACCOUNT_DENIED if the operator has denied this very pass. */
export async function openSession(
  { store, clock, random, config }: ApiParts,
  { account, serial }: Pick<PassRow, 'account' | 'serial'>,
) {
  const token = randomToken(random);
  const expiresAtS = wallS(clock) + SESSION_S;
  const { issuer } = config;
  const session = { issuer, tokenHash: tokenHash(token), account, serial, expiresAtS };
  const result = await store.openSession(session);
  if (result === 'ended') refuseEnded();
  if (result === 'denied') refuseDenied();
  return { token, expiresAtS };
}

export function refuseDenied(): never {
  throw new Refusal('ACCOUNT_DENIED', 'this phone was blocked by the operator: ask them');
}

export function refuseOpenPasses(issuesMax: number): never {
  throw new Refusal(
    'PASSES_OPEN',
    `${issuesMax} passes of this phone are still good: renew when the first of them has ended`,
  );
}

export function refuseEnded(): never {
  throw new Refusal(
    'PASS_ENDED',
    'this phone was blocked, or its account is on another one: only a recovery code brings it back here',
  );
}

/** Only behind a proof. @throws Refusal PASS_ENDED. */
export function requireGood(pass: StoredPass | undefined): StoredPass {
  assert(pass !== undefined, 'a proof holds for a known pass only');
  if (pass.endedAtMs !== null) refuseEnded();
  return pass;
}

/** What is on the deny list of this pass. @throws Refusal ACCOUNT_DENIED if the operator has denied it or its account. */
export async function requireAllowed(
  { store, config }: ApiParts,
  { account, serial }: Pick<PassRow, 'account' | 'serial'>,
) {
  const denials = await store.findDenials(config.issuer, { account, serial });
  if (denials.some(({ cause }) => cause === 'OPERATOR')) {
    throw new Refusal('ACCOUNT_DENIED', 'this pass was blocked by the operator: ask them');
  }
  return denials;
}

function addSessions(app: ApiRouter, parts: PassParts): void {
  app.post(
    '/v1/sessions',
    {
      schema: {
        summary: 'Open a session with the key of a pass',
        description: 'Proof `open-session`; subject: account/serial.',
        tags: ['rider'],
        body: passProofSchema,
        response: { 200: sessionSchema, 403: refusalSchema },
      },
    },
    async (request) => {
      const { account, serial, ...proof } = request.body;
      const pass = await parts.store.findPass(account, serial);
      await parts.checkProof('open-session', {
        ...proof,
        subject: `${account}/${serial}`,
        key: pass,
      });
      return await openSession(parts, requireGood(pass));
    },
  );
}

function addRenewal(app: ApiRouter, parts: PassParts): void {
  const { store, passes, config, clock } = parts;
  app.post(
    '/v1/passes',
    {
      schema: {
        summary: 'Renew a pass: the same serial and key, valid from now',
        description:
          'Proof `renew-pass`; subject: account/serial. ACCOUNT_DENIED: see the message.',
        tags: ['rider'],
        body: passProofSchema,
        response: { 200: issuedPassSchema, 403: refusalSchema, 409: refusalSchema },
      },
    },
    async (request) => {
      const { account, serial, ...proof } = request.body;
      const found = await store.findPass(account, serial);
      await parts.checkProof('renew-pass', {
        ...proof,
        subject: `${account}/${serial}`,
        key: found,
      });
      const pass = requireGood(found);
      const denials = await requireAllowed(parts, pass);
      // Before the account is read: what comes in meanwhile counts at the gates (core/access/standing.ts).
      const nowMs = clock.now().wallMs;
      const rider = await store.readRider(config.issuer, account);
      if (denials.length > 0) {
        const debt = moneyText(rider?.debtCents ?? 0, config.currency);
        throw new Refusal('ACCOUNT_DENIED', `${debt} is owed: top up, then renew`);
      }
      assert(rider !== undefined, 'an account with a pass can be read');
      const offer = offerPass(standingOf(rider, nowMs), config);
      if (offer.reason !== null) throw new Refusal(offer.reason, NO_RIDES[offer.reason]);
      const { bytes, ...issue } = passes.issue(pass, { offer, atS: Math.floor(nowMs / 1000) });
      const { issuesMax } = config.offline;
      const given = { account, serial, issue, hasRides: true };
      const result = await store.addPassIssue({ ...given, issuesMax, nowMs });
      if (result === 'ended') refuseEnded();
      if (result === 'tooMany') refuseOpenPasses(issuesMax);
      const { expiresAtS } = issue;
      return { account, issuer: config.issuer, serial, pass: toHex(bytes), expiresAtS };
    },
  );
}
