/**
 * The store as routes and work use it, once for every database. Each use case is one line of three words:
 * facts are read, core/ decides, and the database writes what was decided, in one transaction.
 */

import {
  decideGateEnrolment,
  decideGateRevocation,
  decideGateToken,
  decidePassIssue,
  decideRiderEnrolment,
  isOpenInvite,
  isTokenOpen,
} from '../core/access/enrolment.ts';
import { decideSweep } from '../core/access/retention.ts';
import { decideSession, isOpenSession } from '../core/access/session.ts';
import { unchanged } from '../core/changes.ts';
import { accountEvent, tell } from '../core/events/tell.ts';
import { decideDenial, decideLift } from '../core/lists/denial.ts';
import { decideTopUp } from '../core/money/top-up.ts';
import { INQUIRY_PAUSE_MS_MAX } from '../core/money/top-up-inquiry.ts';
import { decideTopUpIntent, decideTopUpOutcome } from '../core/money/top-up-intent.ts';
import { decideBlock, decideMerchant, isActiveMerchant } from '../core/payments/merchant.ts';
import {
  decideNewOnlineCode,
  decideNewSeed,
  decideSeedConfirmation,
  decideSeedRevocation,
  isLiveSeed,
} from '../core/payments/seed.ts';
import type { Database } from './database.ts';
import type { Store } from './port.ts';

type RiderUseCases = Pick<
  Store,
  | 'addRider'
  | 'addInvite'
  | 'findInvite'
  | 'findPass'
  | 'findPassOfKey'
  | 'addPassIssue'
  | 'findDenials'
  | 'openSession'
  | 'findSession'
  | 'readRider'
  | 'listStatement'
  | 'beginTopUp'
  | 'endTopUp'
  | 'listDueTopUps'
  | 'findOldestOpenTopUp'
  | 'topUp'
  | 'addSeed'
  | 'confirmSeed'
  | 'revokeSeeds'
  | 'findSeed'
  | 'listSeedKeys'
  | 'endSeedsOfKey'
  | 'addOnlineCode'
>;

export function riderUseCases(database: Database): RiderUseCases {
  const { views, transact, write } = database;
  return {
    addRider: (rider) =>
      transact({
        read: (facts) => facts.riderEnrolment(rider),
        decide: (found) => decideRiderEnrolment(found, rider),
      }),
    addInvite: (invite) => write({ changes: [{ kind: 'addInvite', invite }], result: undefined }),
    findInvite: async (tokenHash, nowMs) => {
      const invite = (await views.findInvite(tokenHash)) ?? null;
      return isOpenInvite(invite, nowMs) ? invite : undefined;
    },
    findPass: async (account, serial) => await views.findPass({ account, serial }),
    findPassOfKey: async (publicKey) => await views.findPassOfKey(publicKey),
    addPassIssue: ({ nowMs, ...issue }) =>
      transact({
        read: (facts) => facts.passIssue({ ...issue, nowS: Math.floor(nowMs / 1000) }),
        decide: (found) => decidePassIssue(found, issue),
      }),
    findDenials: async (issuer, pass) => await views.findDenials(issuer, pass),
    openSession: (session) =>
      transact({
        read: (facts) => facts.session(session),
        decide: (found) => decideSession(found, session),
      }),
    findSession: async (tokenHash, nowS) => {
      const session = await views.findSession(tokenHash);
      if (session === undefined || !isOpenSession(session, nowS)) return undefined;
      return { account: session.account, serial: session.serial };
    },
    readRider: async (issuer, account) => await views.readRider(issuer, account),
    listStatement: async (account, page) => await views.listStatement(account, page),
    beginTopUp: (request) =>
      transact({
        read: (facts) => facts.topUpIntent(request),
        decide: (found) => decideTopUpIntent(found, request),
      }),
    endTopUp: (outcome) =>
      transact({
        read: (facts) => facts.topUpIntent(outcome),
        decide: (found) => decideTopUpOutcome(found, outcome),
      }),
    listDueTopUps: async ({ nowMs, limit }) =>
      await views.listDueTopUps({
        dueMs: nowMs,
        dueBeyondMs: nowMs + INQUIRY_PAUSE_MS_MAX,
        limit,
      }),
    findOldestOpenTopUp: async () => await views.findOldestOpenTopUp(),
    topUp: (request) =>
      transact({
        read: (facts) => facts.topUp(request),
        decide: (found) =>
          tell(decideTopUp(found, request), ({ kind }) =>
            kind === 'done' ? [accountEvent(request.account, request.nowMs)] : [],
          ),
      }),
    addSeed: (seed) =>
      transact({
        read: (facts) => facts.newSeed(seed),
        decide: (found) => decideNewSeed(found, seed),
      }),
    confirmSeed: (confirmation) =>
      transact({
        read: (facts) => facts.seedConfirmation(confirmation),
        decide: (found) => decideSeedConfirmation(found, confirmation),
      }),
    revokeSeeds: ({ account, serial, nowMs }) =>
      transact({
        read: (facts) => facts.liveHandles({ account, serial }),
        decide: (found) => decideSeedRevocation(found, { nowMs }),
      }),
    findSeed: async (handle, nowMs) => {
      const seed = await views.findSeed(handle);
      return seed !== undefined && isLiveSeed(seed, nowMs) ? seed : undefined;
    },
    listSeedKeys: async (nowMs) => await views.listSeedKeys(nowMs),
    endSeedsOfKey: ({ keyId, nowMs }) =>
      write({ changes: [{ kind: 'endSeedsOfKey', keyId, atMs: nowMs }], result: undefined }),
    addOnlineCode: (code) =>
      transact({
        read: (facts) => facts.liveOnlineCodes(code),
        decide: (found) => decideNewOnlineCode(found, code),
      }),
  };
}

