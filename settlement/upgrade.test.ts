/**
 * Upgraded without a stop: the next version's program migrates the database while this one's processes serve it, and
 * they go on until they are replaced one by one.
 */
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startSettlement } from './main.ts';
import { migrate } from './store/postgres/migrate.ts';
import { MIGRATIONS } from './store/postgres/migrations/all.ts';
import { usePostgres } from './testing/postgres-server.ts';
import { type ScriptedRider, ScriptedTown, START_MS } from './testing/town.ts';

const FARE_CENTS = 250;
const server = usePostgres();

const TABLES = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_step'`;

/** As a next version might: a table, and in every table that there is a column and an index. */
async function migrateAhead(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const { rows } = await server.run(TABLES, name);
  const tables = (rows as { tablename: string }[]).map(({ tablename }) => tablename);
  const later = {
    name: '9999-later',
    statements: [
      'CREATE TABLE later (account text PRIMARY KEY)',
      ...tables.flatMap((table) => [
        `ALTER TABLE ${table} ADD COLUMN later bigint`,
        `CREATE INDEX ${table}_later ON ${table} (later)`,
      ]),
    ],
  };
  await migrate({ url, migrations: [...MIGRATIONS, later] });
}

test('processes of this version go on with a database of the next one, and a new one is refused', async () => {
  const database = await server.emptyDatabase();
  const town = await ScriptedTown.open({ config: { database } });
  try {
    await town.setFare('M1', FARE_CENTS);
    const gate = await town.addGate('g1', 'M1');
    const token = await town.addMerchant('kiosk');
    let sales = 0;
    const day = async (rider: ScriptedRider) => {
      await rider.topUp(10 * FARE_CENTS);
      const fromSeq = gate.lastSeq + 1;
      gate.tap(rider.code(START_MS), { atMs: START_MS });
      await town.send(gate, { fromSeq });
      sales += 1;
      const seed = await rider.fetchSeed();
      const sale = { idempotencyKey: `sale-${sales}-long`, amountCents: 100 };
      const code = seed.codeAt(town.clock.now().wallMs);
      await town.get('/v1/payments', { token, body: { ...sale, code } });
      await town.get(`/v1/payments/${sale.idempotencyKey}/reversal`, { token, body: {} });
      await town.operate('POST', 'denials', { body: { account: rider.account, note: 'lost' } });
      await town.settled();
      expect(await rider.money()).toMatchObject({ balanceCents: 9 * FARE_CENTS, denied: true });
    };
    const [before, behind] = [await town.addRider(), await town.addRider()];
    await day(before);
    await migrateAhead(database);
    await day(behind);
    await day(await town.addRider());
    await town.setFare('M1', 2 * FARE_CENTS);
    const log = pino({ level: 'silent' });
    const next = startSettlement({ dataDir: town.dataDir, database, port: 0 }, { log });
    await expect(next).rejects.toThrow(/was written by a newer version of this software/);
  } finally {
    await town.close();
  }
});
