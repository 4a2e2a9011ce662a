/** Waiting work, written as the changes say. */
import type { OutboxChange } from '../../../core/rides/outbox-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addWork: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
       VALUES (?, ?, ?, ?, 0, ?)`,
    ),
    moveWork: db.prepare(
      `UPDATE outbox SET cursor = ?, records_max = ?, attempts = 0, due_at_ms = 0, failed = NULL,
         failed_since_ms = NULL WHERE id = ?`,
    ),
    finishWork: db.prepare('DELETE FROM outbox WHERE id = ?'),
    failWork: db.prepare(
      `UPDATE outbox SET attempts = @attempts, failed = @reason, failed_since_ms = @sinceMs,
         due_at_ms = @dueAtMs WHERE id = @id`,
    ),
    narrowWork: db.prepare('UPDATE outbox SET records_max = ? WHERE id = ?'),
    addFailedUse: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms, failed, failed_since_ms,
         due_at_ms)
       VALUES ('use', @record - 1, @record, @use, @attempts, @sinceMs, @reason, @sinceMs, @dueAtMs)
       ON CONFLICT (subject) WHERE kind = 'use' DO NOTHING`,
    ),
    hastenWork: db.prepare('UPDATE outbox SET due_at_ms = 0 WHERE id = ?'),
    requestPublish: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
       VALUES ('publish', 0, 1, '', 0, ?)
       ON CONFLICT (kind) WHERE kind = 'publish' DO UPDATE SET until = until + 1`,
    ),
    finishPublish: db.prepare(`DELETE FROM outbox WHERE kind = 'publish' AND until = ?`),
  };
}

export class OutboxRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: OutboxChange): void {
    switch (change.kind) {
      case 'addWork': {
        const { kind, cursor, until, subject } = change.work;
        this.#sql.addWork.run(kind, cursor, until, subject, change.atMs);
        break;
      }
      case 'moveWork':
        this.#sql.moveWork.run(change.cursor, change.recordsMax, change.id);
        break;
      case 'finishWork':
        this.#sql.finishWork.run(change.id);
        break;
      case 'failWork':
        this.#sql.failWork.run({ id: change.id, ...change.failure });
        break;
      case 'narrowWork':
        this.#sql.narrowWork.run(change.recordsMax, change.id);
        break;
      case 'addFailedUse': {
        const { use, record, failure } = change;
        this.#sql.addFailedUse.run({ use, record, ...failure });
        break;
      }
      case 'hastenWork':
        this.#sql.hastenWork.run(change.id);
        break;
      case 'requestPublish':
        this.#sql.requestPublish.run(change.atMs);
        break;
      case 'finishPublish':
        this.#sql.finishPublish.run(change.generation);
        break;
    }
  }
}