type OperatorUseCases = Pick<
  Store,
  | 'setMerchant'
  | 'blockMerchant'
  | 'findMerchant'
  | 'listMerchants'
  | 'addGateToken'
  | 'enrolGate'
  | 'isGateTokenOpen'
  | 'findGateKeys'
  | 'revokeGate'
  | 'setDenied'
  | 'liftDenied'
  | 'sweepExpired'
  | 'listGates'
  | 'listTaps'
  | 'listParked'
  | 'readTrialBalance'
  | 'readLoad'
  | 'readMeta'
  | 'writeMeta'
>;

export function operatorUseCases(database: Database): OperatorUseCases {
  const { views, transact, write } = database;
  return {
    setMerchant: (merchant) => write(decideMerchant(merchant)),
    blockMerchant: (merchant, nowMs) =>
      transact({
        read: (facts) => facts.block(merchant),
        decide: (found) => decideBlock(found, { merchant, nowMs }),
      }),
    findMerchant: async (tokenHash) => {
      const merchant = await views.findMerchant(tokenHash);
      return merchant && isActiveMerchant(merchant) ? merchant : undefined;
    },
    listMerchants: async () => await views.listMerchants(),
    addGateToken: (token) => write(decideGateToken(token)),
    isGateTokenOpen: (request) =>
      transact({
        read: (facts) => facts.gateEnrolment(request),
        decide: ({ token }) => unchanged(isTokenOpen(token, request.nowMs)),
      }),
    enrolGate: (request) =>
      transact({
        read: (facts) => facts.gateEnrolment(request),
        decide: (found) => decideGateEnrolment(found, request),
      }),
    findGateKeys: async (gate) => await views.findGateKeys(gate),
    revokeGate: (revocation) =>
      transact({
        read: (facts) => facts.gateRevocation(revocation.gate),
        decide: (found) => decideGateRevocation(found, revocation),
      }),
    setDenied: (denial) =>
      transact({
        read: (facts) => facts.denial(denial.id),
        decide: (found) => decideDenial(found, denial),
      }),
    liftDenied: (id, nowMs) =>
      transact({
        read: (facts) => facts.denial(id),
        decide: (found) => decideLift(found, { id, nowMs }),
      }),
    sweepExpired: (nowMs) => write(decideSweep(nowMs)),
    listGates: async () => await views.listGates(),
    listTaps: async (page) => await views.listTaps(page),
    listParked: async (limit) => await views.listParked(limit),
    readTrialBalance: async () => await views.readTrialBalance(),
    readLoad: async () => await views.readLoad(),
    readMeta: async (key) => await views.readMeta(key),
    writeMeta: (key, value) =>
      write({ changes: [{ kind: 'setMeta', key, value }], result: undefined }),
  };
}
