/** Events of riders and merchants, written in the transaction in which they happened and read by whoever serves them. */
import type { NewEvent, OwnEvent, StoredEvent } from '../../../core/events/event-changes.ts';
import { readSubject } from '../../sharing/event-subject.ts';
import type { Connection } from '../connection.ts';

type Table = { name: 'rider_event' | 'merchant_event'; key: 'account' | 'merchant' };

function prepare(db: Connection['db'], { name, key }: Table) {
  const last = `SELECT max(number) FROM ${name} WHERE ${key} = @name`;
  return {
    add: db.prepare(
      `INSERT INTO ${name} (${key}, number, body, at_ms)
       VALUES (@name, max(1 + coalesce((${last}), 0), @fromNumber), @body, @atMs)`,
    ),
    list: db.prepare(
      `SELECT number, body FROM ${name} WHERE ${key} = @name AND number > @after
       ORDER BY number LIMIT @limit`,
    ),
    latest: db.prepare(last).pluck(),
  };
}

export class EventRows {
  readonly #sql: Record<'rider' | 'merchant', ReturnType<typeof prepare>>;

  constructor({ db }: Connection) {
    this.#sql = {
      rider: prepare(db, { name: 'rider_event', key: 'account' }),
      merchant: prepare(db, { name: 'merchant_event', key: 'merchant' }),
    };
  }

  add(events: readonly NewEvent[]): void {
    for (const { subject, event, ...at } of events) {
      const { kind, name } = readSubject(subject);
      const body = JSON.stringify(event);
      this.#sql[kind].add.run({ name, body, ...at });
    }
  }

  list(subject: string, { after, limit }: { after: number; limit: number }): StoredEvent[] {
    const { kind, name } = readSubject(subject);
    const rows = this.#sql[kind].list.all({ name, after, limit }) as StoredRow[];
    return rows.map(({ number, body }) => ({ number, event: JSON.parse(body) as OwnEvent }));
  }

  latest(subjects: readonly string[]): Map<string, number> {
    const found = subjects.map((subject) => {
      const { kind, name } = readSubject(subject);
      return [subject, (this.#sql[kind].latest.get({ name }) as number | null) ?? 0] as const;
    });
    return new Map(found);
  }
}

type StoredRow = { number: number; body: string };
