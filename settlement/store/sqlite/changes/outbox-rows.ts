/** Waiting work, written as the changes say. */
import type { OutboxChange } from '../../../core/rides/outbox-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    addWork: db.prepare(
      `INSERT INTO outbox (kind, cursor, until, subject, attempts, created_at_ms)
       VALUES (?, ?, ?, ?, 0, ?)`,
    ),
    moveWork: db.prepare('UPDATE outbox SET cursor = ?, attempts = 0 WHERE id = ?'),
    finishWork: db.prepare('DELETE FROM outbox WHERE id = ?'),
    failWork: db.prepare('UPDATE outbox SET attempts = ?, failed = ? WHERE id = ?'),
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
        this.#sql.moveWork.run(change.cursor, change.id);
        break;
      case 'finishWork':
        this.#sql.finishWork.run(change.id);
        break;
      case 'failWork':
        this.#sql.failWork.run(change.attempts, change.failed, change.id);
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
