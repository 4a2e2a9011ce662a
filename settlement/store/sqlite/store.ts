/**
 * The Store on SQLite: one file, one connection. use-cases.ts decides; this file opens the database and adds
 * what is not yet there: the gates' logs, the work behind them, the published lists.
 */
import type { ItemRuling } from '@stile/protocol/sync.ts';
import type { Limits } from '../../core/ingest.ts';
import { DEFAULT_PAYMENT_LIMITS, type PaymentLimits } from '../../core/payment-rules.ts';
import type { Store } from '../port.ts';
import { operatorUseCases, paymentUseCases, riderUseCases } from '../use-cases.ts';
import { Asks } from './asks.ts';
import { type Connection, openConnection } from './connection.ts';
import { createDatabase } from './database.ts';
import { type BatchPart, Ingester } from './ingest.ts';
import { createJobs } from './jobs.ts';
import { Lists } from './lists.ts';
import { createLookups } from './lookups.ts';
import { Settler } from './settle.ts';
import { createTurns, type Turns } from './turns.ts';

export type SqliteOptions = { file: string; limitsNow: Limits; paymentLimits?: PaymentLimits };

/** @throws Fault STORE_CORRUPT or STORE_FAILED if the file can't be used. */
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

function storeOn(connection: Connection, limitsNow: Limits, paymentLimits: PaymentLimits): Store {
  const { build, run, write } = connection;
  const database = createDatabase(connection);
  const lookups = createLookups(connection);
  const lists = new Lists(connection, database);
  const settler = new Settler(connection, database, lookups, new Asks(connection, database));
  const ingester = new Ingester(connection, lookups);
  const jobs = createJobs(connection, { settler, ingester, lookups, limitsNow: () => limitsNow });
  const turns = createTurns();

  return {
    ...riderUseCases(database),
    ...paymentUseCases(database, { paymentLimits }),
    ...operatorUseCases(database),
    writeMeta: async (key, value) => {
      const row = build.insertInto('meta').values({ key, value });
      write(() => run(row.onConflict((of) => of.column('key').doUpdateSet({ value }))));
    },
    ingestBatch: (...batch) => ingestInTurns(connection, ingester, turns, ...batch),
    workOnce: async (...turn) => {
      await turns.take();
      return jobs.workOnce(...turn);
    },
    countJobs: async () => jobs.countJobs(),
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
    close: () => database.close(),
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
