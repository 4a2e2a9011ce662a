/** What is read for people, put together; every statement for itself, and nothing is locked. */
import type { Views } from '../database.ts';
import { createLookUp } from '../turns/groups.ts';
import { InviteReader } from './facts/invites.ts';
import type { Readers } from './facts-of.ts';
import type { Session } from './session.ts';
import { EventRows } from './sharing/event-rows.ts';
import { MerchantViews } from './views/merchant-views.ts';
import { OperatorViews } from './views/operator-views.ts';
import { RiderViews } from './views/rider-views.ts';

export function viewsOf(session: Session, readers: Readers): Views {
  const riders = new RiderViews(session, readers);
  const invites = new InviteReader(session);
  const merchants = new MerchantViews(session, readers);
  const operators = new OperatorViews(session);
  const events = new EventRows(session);
  const { codes, lists, outbox, parked, fares, recovery } = readers;
  return {
    findPass: (of) => riders.findPass(of),
    findPassOfKey: (publicKey) => riders.findPassOfKey(publicKey),
    findDenials: (issuer, of) => riders.findDenials(issuer, of),
    findSession: (tokenHash) => riders.findSession(tokenHash),
    findInvite: (tokenHash) => invites.read(tokenHash),
    readRider: (issuer, account) => riders.readRider(issuer, account),
    listStatement: (account, page) => riders.listStatement(account, page),
    listDueTopUps: (of) => riders.listDueTopUps(of),
    findOldestOpenTopUp: () => riders.findOldestOpenTopUp(),
    findSeed: createLookUp((handles) => codes.seeds(handles)),
    listSeedKeys: (nowMs) => codes.keysOfSeeds(nowMs),
    findOrder: (order) => merchants.findOrder(order),
    findPayment: (merchant, key) => merchants.findPayment(merchant, key),
    listPayments: (merchant, page) => merchants.listPayments(merchant, page),
    findMerchant: createLookUp((tokenHashes) => merchants.findMerchants(tokenHashes)),
    listMerchants: () => merchants.listMerchants(),
    findGateKeys: (gate) => operators.findGateKeys(gate),
    listGates: () => operators.listGates(),
    listTaps: (page) => operators.listTaps(page),
    listParked: (limit) => operators.listParked(limit),
    findParked: (query) => parked.find(query),
    findEarlierWords: (query) => parked.earlierWords(query),
    listResolutions: (page) => operators.listResolutions(page),
    readTrialBalance: () => operators.readTrialBalance(),
    findOperator: (tokenHash) => readers.operators.byToken(tokenHash),
    listOperators: () => readers.operators.list(),
    listActs: (page) => readers.operators.acts(page),
    listApprovals: (nowMs) => recovery.listApprovals(nowMs),
    matchCode: (quickHash) => recovery.matchCode(quickHash),
    readMeta: (key) => operators.readMeta(key),
    countWork: () => outbox.counts(),
    readLoad: () => operators.readLoad(),
    listDueShards: (due) => outbox.dueShards(due),
    listFailedWork: (limit) => outbox.failed(limit),
    findPublishRequest: () => outbox.publishRequest(),
    readListFacts: () => lists.lists(),
    readDenyWord: () => lists.denyWord(),
    readRootFacts: () => lists.rootFacts(),
    denyVersion: (version) => lists.denyVersion(version),
    published: () => lists.published(),
    denyRows: (of) => lists.denyRows(of),
    readDenyPage: (of) => lists.denyPage(of),
    listEvents: (subject, page) => events.list(subject, page),
    findLatestEvents: (subjects) => events.latest(subjects),
    listTariff: (line) => fares.lineFares(line),
  };
}
