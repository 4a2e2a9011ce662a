/** However many records a piece of work or a part of a log has, its facts are as many statements. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { rulingQuery } from '../../core/logs/ruling-query.ts';
import { paymentRequest } from '../../testing/facts.ts';
import { NOW_MS, ScriptedLog } from '../../testing/log.ts';
import { usePostgres } from '../../testing/postgres-server.ts';
import type { Reading } from '../../testing/two-sessions.ts';
import { readPayments } from '../payments/read-payments.ts';
import { factsOf } from './facts-of.ts';
import { recordRange, slotOf } from './ids.ts';
import { KnownRules } from './known-rules.ts';
import { openPool, type Session, type SessionPool } from './session.ts';

const server = usePostgres();
const EPOCH = slotOf('g1') * 2 ** 18 + 1;
let pool: SessionPool;

/** Of every account two taps, the second one without a ceiling; of every authorisation its answer. */
const RECORDS = `INSERT INTO record (id, slot, epoch_id, seq, batch_id, line, hash, kind, verdict,
    at_ms, clock, ride_line, use, ruling, received_at_ms, ceiling_cents)
  SELECT $1::int8 + seq, $2::int8, $3::int8, seq, 1, '{"fareCents":250}', sha256(''),
    CASE WHEN seq > 200 THEN 'answer' ELSE 'tap' END, 'open', 0, 'TRUSTED', 'A' || seq,
    CASE WHEN seq > 200 THEN 'ask/g1/' || seq
      ELSE '1/' || lpad((seq % 100)::text, 16, '0') || '/1/1/1' END,
    'accepted', 0, CASE WHEN seq <= 100 THEN 500 END
  FROM generate_series(1, 300) AS seq`;

beforeAll(async () => {
  pool = openPool({ url: await server.freshDatabase(), connectionsMax: 1 });
  const { run } = pool.session;
  const slot = slotOf('g1');
  await run(`INSERT INTO gate (gate, slot, scope, created_at_ms) VALUES ('g1', $1, 1, 0)`, [slot]);
  await run(
    `INSERT INTO gate_epoch (id, slot, gate, epoch, last_seq, head)
     VALUES ($1, $2, 'g1', 'e', 300, sha256(''))`,
    [EPOCH, slot],
  );
  await run(RECORDS, [recordRange(EPOCH)[0], slot, EPOCH]);
});

afterAll(async () => await pool.close());

async function countStatements(reading: Reading): Promise<number> {
  let statements = 0;
  await pool.withSession(async (session) => {
    const counted: Session = {
      all: (text, values) => {
        statements += 1;
        return session.all(text, values);
      },
      first: (text, values) => {
        statements += 1;
        return session.first(text, values);
      },
      run: (text, values) => {
        statements += 1;
        return session.run(text, values);
      },
    };
    await session.run('BEGIN');
    await reading(factsOf(counted, { rules: new KnownRules() }));
    await session.run('ROLLBACK');
  });
  return statements;
}

function settle(count: number): Reading {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const uses = numbers.flatMap((number) => [
    `1/${String(number).padStart(16, '0')}/1/1/1`,
    `ask/g1/${number + 200}`,
  ]);
  return async (facts) => {
    const found = await facts.settle(uses.map((use, index) => ({ id: index + 1, use })));
    expect(found.uses.map(({ records }) => records.length)).toEqual(numbers.map(() => 2));
    expect(found.authorisations.map(({ records }) => records[0]?.fareCents)).toEqual(
      numbers.map(() => 250),
    );
  };
}

function rule(count: number): Reading {
  const log = new ScriptedLog('g1', 'A', { epoch: 'e' });
  for (let number = 1; number <= count; number += 1) {
    const account = String(number).padStart(16, '0');
    const ride = { account, counter: 1, atMs: NOW_MS, line: `A${number}` };
    const seq = log.ride(ride, { trust: number, deny: 1 });
    log.add({ kind: 'void', atMs: NOW_MS, clock: 'TRUSTED', of: seq });
  }
  const query = rulingQuery(log.batch().records);
  return (facts) => facts.rulingFacts({ epochId: EPOCH, gate: 'g1' }, query);
}

test('settling', async () => {
  const one = await countStatements(settle(1));
  expect(await countStatements(settle(90))).toBe(one);
  expect(one).toBeLessThanOrEqual(16);
});

test('rulings', async () => {
  const one = await countStatements(rule(1));
  expect(await countStatements(rule(90))).toBe(one);
  expect(one).toBeLessThanOrEqual(12);
});

function pay(count: number): Reading {
  const requests = Array.from({ length: count }, (_, index) => {
    const idempotencyKey = `sale-${index}`;
    const payee = { kind: 'merchant', merchant: 'kiosk', idempotencyKey, amountCents: 1 } as const;
    const presented = { way: 'PAYMENT_CODE', handle: `handle-${index}`, timeStep: 1 } as const;
    return paymentRequest({ payee, presented });
  });
  return async (facts) => {
    expect(await readPayments(facts, requests)).not.toContain(null);
  };
}

test('payments', async () => {
  const one = await countStatements(pay(1));
  // One more says that they do not wait for long.
  expect(await countStatements(pay(32))).toBe(one + 1);
  expect(one).toBeLessThanOrEqual(16);
});
