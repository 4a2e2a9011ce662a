/** Books in a PostgreSQL database as somebody with a database editor leaves them. */
import { cpSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { auditSettlement } from '../audit/audit.ts';
import { openPostgresStore } from '../store/postgres/store.ts';
import { type Books, besideGuards, type KindOfBooks, LIMITS_OF_BOOKS } from './books.ts';
import { usePostgres } from './postgres-server.ts';
import { ScriptedTown } from './town.ts';

/** Words of SQLite that statements use, and the ledger's accounts in one row each, which is what they are in sum. */
const LOOSEN = `
  DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT tgname, tgrelid::regclass AS at FROM pg_trigger WHERE NOT tgisinternal LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', one.tgname, one.at);
    END LOOP;
    FOR one IN SELECT conname, conrelid::regclass AS at FROM pg_constraint
      WHERE conrelid >= 16384 ORDER BY contype = 'f' DESC LOOP
      EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', one.at, one.conname);
    END LOOP;
    FOR one IN SELECT attname, attrelid::regclass AS at FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
      WHERE attnotnull AND attnum > 0 AND attrelid >= 16384 AND relkind = 'r' LOOP
      EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', one.at, one.attname);
    END LOOP;
  END $$;
  CREATE TEMPORARY TABLE whole AS
    SELECT name, min(part) AS part, kind, sum(debits_cents) AS debits, sum(credits_cents) AS credits
    FROM ledger_account GROUP BY name, kind;
  DELETE FROM ledger_account;
  INSERT INTO ledger_account (name, part, kind, debits_cents, credits_cents) SELECT * FROM whole;
  CREATE DOMAIN blob AS bytea;
  CREATE FUNCTION zeroblob(bytes integer) RETURNS bytea LANGUAGE sql AS
    $$ SELECT decode(repeat('00', bytes), 'hex') $$;
  CREATE FUNCTION unhex(digits text) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(digits, 'hex') $$;
  CREATE FUNCTION json_set(body text, path text, value text) RETURNS text LANGUAGE sql AS
    $$ SELECT jsonb_set(body::jsonb, string_to_array(substr(path, 3), '.'), to_jsonb(value))::text $$;
  CREATE FUNCTION json_set(body text, path text, value integer) RETURNS text LANGUAGE sql AS
    $$ SELECT jsonb_set(body::jsonb, string_to_array(substr(path, 3), '.'), to_jsonb(value))::text $$`;

type Server = ReturnType<typeof usePostgres>;

/** One server for a file of tests. */
export function usePostgresBooks(): KindOfBooks {
  const server = usePostgres();
  const urls = new WeakMap<ScriptedTown, string>();
  return {
    openTown: async () => {
      const database = await server.freshDatabase();
      const town = await ScriptedTown.open({ config: { database } });
      urls.set(town, database);
      return town;
    },
    booksOf: async (town) =>
      booksIn(server, {
        dataDir: town.dataDir,
        url: urls.get(town) ?? '',
        town: town.dataDir,
        isLoose: false,
      }),
    dropTrigger: (name, table) => `DROP TRIGGER ${name} ON ${table}`,
    countsPayments: false,
    lastPlace: { columns: 'chain, number', values: '0, 999' },
  };
}

/** Copies of keys lie in the directory of the town, which goes with it. */
type Place = { dataDir: string; url: string; town: string; isLoose: boolean };

function booksIn(server: Server, place: Place): Books {
  const { dataDir, url, town } = place;
  const database = new URL(url).pathname.slice(1);
  let { isLoose } = place;
  return {
    dataDir,
    audit: async (options) =>
      besideGuards(await auditSettlement(dataDir, { ...options, database: url }), { isLoose }),
    copy: async () => {
      const dir = mkdtempSync(join(town, 'copy-'));
      cpSync(join(dataDir, 'keys'), join(dir, 'keys'), { recursive: true });
      return booksIn(server, { dataDir: dir, url: await server.copyOf(database), town, isLoose });
    },
    tamper: async (statements) => {
      if (!isLoose) await server.run(LOOSEN, database);
      isLoose = true;
      await server.run(statements, database);
    },
    run: async (statements) => {
      await server.run(statements, database);
    },
    read: async <Row>(query: string) => (await server.run(query, database)).rows as Row[],
    openStore: async () =>
      await openPostgresStore({ url, dataDir, limitsNow: LIMITS_OF_BOOKS, clock: systemClock }),
  };
}
