/** Events of riders and merchants, written in the transaction in which they happened and read by whoever serves them. */
import type { NewEvent, OwnEvent, StoredEvent } from '../../../core/events/event-changes.ts';
import { readSubject } from '../../sharing/event-subject.ts';
import { lock } from '../locks.ts';
import type { WriteSession } from '../session.ts';

type Table = { name: 'rider_event' | 'merchant_event'; key: 'account' | 'merchant' };
const TABLES = {
  rider: { name: 'rider_event', key: 'account' },
  merchant: { name: 'merchant_event', key: 'merchant' },
} as const satisfies Record<string, Table>;

const add = ({ name, key }: Table) => `INSERT INTO ${name} (${key}, number, body, at_ms)
  SELECT new.subject,
    greatest(1 + coalesce((SELECT max(number) FROM ${name} WHERE ${key} = new.subject), 0), new.from_number)
      + row_number() OVER (PARTITION BY new.subject ORDER BY new.place) - 1,
    new.body, new.at_ms
  FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[]) WITH ORDINALITY
    AS new (subject, body, at_ms, from_number, place)`;
const list = ({ name, key }: Table) => `SELECT number, body FROM ${name}
  WHERE ${key} = $1 AND number > $2 ORDER BY number LIMIT $3`;
const latest = ({ name, key }: Table) => `SELECT subject AS name,
    (SELECT max(number) FROM ${name} WHERE ${key} = subject) AS number
  FROM unnest($1::text[]) AS subject`;

export class EventRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  /** Those of one subject come one after the other: whoever reads up to one has read all before it. */
  async add(events: readonly NewEvent[]): Promise<void> {
    const named = events.map((event) => ({ ...event, ...readSubject(event.subject) }));
    const riders = named.filter(({ kind }) => kind === 'rider');
    const merchants = named.filter(({ kind }) => kind === 'merchant');
    const namesOf = (some: typeof named) => [...new Set(some.map(({ name }) => name))];
    await lock(this.#session, { merchants: namesOf(merchants), accounts: namesOf(riders) });
    for (const [table, some] of [
      [TABLES.merchant, merchants],
      [TABLES.rider, riders],
    ] as const) {
      if (some.length === 0) continue;
      await this.#session.run(add(table), [
        some.map(({ name }) => name),
        some.map(({ event }) => JSON.stringify(event)),
        some.map(({ atMs }) => atMs),
        some.map(({ fromNumber }) => fromNumber),
      ]);
    }
  }

  async list(
    subject: string,
    { after, limit }: { after: number; limit: number },
  ): Promise<StoredEvent[]> {
    const { kind, name } = readSubject(subject);
    type Row = { number: number; body: string };
    const rows = await this.#session.all<Row>(list(TABLES[kind]), [name, after, limit]);
    return rows.map(({ number, body }) => ({ number, event: JSON.parse(body) as OwnEvent }));
  }

  async latest(subjects: readonly string[]): Promise<Map<string, number>> {
    const found = new Map<string, number>();
    for (const kind of ['rider', 'merchant'] as const) {
      const prefix = `${kind}:`;
      const names = subjects.filter((one) => readSubject(one).kind === kind);
      if (names.length === 0) continue;
      const rows = await this.#session.all<{ name: string; number: number | null }>(
        latest(TABLES[kind]),
        [names.map((one) => readSubject(one).name)],
      );
      for (const { name, number } of rows) found.set(`${prefix}${name}`, number ?? 0);
    }
    return found;
  }
}
