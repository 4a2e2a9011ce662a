/** Pieces of work on PostgreSQL, where ids of records are far apart from one gate to the next. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { usePostgres } from '../../../testing/postgres-server.ts';
import { epochRange, recordId, slotOf } from '../ids.ts';
import { openPool, type SessionPool } from '../session.ts';
import { OutboxReader } from './outbox-facts.ts';

const server = usePostgres();
const UNTIL = Number.MAX_SAFE_INTEGER;
let pool: SessionPool;

beforeEach(async () => {
  pool = openPool({ url: await server.freshDatabase(), connectionsMax: 1 });
});

afterEach(async () => await pool.close());

/** Taps of one line, each ridden at its seq. */
async function addTaps(gate: string, count: number): Promise<number> {
  const slot = slotOf(gate);
  const epoch = epochRange(slot)[0] + 1;
  await pool.session.run(
    `INSERT INTO record (id, slot, epoch_id, seq, batch_id, line, hash, kind, at_ms, ride_line, use,
       ruling, received_at_ms)
     SELECT $1::int8 + seq - 1, $2, $3, seq, 1, '', '', 'tap', seq, 'A', 'u' || seq, 'accepted', 0
     FROM generate_series(1, $4::int8) AS seq`,
    [recordId(epoch, 1), slot, epoch, count],
  );
  return recordId(epoch, count);
}

function reprice({ after = 0, fromMs = 0, limit = 50 }) {
  const only = { line: 'A', fromMs };
  return new OutboxReader(pool.session).piece({
    after,
    upTo: after + 5_000,
    until: UNTIL,
    limit,
    only,
  });
}

test('the records of a line are found by one look, whichever gate they are of', async () => {
  const ids = [await addTaps('g1', 1), await addTaps('g2', 1)].sort((a, b) => a - b);
  const { records, lookedUpTo } = await reprice({});
  expect(records.map(({ id }) => id)).toEqual(ids);
  expect(lookedUpTo).toBe(UNTIL);
  expect(await reprice({ after: ids[1] ?? 0 })).toEqual({ records: [], lookedUpTo: UNTIL });
});

test('a line that has too many records for one look is looked at bit by bit', async () => {
  const last = await addTaps('g1', 5_001);
  const { records, lookedUpTo } = await reprice({ fromMs: 5_001 });
  expect([records, lookedUpTo]).toEqual([[], last - 1]);
  const rest = await reprice({ fromMs: 5_001, after: lookedUpTo });
  expect(rest).toEqual({ records: [{ id: last, use: 'u5001' }], lookedUpTo: UNTIL });
});
