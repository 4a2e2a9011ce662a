/**
 * SQLite as a Database: facts are read, a decision is made and its changes are written in one uninterrupted
 * turn of one connection, so that nothing can slip in between.
 */

import type { Decision } from '../../core/changes.ts';
import type { KeyedHash } from '../../core/money/book-seal.ts';
import { type Database, type Facts, type UseCase, type Views, viewsWithin } from '../database.ts';
import { createTurns } from '../turns/turns.ts';
import { createApply } from './changes/apply.ts';
import type { Connection } from './connection.ts';
import { CodeReader } from './facts/code-facts.ts';
import { CutFactReader } from './facts/cut-facts.ts';
import { DenialReader } from './facts/denials.ts';
import { FareReader } from './facts/fares.ts';
import { InviteReader } from './facts/invites.ts';
import { ListFactReader } from './facts/list-facts.ts';
import { LogFactReader } from './facts/log-facts.ts';
import { MerchantReader } from './facts/merchant-facts.ts';
import { OperatorReader } from './facts/operator-facts.ts';
import { OrderReader } from './facts/order-facts.ts';
import { OutboxReader } from './facts/outbox-facts.ts';
import { ParkedReader } from './facts/parked-facts.ts';
import { PaymentFactReader } from './facts/payment-facts.ts';
import { RecoveryFactReader } from './facts/recovery-facts.ts';
import { RetimeReader } from './facts/retime-facts.ts';
import { RiderFactReader } from './facts/rider-facts.ts';
import { RiderMoneyReader } from './facts/rider-money.ts';
import { RulingFactReader } from './facts/ruling-facts.ts';
import { SettleFactReader } from './facts/settle-facts.ts';
import { StoredPayments } from './facts/stored-payments.ts';
import { createGroupCommit } from './group-commit.ts';
import { EventRows } from './sharing/event-rows.ts';
import { LeaseReader } from './sharing/lease-facts.ts';
import { MerchantViews } from './views/merchant-views.ts';
import { OperatorViews } from './views/operator-views.ts';
import { RiderViews } from './views/rider-views.ts';

/** Payments of one commit: a few milliseconds of the event loop. */
const PAYMENTS = { sizeMax: 32, atOnceMax: 1 } as const;

export type Readers = {
  payments: StoredPayments;
  orders: OrderReader;
  operators: OperatorReader;
  merchants: MerchantReader;
  codes: CodeReader;
  money: RiderMoneyReader;
  denials: DenialReader;
  fares: FareReader;
  lists: ListFactReader;
  leases: LeaseReader;
  outbox: OutboxReader;
  recovery: RecoveryFactReader;
  parked: ParkedReader;
};

export function createDatabase(connection: Connection, keyedHash: KeyedHash): Database {
  const readers = createReaders(connection);
  const turns = createTurns();
  const facts = factsOf(connection, readers);
  const apply = createApply(connection, keyedHash);
  const inGroup = createGroupCommit(connection);

  function carryOut<Read, Result>({ read, decide }: UseCase<Read, Result>): Result {
    // Every reader here answers at once: nothing has to be awaited.
    return finish(decide(connection.read(() => read(facts)) as Awaited<Read>));
  }

  function finish<Result>({ changes, result }: Decision<Result>): Result {
    apply(changes);
    return result;
  }

  return {
    payments: PAYMENTS,
    takeTurn: () => turns.take(),
    views: viewsWithin(viewsOf(connection, readers), (read) => connection.read(read)),
    transact: async (useCase) => connection.write(() => carryOut(useCase)),
    transactTogether: (useCase) => inGroup(() => carryOut(useCase)),
    write: async (decision) => connection.write(() => finish(decision)),
    close: async () => connection.close(),
  };
}

export function createReaders(connection: Connection): Readers {
  const payments = new StoredPayments(connection);
  const money = new RiderMoneyReader(connection);
  const fares = new FareReader(connection);
  return {
    payments,
    money,
    fares,
    orders: new OrderReader(connection),
    operators: new OperatorReader(connection),
    merchants: new MerchantReader(connection),
    codes: new CodeReader(connection),
    denials: new DenialReader(connection),
    lists: new ListFactReader(connection),
    leases: new LeaseReader(connection),
    outbox: new OutboxReader(connection),
    recovery: new RecoveryFactReader(connection),
    parked: new ParkedReader(connection, fares),
  };
}

