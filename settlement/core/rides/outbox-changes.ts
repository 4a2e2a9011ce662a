/** The outbox, work that waits, as it is written. */

/** What is still to do: uses to settle, records to join, rides to price again. */
export type Work = {
  id: number;
  kind: 'settle' | 'reprice' | 'join';
  /** Records up to this one are done, of those up to `until`. */
  cursor: number;
  until: number;
  /** The epoch to join, or the line and instant to price again; empty for settle. */
  subject: string;
  attempts: number;
};

export type OutboxChange =
  | { kind: 'addWork'; work: Omit<Work, 'id' | 'attempts'>; atMs: number }
  | { kind: 'moveWork'; id: number; cursor: number }
  | { kind: 'finishWork'; id: number }
  /** `failed`: why it waits for a person; null: it is tried again. */
  | { kind: 'failWork'; id: number; attempts: number; failed: string | null }
  /** One request at most waits; `generation` of its row tells whether it came again in the meantime. */
  | { kind: 'requestPublish'; atMs: number }
  | { kind: 'finishPublish'; generation: number };
