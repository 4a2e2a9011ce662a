/**
 * The Store on SQLite: one file, one connection, every write in a transaction of its own. The parts
 * are synchronous and decide nothing; this file gives them their transactions and a promise each.
 */
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Limits } from '../core/ingest.ts';
import { type Connection, openConnection } from './connection.ts';
import { Gates } from './sqlite-gates.ts';
import { type BatchPart, Ingester } from './sqlite-ingest.ts';
import { createJobs } from './sqlite-jobs.ts';
import { Lists } from './sqlite-lists.ts';
import { createLookups } from './sqlite-lookups.ts';
import { Money } from './sqlite-money.ts';
import { Riders } from './sqlite-riders.ts';
import { Settler } from './sqlite-settle.ts';
import { createViews } from './sqlite-views.ts';
import type { Store } from './store.ts';

export type SqliteOptions = { file: string; limitsNow: Limits };

/** @throws Fault STORE_CORRUPT or STORE_FAILED where the file can't be used. */
export async function openSqliteStore({ file, limitsNow }: SqliteOptions): Promise<Store> {
  const connection = await openConnection(file);
  try {
    return storeOn(connection, limitsNow);
  } catch (error) {
    connection.close();
    throw error;
  }
}

function storeOn(connection: Connection, limitsNow: Limits): Store {
  const { build, first, run, write } = connection;
  const money = new Money(connection);
  const lookups = createLookups(connection);
  const riders = new Riders(connection, money);
  const gates = new Gates(connection);
  const lists = new Lists(connection, money);
  const settler = new Settler(connection, money, lookups);
  const ingester = new Ingester(connection, lookups);
  const jobs = createJobs(connection, { settler, ingester, lookups, limitsNow: () => limitsNow });
  const views = createViews(connection);

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
      }),

    addGateToken: async (token) => write(() => gates.addGateToken(token)),
    enrolGate: async (...enrolment) => write(() => gates.enrolGate(...enrolment)),
    findGateKeys: async (gate) => gates.findGateKeys(gate),
    ingestBatch: (...turn) => ingestInTurns(connection, ingester, ...turn),

    workOnce: async (...turn) => jobs.workOnce(...turn),
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

/** A batch in parts, each durable by itself; others have their turn between two of them. */
async function ingestInTurns(
  { write }: Connection,
  ingester: Ingester,
  ...[batch, limits, nowMs]: Parameters<Store['ingestBatch']>
): ReturnType<Store['ingestBatch']> {
  const items: ItemRuling[] = [];
  const { gate, epoch, lines, prev } = batch;
  let rest: BatchPart | null = { batch, lines, prev, batchId: null };
  let ackSeq = 0;
  while (rest !== null) {
    const part: BatchPart = rest;
    const reply = write(() => ingester.ingest(part, limits, nowMs));
    items.push(...reply.items);
    ({ rest, ackSeq } = reply);
    // Each part finds the log as it then is.
    if (rest !== null) await new Promise((resume) => setImmediate(resume));
  }
  return { gate, epoch, ackSeq, items, ...ingester.published() };
}
