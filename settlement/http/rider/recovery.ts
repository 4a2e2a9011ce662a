/**
 * A lost phone, from its rider's side: a recovery code while all is well; with it a new phone takes the account
 * over, or the lost one is blocked from any browser. A second phone is added by the first, and blocks it.
 */
import { isKeyOfPrimeOrder } from '@stile/crypto/noble-verify.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { refusalSchema } from '@stile/protocol/http/refusal.ts';
import {
  blockedSchema,
  blockSchema,
  passSerialSchema,
  presenceSchema,
  type Recovery,
  recoveredRiderSchema,
  recoverySchema,
} from '@stile/protocol/http/rider-api.ts';
import { z } from 'zod';
import { NEW_PHONES_PER_DAY_MAX, PHONES_MAX } from '../../core/access/recovery.ts';
import type { PassRow } from '../../core/access/rider-changes.ts';
import { requireSession, riderFrom } from '../access.ts';
import { addressGroup } from '../address.ts';
import type { ApiRouter } from '../api.ts';
import { Refusal } from '../refusal.ts';
import { type CodeTries, createCodeTries, refuseCode } from './code-tries.ts';
import { issueFor } from './issue.ts';
import { openSession, refuseOpenPasses } from './passes.ts';
import { type PresenceParts, requirePresence } from './presence.ts';
import { addRecoveryCodeRoutes } from './recovery-codes.ts';

/** A recovery that something came in between is planned anew so often. */
const PLANS_MAX = 3;

const security = [{ session: [] }];
const tags = ['rider'];

export function addRecoveryRoutes(app: ApiRouter, parts: PresenceParts): void {
  const codeTries = createCodeTries(parts);
  app.addHook('preClose', async () => codeTries.close());
  addRecoveryCodeRoutes(app, { ...parts, codeTries });
  addPassBlocks(app, parts);
  addRecoveries(app, { ...parts, codeTries });
  addBlocks(app, { ...parts, codeTries });
}

function refuseOtherAccount(): never {
  throw new Refusal(
    'RECOVERY_OTHER_ACCOUNT',
    'this code is of another account, and was not used: take the code of the account that is meant',
  );
}

function refuseFull(): never {
  throw new Refusal(
    'PHONES_FULL',
    `${PHONES_MAX} phones are on this account: block one that is used no more, then try again`,
  );
}

function refuseOften(): never {
  throw new Refusal(
    'PHONES_OFTEN',
    `this account came to ${NEW_PHONES_PER_DAY_MAX} phones within a day: try again tomorrow; if one is lost, block it now, ` +
      'or ask the operator to move the account',
  );
}

