/** What one transaction reads, put together on its connection. */
import type { Facts } from '../database.ts';
import { CodeReader } from './facts/code-facts.ts';
import { CutFactReader } from './facts/cut-facts.ts';
import { DenialReader } from './facts/denials.ts';
import { FareReader } from './facts/fares.ts';
import { ListFactReader } from './facts/list-facts.ts';
import { LogFactReader } from './facts/log-facts.ts';
import { MerchantReader } from './facts/merchant-facts.ts';
import { OperatorReader } from './facts/operator-facts.ts';
import { OrderReader } from './facts/order-facts.ts';
import { OutboxReader } from './facts/outbox-facts.ts';
import { ParkedReader } from './facts/parked-facts.ts';
import { PayFactReader } from './facts/pay/pay-facts.ts';
import { PaymentFactReader } from './facts/payment-facts.ts';
import { RecoveryFactReader } from './facts/recovery-facts.ts';
import { RetimeReader } from './facts/retime-facts.ts';
import { RiderFactReader } from './facts/rider-facts.ts';
import { RiderMoneyReader } from './facts/rider-money.ts';
import { RulingFactReader } from './facts/ruling-facts.ts';
import { SettleFactReader } from './facts/settle-facts.ts';
import { StoredPayments } from './facts/stored-payments.ts';
import type { KnownRules } from './known-rules.ts';
import type { Session } from './session.ts';
import { LeaseReader } from './sharing/lease-facts.ts';

export type Readers = ReturnType<typeof createReaders>;

/** For views too: none of these locks unless it is asked as a fact. */
export function createReaders(session: Session) {
  const fares = new FareReader(session);
  return {
    fares,
    payments: new StoredPayments(session),
    money: new RiderMoneyReader(session),
    orders: new OrderReader(session),
    operators: new OperatorReader(session),
    merchants: new MerchantReader(session),
    codes: new CodeReader(session),
    denials: new DenialReader(session),
    lists: new ListFactReader(session),
    leases: new LeaseReader(session),
    outbox: new OutboxReader(session),
    recovery: new RecoveryFactReader(session),
    parked: new ParkedReader(session, fares),
  };
}

/** `rules`: one for the whole database. */
export function factsOf(session: Session, { rules }: { rules: KnownRules }): Facts {
  const readers = createReaders(session);
  return { ...moneyFacts(session, readers), ...logFacts(session, { readers, rules }) };
}

type MoneyFacts = Omit<Facts, keyof LogFacts>;

function moneyFacts(session: Session, readers: Readers): MoneyFacts {
  const payments = new PaymentFactReader(session, readers);
  const paying = new PayFactReader(session, readers);
  const riders = new RiderFactReader(session, readers);
  const { operators, recovery, leases, denials } = readers;
  return {
    codeOwners: (presented) => paying.codeOwners(presented),
    pay: (asked) => paying.read(asked),
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
    lease: () => leases.lease(),
    meta: (key) => leases.meta(key),
    isChallengeUsed: (challenge) => leases.isChallengeUsed(challenge),
    operator: (name) => operators.operator(name),
    nextAct: () => operators.nextAct(),
    recovery: (of) => recovery.recovery(of),
    accountAccess: (account) => recovery.accountAccess(account),
    newCode: async (of) => ({
      // First the lock of the account, which a denial takes as well.
      ...(await recovery.accountAccess(of.account)),
      isDenied: await denials.isDeniedPhone(of),
    }),
    move: (of) => recovery.move(of),
    approval: (id) => recovery.approval(id),
  };
}

type LogFacts = Pick<
  Facts,
  | 'log'
  | 'logOf'
  | 'nextUnjudged'
  | 'clockNeighbours'
  | 'retimePiece'
  | 'rulingFacts'
  | 'nextWork'
  | 'failedWorkIds'
  | 'piece'
  | 'settle'
  | 'cut'
  | 'parked'
  | 'nextResolution'
  | 'writeOff'
  | 'branch'
  | 'identity'
  | 'fare'
  | 'issuerKeys'
  | 'denyList'
  | 'denyVersion'
>;

function logFacts(
  session: Session,
  { readers, rules }: { readers: Readers; rules: KnownRules },
): LogFacts {
  const logs = new LogFactReader(session);
  const retiming = new RetimeReader(session);
  const { fares, outbox, lists, parked } = readers;
  const rulings = new RulingFactReader(session, { fares, rules });
  const settling = new SettleFactReader(session, readers);
  const cuts = new CutFactReader(session);
  return {
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
    fare: () => lists.newFare(),
    issuerKeys: () => lists.issuerKeysNow(),
    denyList: (idsMax) => lists.denyList(idsMax),
    denyVersion: (version) => lists.denyVersionNow(version),
  };
}
