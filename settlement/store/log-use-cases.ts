/**
 * Gates' logs, the work that follows from them, and what is published: the use cases of the background, once
 * for every database. A batch is taken in parts and work in pieces, so that requests come in between.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import type { BatchReply, ItemRuling } from '@stile/protocol/sync.ts';
import {
  decideDenyVersion,
  decideFare,
  decideIssuerKey,
  decideTrustList,
  deltaRowsMax,
  denyDelta,
} from '../core/lists/publish.ts';
import { type BatchPart, type CheckedBatch, wholeBatch } from '../core/logs/batch.ts';
import { type Placement, placePart, placeWaiting } from '../core/logs/placement.ts';
import type { Limits } from '../core/logs/rulings.ts';
import { decidePart } from '../core/logs/take-part.ts';
import { decideFailure, decideWork, pieceQuery, type WorkFacts } from '../core/rides/outbox.ts';
import type { Work } from '../core/rides/outbox-changes.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import type { Store } from './port.ts';

/** Within what taps are ruled on that name no published limits. */
export type LogRules = { limitsNow: Limits };

type LogUseCases = Pick<
  Store,
  'ingestBatch' | 'workOnce' | 'countWork' | 'findPublishRequest' | 'closePublishRequest'
>;

export function logUseCases(database: Database, { limitsNow }: LogRules): LogUseCases {
  const { views, transact, write, takeTurn } = database;
  return {
    ingestBatch: async (batch, nowMs) => await ingest(database, batch, { limitsNow, nowMs }),
    workOnce: async (issuer, nowMs) => {
      await takeTurn();
      const work = await views.nextWork();
      if (work === null) return { kind: 'idle' };
      try {
        return await transact({
          read: (facts) => readWork(facts, work),
          decide: (found) => decideWork(found, { issuer, nowMs, limitsNow }),
        });
      } catch (error) {
        return await write(decideFailure(work, error));
      }
    },
    countWork: async () => await views.countWork(),
    findPublishRequest: async () => await views.findPublishRequest(),
    closePublishRequest: (generation) =>
      write({ changes: [{ kind: 'finishPublish', generation }], result: undefined }),
  };
}

/** Each part finds the log as it then is. */
async function ingest(
  { views, transact, takeTurn }: Database,
  batch: CheckedBatch,
  { limitsNow, nowMs }: LogRules & { nowMs: number },
): Promise<BatchReply> {
  const items: ItemRuling[] = [];
  const { gate, epoch } = batch;
  let rest: BatchPart | null = wholeBatch(batch);
  let ackSeq = 0;
  while (rest !== null) {
    const part: BatchPart = rest;
    await takeTurn();
    const taken = await transact({
      read: (facts) => readPart(facts, part),
      decide: (found) => decidePart(found.placement, { facts: found.facts, limitsNow, nowMs }),
    });
    items.push(...taken.items);
    ({ rest, ackSeq } = taken);
  }
  return { gate, epoch, ackSeq, items, ...(await views.published()) };
}

/** Where the records belong says which of them have to be looked up for a ruling. */
function readPart(facts: Facts, part: BatchPart) {
  return follow(facts.log(part), (log) => readRulings(facts, placePart(part, { log, sha256 })));
}

function readRulings(facts: Facts, placement: Placement) {
  const records = placement.newRecords.map(({ record }) => record);
  const of = { epochId: placement.epoch.id, gate: placement.log.gate };
  return follow(facts.rulingFacts(of, records), (found) => ({ placement, facts: found }));
}

function readWork(facts: Facts, work: Work): Awaitable<WorkFacts> {
  if (work.kind === 'join') return readJoin(facts, work);
  return follow(facts.piece(pieceQuery(work)), (records) =>
    follow(facts.settle(records), (found) => ({ kind: 'piece', work, records, facts: found })),
  );
}

function readJoin(facts: Facts, work: Work): Awaitable<WorkFacts> {
  return follow(facts.logOf(Number(work.subject)), (log) => {
    const placement = log && placeWaiting(log);
    if (placement === null) {
      return follow(facts.rulingFacts({ epochId: 0, gate: '' }, []), (found) => ({
        kind: 'join',
        work,
        placement,
        facts: found,
      }));
    }
    return follow(readRulings(facts, placement), (found) => ({ kind: 'join', work, ...found }));
  });
}

type ListUseCases = Pick<
  Store,
  | 'readListFacts'
  | 'addTrustList'
  | 'advanceDenyList'
  | 'findDenyDelta'
  | 'readDenyPage'
  | 'setFare'
  | 'listTariff'
  | 'addIssuerKey'
>;

export function listUseCases({ views, transact, write }: Database): ListUseCases {
  return {
    readListFacts: async () => await views.readListFacts(),
    addTrustList: (list, signed) => write(decideTrustList(list, signed)),
    advanceDenyList: (idsMax, nowMs) =>
      transact({
        read: (facts) => facts.denyList(idsMax),
        decide: (found) => decideDenyVersion(found, { idsMax, nowMs, sha256 }),
      }),
    findDenyDelta: async (query) => {
      const { from, to } = query;
      const rows = await views.denyRows({ from, to, rowsMax: deltaRowsMax(query) });
      return denyDelta(rows, query);
    },
    readDenyPage: async (of) => await views.readDenyPage(of),
    setFare: (fare, nowMs) =>
      transact({
        read: (facts) => facts.fare(),
        decide: (found) => decideFare(found, { fare, nowMs }),
      }),
    listTariff: async (line) => await views.listTariff(line),
    addIssuerKey: (key) =>
      transact({
        read: (facts) => facts.issuerKeys(),
        decide: (found) => decideIssuerKey(found, key),
      }),
  };
}
