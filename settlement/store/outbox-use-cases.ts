/**
 * Waiting work, one bounded piece at a time: which one is next, what it is about and what follows is read,
 * decided and written in one transaction, so that a crash repeats at most one piece.
 */

import { placeWaiting } from '../core/logs/placement.ts';
import type { Limits } from '../core/logs/rulings.ts';
import { decideFailure, decideTurn, pieceQuery, type WorkFacts } from '../core/rides/outbox.ts';
import type { Work } from '../core/rides/outbox-changes.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import { readRulings } from './log-use-cases.ts';
import type { Store } from './port.ts';

type OutboxUseCases = Pick<
  Store,
  'workOnce' | 'countWork' | 'requestPublish' | 'findPublishRequest' | 'closePublishRequest'
>;

/** `limitsNow`: for taps that name no published limits. */
export function outboxUseCases(
  { views, transact, write, takeTurn }: Database,
  { limitsNow }: { limitsNow: Limits },
): OutboxUseCases {
  return {
    workOnce: async (issuer, nowMs) => {
      await takeTurn();
      const current: { work: Work | null } = { work: null };
      try {
        return await transact({
          read: (facts) =>
            follow(facts.nextWork(), (work) => {
              current.work = work;
              return work && readWork(facts, work);
            }),
          decide: (found) => decideTurn(found, { issuer, nowMs, limitsNow }),
        });
      } catch (error) {
        // Nothing of the piece was written; that it failed is.
        if (current.work === null) throw error;
        return await write(decideFailure(current.work, error));
      }
    },
    countWork: async () => await views.countWork(),
    requestPublish: (nowMs) =>
      write({ changes: [{ kind: 'requestPublish', atMs: nowMs }], result: undefined }),
    findPublishRequest: async () => await views.findPublishRequest(),
    closePublishRequest: (generation) =>
      write({ changes: [{ kind: 'finishPublish', generation }], result: undefined }),
  };
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
    if (placement === null) return { kind: 'nothing', work };
    return follow(readRulings(facts, placement), (found) => ({ kind: 'join', work, ...found }));
  });
}
