/**
 * SQLite as a Database: facts are read, a decision is made and its changes are written in one uninterrupted
 * turn of one connection, so that nothing can slip in between.
 */
import type { Decision } from '../../core/changes.ts';
import type { Database, Facts, UseCase, Views } from '../database.ts';
import { type ApplyChanges, createApply } from './changes/apply.ts';
import type { Connection } from './connection.ts';
import { CodeReader } from './facts/code-facts.ts';
import { DenialReader } from './facts/denials.ts';
import { FareReader } from './facts/fares.ts';
import { OrderReader } from './facts/order-facts.ts';
import { PaymentFactReader } from './facts/payment-facts.ts';
import { RiderFactReader } from './facts/rider-facts.ts';
import { RiderMoneyReader } from './facts/rider-money.ts';
import { StoredPayments } from './facts/stored-payments.ts';
import { createGroupCommit } from './group-commit.ts';
import { MerchantViews } from './views/merchant-views.ts';
import { OperatorViews } from './views/operator-views.ts';
import { RiderViews } from './views/rider-views.ts';

export type Readers = {
  payments: StoredPayments;
  orders: OrderReader;
  codes: CodeReader;
  money: RiderMoneyReader;
  denials: DenialReader;
  fares: FareReader;
};

export type SqliteDatabase = Database & { readers: Readers; apply: ApplyChanges };

export function createDatabase(connection: Connection): SqliteDatabase {
  const readers: Readers = {
    payments: new StoredPayments(connection),
    orders: new OrderReader(connection),
    codes: new CodeReader(connection),
    money: new RiderMoneyReader(connection),
    denials: new DenialReader(connection),
    fares: new FareReader(connection),
  };
  const facts = factsOf(connection, readers);
  const apply = createApply(connection);
  const inGroup = createGroupCommit(connection);

  function carryOut<Read, Result>({ read, decide }: UseCase<Read, Result>): Result {
    // Every reader here answers at once: nothing has to be awaited.
    return finish(decide(read(facts) as Awaited<Read>));
  }

  function finish<Result>({ changes, result }: Decision<Result>): Result {
    apply(changes);
    return result;
  }

  return {
    readers,
    apply,
    views: viewsOf(connection, readers),
    transact: async (useCase) => connection.write(() => carryOut(useCase)),
    transactTogether: (useCase) => inGroup(() => carryOut(useCase)),
    write: async (decision) => connection.write(() => finish(decision)),
    close: async () => connection.close(),
  };
}

function factsOf(connection: Connection, readers: Readers): Facts {
  const payments = new PaymentFactReader(readers);
  const riders = new RiderFactReader(connection, readers);
  return {
    pay: (request) => payments.pay(request),
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
    riderEnrolment: (publicKey) => riders.riderEnrolment(publicKey),
    block: (merchant) => riders.block(merchant),
    gateEnrolment: (request) => riders.gateEnrolment(request),
    denial: (id) => riders.denial(id),
  };
}

function viewsOf(connection: Connection, readers: Readers): Views {
  const riders = new RiderViews(connection, readers);
  const merchants = new MerchantViews(connection, readers);
  const operators = new OperatorViews(connection);
  return {
    findPass: (of) => riders.findPass(of),
    findDenials: (issuer, of) => riders.findDenials(issuer, of),
    findSession: (tokenHash) => riders.findSession(tokenHash),
    readRider: (issuer, account) => riders.readRider(issuer, account),
    listStatement: (account, page) => riders.listStatement(account, page),
    findSeed: (handle) => readers.codes.seed(handle) ?? undefined,
    findOrder: (order) => merchants.findOrder(order),
    findPayment: (merchant, key) => merchants.findPayment(merchant, key),
    listPayments: (merchant, page) => merchants.listPayments(merchant, page),
    findMerchant: (tokenHash) => merchants.findMerchant(tokenHash),
    listMerchants: () => merchants.listMerchants(),
    findGateKeys: (gate) => operators.findGateKeys(gate),
    listGates: () => operators.listGates(),
    listTaps: (page) => operators.listTaps(page),
    listParked: (limit) => operators.listParked(limit),
    readTrialBalance: () => operators.readTrialBalance(),
    readMeta: (key) => operators.readMeta(key),
  };
}