function addPassBlocks(app: ApiRouter, parts: PresenceParts): void {
  const { store, config, clock, outbox } = parts;
  app.post(
    '/v1/riders/me/passes/:serial/block',
    {
      onRequest: requireSession(parts),
      schema: {
        summary: 'Block another phone of this account',
        description:
          'Proof `block-phone`; subject: account/serial/serial of the phone that is blocked.',
        tags,
        security,
        params: z.object({ serial: z.coerce.number().pipe(passSerialSchema) }),
        body: presenceSchema,
        response: {
          204: z.undefined(),
          400: refusalSchema,
          401: refusalSchema,
          403: refusalSchema,
          404: refusalSchema,
          409: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { account, serial: own } = riderFrom(request);
      const { serial } = request.params;
      if (serial === own) {
        throw new Fault('CONFLICT', 'this phone blocks others: a lost one is blocked from another');
      }
      const claim = { purpose: 'block-phone', rider: riderFrom(request) } as const;
      await requirePresence(parts, { ...claim, proof: request.body, about: `/${serial}` });
      const nowMs = clock.now().wallMs;
      if (!(await store.blockPass({ issuer: config.issuer, account, serial, by: own, nowMs }))) {
        throw new Fault(
          'NOT_FOUND',
          'there is no such phone, or it is blocked already, or yours is',
        );
      }
      outbox.wake();
      return reply.code(204).send(undefined);
    },
  );
}

type CodeParts = PresenceParts & { codeTries: CodeTries };

function addBlocks(app: ApiRouter, parts: CodeParts): void {
  const { store, config, clock, outbox, log } = parts;
  app.post(
    '/v1/blocks',
    {
      schema: {
        summary: 'With a recovery code, from anywhere: block all phones of its account',
        description: 'The code stays good: with it the account can be brought to another phone.',
        tags,
        body: blockSchema,
        response: {
          200: blockedSchema,
          400: refusalSchema,
          403: refusalSchema,
          409: refusalSchema,
          429: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { code, account: meant = null } = request.body;
      const codeHash = await parts.codeTries.hashOf(code, { by: addressGroup(request.ip), reply });
      const nowMs = clock.now().wallMs;
      const blocked = await store.blockPhones({ codeHash, meant, issuer: config.issuer, nowMs });
      if (blocked === 'refused') refuseCode();
      if (blocked === 'otherAccount') refuseOtherAccount();
      const { phones } = blocked;
      outbox.wake();
      log.info({ phones }, 'a rider has blocked an account');
      return { phones };
    },
  );
}

function addRecoveries(app: ApiRouter, parts: CodeParts): void {
  const { store, config, clock, outbox, log } = parts;
  app.post(
    '/v1/recoveries',
    {
      schema: {
        summary: "A new device key takes an account over: with a recovery code or an operator's",
        description:
          "Proof `recover-account`; subject: the key's hex. Keys before it end; the code stays good until its rider has confirmed the next one, which " +
          'is in the response. If that is lost, the same key may ask again with the same code.',
        tags,
        body: recoverySchema,
        response: {
          201: recoveredRiderSchema,
          400: refusalSchema,
          403: refusalSchema,
          409: refusalSchema,
          429: refusalSchema,
          503: refusalSchema,
        },
      },
    },
    async (request, reply) => {
      const { algorithm, publicKey, code, ...proof } = request.body;
      const key = fromHex(publicKey);
      assert(key !== undefined, 'the schema lets hex pass only');
      const subject = publicKey;
      await parts.checkProof('recover-account', {
        ...proof,
        subject,
        key: { algorithm, publicKey },
      });
      if (!isKeyOfPrimeOrder(algorithm, key)) {
        throw new Refusal('KEY_REFUSED', `this key is not a sound ${algorithm} key`);
      }
      const by = addressGroup(request.ip);
      const codeHash = await parts.codeTries.hashOf(code, { by, reply });
      const of = { ...request.body, codeHash, by };
      const { pass, issue, recoveryCode } = await recover(parts, of);
      const { account, serial } = pass;
      outbox.wake();
      await store.tellRider(account, clock.now().wallMs);
      log.info({ isSecondPhone: recoveryCode === null }, 'an account has another phone');
      const session = await openSession(parts, pass);
      const named = { account, issuer: config.issuer, serial, expiresAtS: issue.expiresAtS };
      return reply.code(201).send({ ...named, pass: toHex(issue.bytes), session, recoveryCode });
    },
  );
}

type KeyAndCode = Pick<Recovery, 'algorithm' | 'publicKey' | 'account'> & {
  codeHash: string;
  /** The address that asks. */
  by: string;
};

/** @throws Refusal unless the account is the key's. */
async function recover(
  parts: CodeParts,
  { algorithm, publicKey, account: meant, codeHash, by }: KeyAndCode,
) {
  const { store, config, clock } = parts;
  const { issuesMax } = config.offline;
  let next: Awaited<ReturnType<CodeTries['make']>> | undefined;
  for (let plans = 0; plans < PLANS_MAX; plans += 1) {
    const nowMs = clock.now().wallMs;
    const plan = await store.planRecovery({ codeHash, publicKey, issuesMax, nowMs });
    if (plan === undefined) refuseCode();
    const { account, serial } = plan;
    if (meant !== undefined && meant !== account) refuseOtherAccount();
    const pass: PassRow = { account, serial, algorithm, publicKey };
    const { offer, issue } = await issueFor(parts, { pass, hasRides: plan.hasRides });
    const { bytes: _bytes, ...row } = issue;
    next ??= await parts.codeTries.make(by);
    const hasRides = offer.allowance > 0;
    const terms = { codeHash, issuesMax, next: next.hashes, nowMs };
    const result = await store.recover({ ...terms, pass, issue: row, hasRides });
    if (result.kind === 'refused') refuseCode();
    if (result.kind === 'keyTaken') {
      throw new Refusal('KEY_TAKEN', 'this key is enrolled already; make a new one');
    }
    if (result.kind === 'changed') continue;
    if (result.kind === 'passesOpen') refuseOpenPasses(issuesMax);
    if (result.kind === 'phonesFull') refuseFull();
    if (result.kind === 'phonesOften') refuseOften();
    const recoveryCode = result.hasNextCode ? { code: next.code, madeAtMs: nowMs } : null;
    return { pass, issue, recoveryCode };
  }
  throw new Fault('UPLINK_BUSY', 'this account changes just now: try again');
}
