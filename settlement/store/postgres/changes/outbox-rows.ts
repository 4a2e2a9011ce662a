/**
 * Waiting work, written as the changes say. A row's id is a number of its shard: the row of the shard counts, and is
 * held until the transaction ends, shards in their order.
 */
import { accountOfUse, readAuthorisationKey } from '../../../core/logs/code-use.ts';
import type { OutboxChange } from '../../../core/rides/outbox-changes.ts';
import { PARTS, partOf, shardOfSlot, slotOf, slotOfEpoch, slotOfRecord } from '../ids.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf } from './columns.ts';

/** There is one request at most; 0 is a number that no shard gives. */
const PUBLISH_ID = 0;

const COUNT = `UPDATE outbox_shard SET last_number = last_number + $1 WHERE shard = $2
  RETURNING last_number AS "lastNumber"`;
const ADD = `INSERT INTO outbox (id, shard, kind, cursor, until, subject, attempts, created_at_ms)
  SELECT id, shard, kind, cursor, until, subject, 0, created_at_ms
  FROM unnest($1::int8[], $2::int2[], $3::text[], $4::int8[], $5::int8[], $6::text[], $7::int8[])
    AS new (id, shard, kind, cursor, until, subject, created_at_ms)`;
const ADD_FAILED = `INSERT INTO outbox (id, shard, kind, cursor, until, subject, attempts, created_at_ms,
    failed, failed_since_ms, due_at_ms)
  SELECT id, shard, 'use', record - 1, record, use, attempts, since_ms, reason, since_ms, due_at_ms
  FROM unnest($1::int8[], $2::int2[], $3::int8[], $4::text[], $5::int8[], $6::int8[], $7::text[],
    $8::int8[]) AS new (id, shard, record, use, attempts, since_ms, reason, due_at_ms)
  ON CONFLICT (subject, shard) WHERE kind = 'use' DO NOTHING`;
const MOVE = `UPDATE outbox SET cursor = $1, records_max = $2, attempts = 0, due_at_ms = 0,
    failed = NULL, failed_since_ms = NULL
  WHERE id = $3 AND shard = $4`;
const FINISH = 'DELETE FROM outbox WHERE id = $1 AND shard = $2';
const FAIL = `UPDATE outbox SET attempts = $1, failed = $2, failed_since_ms = $3, due_at_ms = $4
  WHERE id = $5 AND shard = $6`;
const NARROW = 'UPDATE outbox SET records_max = $1 WHERE id = $2 AND shard = $3';
const HASTEN = 'UPDATE outbox SET due_at_ms = 0 WHERE id = $1 AND shard = $2';
const REQUEST = `INSERT INTO outbox (id, shard, kind, cursor, until, subject, attempts, created_at_ms)
  VALUES (${PUBLISH_ID}, 0, 'publish', 0, 1, '', 0, $1)
  ON CONFLICT (id, shard) DO UPDATE SET until = outbox.until + 1`;
const FINISH_PUBLISH = `DELETE FROM outbox WHERE id = ${PUBLISH_ID} AND shard = 0 AND until = $1`;

type Of<Kind extends OutboxChange['kind']> = Extract<OutboxChange, { kind: Kind }>;
type Work = Of<'addWork'>['work'];

/** Where work waits: a gate's with the gate, a use with its account, what is everybody's by its subject. */
export function shardOfWork({ kind, subject, until }: Pick<Work, 'kind' | 'subject' | 'until'>) {
  switch (kind) {
    case 'settle':
      return shardOfSlot(slotOfRecord(until));
    case 'join':
    case 'retime':
      return shardOfSlot(slotOfEpoch(Number(subject)));
    case 'reprice':
      return partOf(subject);
    case 'use': {
      const authorisation = readAuthorisationKey(subject);
      return authorisation === undefined
        ? partOf(accountOfUse(subject))
        : shardOfSlot(slotOf(authorisation.gate));
    }
  }
}

const shardOf = (id: number) => id % PARTS;

export class OutboxRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async add(changes: readonly Of<'addWork'>[]): Promise<void> {
    const placed = await this.#numbered(changes, ({ work }) => shardOfWork(work));
    const rows = placed.map(({ id, shard, change: { work, atMs } }) => [
      id,
      shard,
      work.kind,
      work.cursor,
      work.until,
      work.subject,
      atMs,
    ]);
    await this.#session.run(ADD, columnsOf(rows));
  }

  async addFailedUses(changes: readonly Of<'addFailedUse'>[]): Promise<void> {
    const placed = await this.#numbered(changes, ({ use, record }) =>
      shardOfWork({ kind: 'use', subject: use, until: record }),
    );
    const rows = placed.map(({ id, shard, change: { record, use, failure } }) => [
      id,
      shard,
      record,
      use,
      failure.attempts,
      failure.sinceMs,
      failure.reason,
      failure.dueAtMs,
    ]);
    await this.#session.run(ADD_FAILED, columnsOf(rows));
  }

  async #numbered<Row>(changes: readonly Row[], shardOfRow: (change: Row) => number) {
    const placed: { id: number; shard: number; change: Row }[] = [];
    const shards = [...Map.groupBy(changes, shardOfRow)].sort(([a], [b]) => a - b);
    for (const [shard, group] of shards) {
      const row = await this.#session.first<{ lastNumber: number }>(COUNT, [group.length, shard]);
      const first = (row?.lastNumber ?? 0) - group.length + 1;
      for (const [index, change] of group.entries()) {
        placed.push({ id: (first + index) * PARTS + shard, shard, change });
      }
    }
    return placed;
  }

  async write(change: Exclude<OutboxChange, Of<'addWork' | 'addFailedUse'>>): Promise<void> {
    const { run } = this.#session;
    switch (change.kind) {
      case 'moveWork': {
        const { cursor, recordsMax, id } = change;
        await run(MOVE, [cursor, recordsMax, id, shardOf(id)]);
        break;
      }
      case 'finishWork':
        await run(FINISH, [change.id, shardOf(change.id)]);
        break;
      case 'failWork': {
        const { id, failure } = change;
        const { attempts, reason, sinceMs, dueAtMs } = failure;
        await run(FAIL, [attempts, reason, sinceMs, dueAtMs, id, shardOf(id)]);
        break;
      }
      case 'narrowWork':
        await run(NARROW, [change.recordsMax, change.id, shardOf(change.id)]);
        break;
      case 'hastenWork':
        await run(HASTEN, [change.id, shardOf(change.id)]);
        break;
      case 'requestPublish':
        await run(REQUEST, [change.atMs]);
        break;
      case 'finishPublish':
        await run(FINISH_PUBLISH, [change.generation]);
        break;
    }
  }
}
