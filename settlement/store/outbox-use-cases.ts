/**
 * Waiting work, one bounded piece at a time: which one is next, what it is about and what follows is read,
 * decided and written in one transaction, so that a crash repeats at most one piece.
 */

import { accountEvent, tell } from '../core/events/tell.ts';
import { placeWaiting } from '../core/logs/placement.ts';
import type { Limits } from '../core/logs/rulings.ts';
import {
  decideFailure,
  decideRetry,
  type Failure,
  PAUSE_MS_MAX,
} from '../core/rides/failed-work.ts';
import {
  decideTurn,
  type Piece,
  pieceQuery,
  retimeQuery,
  type WorkFacts,
} from '../core/rides/outbox.ts';
import type { Work, WorkTurn } from '../core/rides/outbox-changes.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import { readRulings } from './log-use-cases.ts';
import type { Store } from './port.ts';
import { readRetime } from './read-again.ts';

type OutboxUseCases = Pick<
  Store,
  | 'workOnce'
  | 'listDueShards'
  | 'countWork'
  | 'listFailedWork'
  | 'retryFailedWork'
  | 'requestPublish'
  | 'findPublishRequest'
  | 'closePublishRequest'
>;

const NOTHING_FOUND: Pick<Piece, 'records'> = { records: [] };

/** `limitsNow`: for taps that name no published limits. */
export function outboxUseCases(
  { views, transact, write, takeTurn }: Database,
  { limitsNow }: { limitsNow: Limits },
): OutboxUseCases {
  /** Nothing of the piece was written; that it failed is. */
  async function noteFailure(work: Work, failure: Failure): Promise<WorkTurn> {
    try {
      return await transact({
        read: (facts) => (isOfLog(work) ? NOTHING_FOUND : facts.piece(pieceQuery(work))),
        decide: ({ records }) => decideFailure({ work, records }, failure),
      });
    } catch {
      // Not even what it is about can be read.
      return await write(decideFailure({ work, records: [] }, failure));
    }
  }

  return {
    workOnce: async ({ issuer, nowMs, shard }) => {
      await takeTurn();
      const current: { work: Work | null } = { work: null };
      try {
        return await transact({
          read: (facts) =>
            follow(facts.nextWork({ ...dueAt(nowMs), shard }), (work) => {
              current.work = work;
              return work && readWork(facts, work);
            }),
          decide: (found) =>
            tell(decideTurn(found, { issuer, nowMs, limitsNow }), (turn) =>
              turn.kind === 'worked'
                ? turn.accounts.map((account) => accountEvent(account, nowMs))
                : [],
            ),
        });
      } catch (error) {
        if (current.work === null) throw error;
        return await noteFailure(current.work, { error, nowMs });
      }
    },
    listDueShards: async (nowMs) => await views.listDueShards(dueAt(nowMs)),
    countWork: async () => await views.countWork(),
    listFailedWork: async (limit) => await views.listFailedWork(limit),
    retryFailedWork: (id) =>
      transact({
        read: (facts) => facts.failedWorkIds(),
        decide: (ids) => decideRetry(ids, id),
      }),
    requestPublish: (nowMs) =>
      write({ changes: [{ kind: 'requestPublish', atMs: nowMs }], result: undefined }),
    findPublishRequest: async () => await views.findPublishRequest(),
    closePublishRequest: (generation) =>
      write({ changes: [{ kind: 'finishPublish', generation }], result: undefined }),
  };
}

/** What was put off too far ahead, by a clock that has been set since, is due as well. */
function dueAt(nowMs: number) {
  return { dueMs: nowMs, dueBeyondMs: nowMs + PAUSE_MS_MAX };
}

/** It is about a log and not about uses. */
function isOfLog({ kind }: Work): boolean {
  return kind === 'join' || kind === 'retime';
}

function readWork(facts: Facts, work: Work): Awaitable<WorkFacts> {
  if (work.kind === 'join') return readJoin(facts, work);
  if (work.kind === 'retime') {
    const found = readRetime(facts, retimeQuery(work));
    return follow(found, (read) => ({ kind: 'retime', work, ...read }));
  }
  if (work.kind === 'use') {
    const records = [{ id: work.until, use: work.subject }];
    return follow(facts.settle(records), (found) => ({
      kind: 'piece',
      work,
      records,
      lookedUpTo: work.until,
      facts: found,
    }));
  }
  return follow(facts.piece(pieceQuery(work)), (piece) =>
    follow(facts.settle(piece.records), (found) => ({
      kind: 'piece',
      work,
      ...piece,
      facts: found,
    })),
  );
}

function readJoin(facts: Facts, work: Work): Awaitable<WorkFacts> {
  return follow(facts.logOf(Number(work.subject)), (log) => {
    const placement = log && placeWaiting(log);
    if (placement === null) return { kind: 'nothing', work };
    return follow(readRulings(facts, placement), (found) => ({ kind: 'join', work, ...found }));
  });
}