function factsOf(connection: Connection, readers: Readers): Facts {
  const payments = new PaymentFactReader(readers);
  const riders = new RiderFactReader(connection, readers);
  const logs = new LogFactReader(connection);
  const retiming = new RetimeReader(connection);
  const rulings = new RulingFactReader(connection, readers.fares);
  const settling = new SettleFactReader(connection, readers);
  const cuts = new CutFactReader(connection);
  const { outbox, lists, leases, operators, recovery, parked, denials } = readers;
  return {
    codeOwners: (presented) => payments.codeOwners(presented),
    pay: (asked) => payments.pay(asked),
    refund: (of) => payments.refund(of),
    reversal: (of) => payments.reversal(of),
    newOrder: (of) => payments.newOrder(of),
    order: (order) => payments.order(order),
    confirmation: (request) => payments.confirmation(request),
    topUp: (of) => riders.topUp(of),
    newSeed: (of) => riders.newSeed(of),
    seedConfirmation: (of) => riders.seedConfirmation(of),
    liveHandles: (of) => riders.liveHandles(of),
    liveOnlineCodes: (of) => riders.liveOnlineCodes(of),
    riderEnrolment: (rider) => riders.riderEnrolment(rider),
    passIssue: (of) => riders.passIssue(of),
    session: (of) => riders.session(of),
    topUpIntent: (of) => riders.topUpIntent(of),
    block: (merchant) => riders.block(merchant),
    gateEnrolment: (request) => riders.gateEnrolment(request),
    gateRevocation: (gate) => riders.gateRevocation(gate),
    denial: (id) => riders.denial(id),
    log: (part) => logs.log(part),
    logOf: (epochId) => logs.logOf(epochId),
    nextUnjudged: () => logs.nextUnjudged(),
    clockNeighbours: (of) => retiming.clockNeighbours(of),
    retimePiece: (query) => retiming.retimePiece(query),
    rulingFacts: (of, query) => rulings.rulingFacts(of, query),
    nextWork: (due) => outbox.nextWork(due),
    failedWorkIds: () => outbox.failedIds(),
    piece: (query) => outbox.piece(query),
    settle: (records) => settling.settle(records),
    cut: (kind, bounds) => cuts.read(kind, bounds),
    parked: (subject) => parked.record(subject),
    nextResolution: () => parked.nextNumber(),
    writeOff: (of) => parked.writeOff(of),
    branch: (of) => parked.branch(of),
    identity: (of) => parked.identity(of),
    operator: (name) => operators.operator(name),
    nextAct: () => operators.nextAct(),
    recovery: (of) => recovery.recovery(of),
    accountAccess: (account) => recovery.accountAccess(account),
    newCode: (of) => ({
      ...recovery.accountAccess(of.account),
      isDenied: denials.isDeniedPhone(of),
    }),
    move: (of) => recovery.move(of),
    approval: (id) => recovery.approval(id),
    lease: () => leases.lease(),
    meta: (key) => leases.meta(key),
    isChallengeUsed: (challenge) => leases.isChallengeUsed(challenge),
    fare: () => lists.fare(),
    issuerKeys: () => lists.issuerKeys(),
    denyList: (idsMax) => lists.denyList(idsMax),
    denyVersion: (version) => lists.denyVersion(version),
  };
}

function viewsOf(connection: Connection, readers: Readers): Views {
  const riders = new RiderViews(connection, readers);
  const invites = new InviteReader(connection);
  const merchants = new MerchantViews(connection, readers);
  const operators = new OperatorViews(connection);
  const events = new EventRows(connection);
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
    findSeed: (handle) => readers.codes.seed(handle) ?? undefined,
    listSeedKeys: (nowMs) => readers.codes.keysOfSeeds(nowMs),
    findOrder: (order) => merchants.findOrder(order),
    findPayment: (merchant, key) => merchants.findPayment(merchant, key),
    listPayments: (merchant, page) => merchants.listPayments(merchant, page),
    findMerchant: (tokenHash) => merchants.findMerchant(tokenHash),
    listMerchants: () => merchants.listMerchants(),
    findGateKeys: (gate) => operators.findGateKeys(gate),
    listGates: () => operators.listGates(),
    listTaps: (page) => operators.listTaps(page),
    listParked: (limit) => operators.listParked(limit),
    findParked: (query) => readers.parked.find(query),
    findEarlierWords: (query) => readers.parked.earlierWords(query),
    listResolutions: (page) => operators.listResolutions(page),
    readTrialBalance: () => operators.readTrialBalance(),
    findOperator: (tokenHash) => readers.operators.byToken(tokenHash),
    listOperators: () => readers.operators.list(),
    listActs: (page) => readers.operators.acts(page),
    listApprovals: (nowMs) => readers.recovery.listApprovals(nowMs),
    matchCode: (quickHash) => readers.recovery.matchCode(quickHash),
    readMeta: (key) => operators.readMeta(key),
    countWork: () => readers.outbox.counts(),
    readLoad: () => operators.readLoad(),
    listDueShards: (due) => readers.outbox.dueShards(due),
    listFailedWork: (limit) => readers.outbox.failed(limit),
    findPublishRequest: () => readers.outbox.publishRequest(),
    readListFacts: () => readers.lists.lists(),
    readDenyWord: () => readers.lists.denyWord(),
    readRootFacts: () => readers.lists.rootFacts(),
    denyVersion: (version) => readers.lists.denyVersion(version),
    published: () => readers.lists.published(),
    denyRows: (of) => readers.lists.denyRows(of),
    readDenyPage: (of) => readers.lists.denyPage(of),
    listEvents: (subject, page) => events.list(subject, page),
    findLatestEvents: (subjects) => events.latest(subjects),
    listTariff: (line) => readers.fares.lineFares(line),
  };
}
