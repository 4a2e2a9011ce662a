/** A gate's batch, taken in by parts: each is durable by itself, and requests come in between. */
import { sha256 } from '@stile/crypto/sign.ts';
import type { ItemRuling } from '@stile/protocol/sync.ts';
import { unchanged } from '../core/changes.ts';
import { type BatchPart, type CheckedBatch, wholeBatch } from '../core/logs/batch.ts';
import { isOfOtherKey, type Placement, placePart } from '../core/logs/placement.ts';
import { rulingQuery } from '../core/logs/ruling-query.ts';
import type { Limits, RulingFacts } from '../core/logs/rulings.ts';
import { decidePart } from '../core/logs/take-part.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import type { IngestResult, Store } from './port.ts';

/** Within what taps are ruled on that name no published limits. */
type LogRules = { limitsNow: Limits };

export function logUseCases(database: Database, rules: LogRules): Pick<Store, 'ingestBatch'> {
  return {
    ingestBatch: async (batch, nowMs) => await ingest(database, batch, { ...rules, nowMs }),
  };
}

/** Each part finds the log as it then is. */
async function ingest(
  { views, transact, transactTogether, takeTurn }: Database,
  batch: CheckedBatch,
  { limitsNow, nowMs }: { limitsNow: Limits; nowMs: number },
): Promise<IngestResult> {
  const items: ItemRuling[] = [];
  const { gate, epoch } = batch;
  let rest: BatchPart | null = wholeBatch(batch);
  let ackSeq = 0;
  let head: Uint8Array = new Uint8Array();
  while (rest !== null) {
    const part: BatchPart = rest;
    await takeTurn();
    // Reports of gates that have nothing to send are many and small.
    const taken = await (batch.records.length === 0 ? transactTogether : transact)({
      read: (facts) => readPart(facts, part),
      decide: ({ placement, facts }) =>
        isOfOtherKey(placement)
          ? unchanged(null)
          : decidePart(placement, { facts, limitsNow, nowMs }),
    });
    if (taken === null) return 'EPOCH_OF_OTHER_KEY';
    items.push(...taken.items);
    ({ rest, ackSeq, head } = taken);
  }
  return { reply: { gate, epoch, ackSeq, items, ...(await views.published()) }, head };
}

/** Where the records belong says which of them have to be looked up for a ruling. */
function readPart(facts: Facts, part: BatchPart) {
  return follow(facts.log(part), (log) => readRulings(facts, placePart(part, { log, sha256 })));
}

/** What the records speak of that the log grows by. */
export function readRulings(
  facts: Facts,
  placement: Placement,
): Awaitable<{ placement: Placement; facts: RulingFacts }> {
  const records = placement.newRecords.map(({ record }) => record);
  const of = { epochId: placement.epoch.id, gate: placement.log.gate };
  return follow(facts.rulingFacts(of, rulingQuery(records)), (found) => ({
    placement,
    facts: found,
  }));
}
