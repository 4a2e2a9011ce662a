/**
 * The Store on SQLite: one file, one connection, every write in a transaction of its own. The parts
 * are synchronous and decide nothing; this file gives them their transactions and a promise each.
 */
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Limits } from '../../core/ingest.ts';
import { merchantAccountOf } from '../../core/ledger.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from '../../core/payment-rules.ts';
import type { PaymentStore } from '../payment-port.ts';
import type { Store } from '../port.ts';
import { Asks } from './asks.ts';
import { type Connection, openConnection } from './connection.ts';
import { Gates } from './gates.ts';
import { createGroupCommit } from './group-commit.ts';
import { type BatchPart, Ingester } from './ingest.ts';
import { createJobs } from './jobs.ts';
import { Lists } from './lists.ts';
import { createLookups } from './lookups.ts';
import { Merchants } from './merchants.ts';
import { Money } from './money.ts';
import { Payments } from './payments.ts';
import { Riders } from './riders.ts';
import { Seeds } from './seeds.ts';
import { Settler } from './settle.ts';
import { createTurns, type Turns } from './turns.ts';
import { createViews } from './views.ts';

export type SqliteOptions = { file: string; limitsNow: Limits; paymentLimits?: PaymentLimits };

/** @throws Fault STORE_CORRUPT or STORE_FAILED where the file can't be used. */
export async function openSqliteStore(options: SqliteOptions): Promise<Store> {
  const { file, limitsNow, paymentLimits = DEFAULT_PAYMENT_LIMITS } = options;
  const connection = await openConnection(file);
  try {
    return storeOn(connection, limitsNow, paymentLimits);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function storeOn(connection: Connection, limitsNow: Limits, limits: PaymentLimits): Store {
  const { build, first, run, write } = connection;
  const money = new Money(connection);
  const lookups = createLookups(connection);
  const riders = new Riders(connection, money);
  const gates = new Gates(connection);
  const lists = new Lists(connection, money);
  const seeds = new Seeds(connection);
  const payments = new Payments(connection, { money, riders, seeds, lookups, limits });
  const merchants = new Merchants(connection, payments, money);
  const asks = new Asks(connection, payments);
  const settler = new Settler(connection, money, lookups, asks);
  const ingester = new Ingester(connection, lookups);
  const jobs = createJobs(connection, { settler, ingester, lookups, limitsNow: () => limitsNow });
  const views = createViews(connection);
  const turns = createTurns();

  return {
    readMeta: async (key) =>
      first(build.selectFrom('meta').select('value').where('key', '=', key))?.value,
    writeMeta: async (key, value) => {
      const row = build.insertInto('meta').values({ key, value });
      write(() => run(row.onConflict((of) => of.column('key').doUpdateSet({ value }))));
    },

    addRider: async (rider) => write(() => riders.addRider(rider)),
    findPass: async (account, serial) => riders.findPass(account, serial),
    addPassIssue: async (...issue) => write(() => riders.addPassIssue(...issue)),
    findDenials: async (...of) => riders.findDenials(...of),
    openSession: async (...session) => write(() => riders.openSession(...session)),
    findSession: async (...of) => riders.findSession(...of),
    readRider: async (...of) => riders.readRider(...of),
    listStatement: async (...of) => riders.listStatement(...of),
    topUp: async (...topUp) => write(() => riders.topUp(...topUp)),
    sweepExpired: async (nowMs) =>
      write(() => {
        riders.sweepExpired(nowMs);
        gates.sweepExpired(nowMs);
        seeds.sweepExpired(nowMs);
      }),
    ...paymentStoreOn(connection, { seeds, payments, merchants }),

    addGateToken: async (token) => write(() => gates.addGateToken(token)),
    enrolGate: async (...enrolment) => write(() => gates.enrolGate(...enrolment)),
    findGateKeys: async (gate) => gates.findGateKeys(gate),
    ingestBatch: (...batch) => ingestInTurns(connection, ingester, turns, ...batch),

    workOnce: async (...turn) => {
      await turns.take();
      return jobs.workOnce(...turn);
    },
    countJobs: async () => jobs.countJobs(),
    requestPublish: async (nowMs) => write(() => money.requestPublish(nowMs)),
    findPublishRequest: async () => jobs.findPublishRequest(),
    closePublishRequest: async (generation) => write(() => jobs.closePublishRequest(generation)),

    readListFacts: async () => lists.readListFacts(),
    addTrustList: async (...list) => write(() => lists.addTrustList(...list)),
    stepDenyList: async (...step) => write(() => lists.stepDenyList(...step)),
    findDenyStep: async (...of) => lists.findDenyStep(...of),
    readDenyPage: async (...of) => lists.readDenyPage(...of),
    setFare: async (...fare) => write(() => lists.setFare(...fare)),
    listTariff: async (line) => lists.listTariff(line),
    addIssuerKey: async (key) => write(() => lists.addIssuerKey(key)),
    setDenied: async (id, note, nowMs) => write(() => money.setDenied(id, 'OPERATOR', note, nowMs)),
    liftDenied: async (id, nowMs) => write(() => money.liftDenied(id, 'OPERATOR', nowMs)),

    listGates: async () => views.listGates(),
    listTaps: async (...of) => views.listTaps(...of),
    listParked: async (limit) => views.listParked(limit),
    readTrialBalance: async () => views.readTrialBalance(),
    close: async () => {
      connection.close();
    },
  };
}

type PaymentParts = { seeds: Seeds; payments: Payments; merchants: Merchants };

/** Payments share their commits; whatever else there is has a transaction of its own. */
function paymentStoreOn(connection: Connection, parts: PaymentParts): PaymentStore {
  const { write } = connection;
  const { seeds, payments, merchants } = parts;
  const inGroup = createGroupCommit(connection);

  return {
    setMerchant: async (row) => write(() => merchants.set(row)),
    blockMerchant: async (...of) => write(() => merchants.block(...of)),
    findMerchant: async (tokenHash) => merchants.findByToken(tokenHash),
    listMerchants: async () => merchants.list(),
    addSeed: async (seed) => write(() => seeds.add(seed)),
    confirmSeed: async (...of) => write(() => seeds.confirm(...of)),
    revokeSeeds: async (...of) => write(() => seeds.revoke(...of)),
    findSeed: async (...of) => seeds.find(...of),
    addOnlineCode: async (code) => write(() => seeds.addOnlineCode(code)),
    pay: (order) =>
      inGroup(() => {
        const { payee } = order;
        const isOrder =
          payee.kind === 'merchant' && merchants.hasOrder(payee.merchant, payee.idempotencyKey);
        return isOrder ? { kind: 'conflict' } : payments.pay(order);
      }),
    findPayment: async (...of) => payments.paymentOf(...of),
    reversePayment: (issuer, merchant, key, nowMs) =>
      inGroup(() => {
        merchants.cancelKey(merchant, key);
        const of = merchantAccountOf(merchant);
        const { row, touched } = payments.reverse(issuer, of, key, 'REVERSED', nowMs);
        return { payment: payments.rows.viewOf(row), touched };
      }),
    refundPayment: (refund) => inGroup(() => payments.refund(refund)),
    listPayments: async (...of) => payments.list(...of),
    addOrder: async (order) => write(() => merchants.addOrder(order)),
    findOrder: async (...of) => merchants.findOrder(...of),
    cancelOrder: async (...of) => write(() => merchants.cancelOrder(...of)),
    findOffer: async (...of) => merchants.findOffer(...of),
    payOrder: (confirmation) => inGroup(() => merchants.payOrder(confirmation)),
  };
}

/** A batch in parts, each durable by itself; others have their turn between two of them, and each part
 * finds the log as it then is. */
async function ingestInTurns(
  { write }: Connection,
  ingester: Ingester,
  turns: Turns,
  ...[batch, limits, nowMs]: Parameters<Store['ingestBatch']>
): ReturnType<Store['ingestBatch']> {
  const items: ItemRuling[] = [];
  const { gate, epoch, lines, prev } = batch;
  let rest: BatchPart | null = { batch, lines, prev, batchId: null };
  let ackSeq = 0;
  while (rest !== null) {
    const part: BatchPart = rest;
    await turns.take();
    const reply = write(() => ingester.ingest(part, limits, nowMs));
    items.push(...reply.items);
    ({ rest, ackSeq } = reply);
  }
  return { gate, epoch, ackSeq, items, ...ingester.published() };
}
