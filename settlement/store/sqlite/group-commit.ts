/**
 * Several small pieces of work, asked for in one turn of the event loop, in one durable transaction:
 * the disk is waited for once. Each piece has a savepoint of its own, so that one that fails undoes
 * nothing of the others, and nobody is answered before the commit.
 */
import type { Connection } from './connection.ts';

/** Pieces that share one commit: a few milliseconds of the event loop. */
const GROUP_MAX = 32;

type Piece = {
  work: () => unknown;
  done: (value: unknown) => void;
  fail: (error: unknown) => void;
};
type Ended = { piece: Piece; value: unknown } | { piece: Piece; error: unknown };

export function createGroupCommit({ db, write, guard }: Connection) {
  const waiting: Piece[] = [];
  // Inside a transaction this is a savepoint.
  const inSavepoint = db.transaction((work: Piece['work']) => work());
  let isScheduled = false;

  function schedule(): void {
    if (isScheduled || waiting.length === 0) return;
    isScheduled = true;
    setImmediate(commit);
  }

  function commit(): void {
    isScheduled = false;
    const group = waiting.splice(0, GROUP_MAX);
    const ended: Ended[] = [];
    try {
      write(() => {
        for (const piece of group) ended.push(attempt(piece));
      });
    } catch (error) {
      for (const { fail } of group) fail(error);
      schedule();
      return;
    }
    for (const one of ended) {
      if ('error' in one) one.piece.fail(one.error);
      else one.piece.done(one.value);
    }
    schedule();
  }

  function attempt(piece: Piece): Ended {
    try {
      return { piece, value: guard(() => inSavepoint(piece.work)) };
    } catch (error) {
      // SQLite has undone all of the group by itself (a full disk): what comes after it would be alone.
      if (!db.inTransaction) throw error;
      return { piece, error };
    }
  }

  return async function inGroup<T>(work: () => T): Promise<T> {
    return await new Promise<T>((done, fail) => {
      waiting.push({ work, done: (value) => done(value as T), fail });
      schedule();
    });
  };
}
