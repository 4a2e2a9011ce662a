/** The outbox, work that waits, as it is written; and what a turn of it did. */

/**
 * What is still to do: uses to settle, records to join, rides to price again, taps to date again, one use that has
 * failed.
 */
export type Work = {
  id: number;
  kind: 'settle' | 'reprice' | 'join' | 'retime' | 'use';
  /** Records up to this one are done, of those up to `until`; by seq where taps are dated again, else by id. */
  cursor: number;
  until: number;
  /** The epoch to join or to date again, the line and instant to price again, or the use; empty for settle. */
  subject: string;
  /** Records that its next piece may have at most; null: as many as any. */
  recordsMax: number | null;
  attempts: number;
  failedSinceMs: number | null;
};

/** That work could not be done: for the how manyth time, why, since when, and when it is tried again. */
export type WorkFailure = { attempts: number; reason: string; sinceMs: number; dueAtMs: number };

/** A record that a piece is about. */
export type PieceRecord = { id: number; use: string };

/** What one turn of the loop did; `idle` if there was nothing to do. */
export type WorkTurn =
  | { kind: 'idle' }
  | { kind: 'worked'; work: string; items: number; accounts: readonly string[] }
  | { kind: 'failed'; work: string; error: unknown; next: NextTry };

/** What becomes of work that failed: tried at once in smaller pieces, without one use, or later. */
export type NextTry = 'smaller' | 'alone' | 'later';

export type OutboxChange =
  | { kind: 'addWork'; work: Pick<Work, 'kind' | 'cursor' | 'until' | 'subject'>; atMs: number }
  | { kind: 'moveWork'; id: number; cursor: number; recordsMax: number | null }
  | { kind: 'narrowWork'; id: number; recordsMax: number }
  | { kind: 'finishWork'; id: number }
  | { kind: 'failWork'; id: number; failure: WorkFailure }
  /** A use that failed alone, unless it has already; `record`: the one it was found by. */
  | { kind: 'addFailedUse'; use: string; record: number; failure: WorkFailure }
  /** Makes failed work due. */
  | { kind: 'hastenWork'; id: number }
  /** One request at most waits; `generation` of its row tells whether it came again in the meantime. */
  | { kind: 'requestPublish'; atMs: number }
  | { kind: 'finishPublish'; generation: number };
