/** Operators with names, roles and tokens of their own, and a log of what they did that nothing rewrites. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

const APPEND_ONLY = ['act', 'act_status'].flatMap((table) =>
  ['UPDATE', 'DELETE'].map(
    (what) =>
      `CREATE TRIGGER ${table}_no_${what.toLowerCase()} BEFORE ${what} ON ${table}
         BEGIN SELECT RAISE(ABORT, '${table} is append-only'); END`,
  ),
);

export const OPERATORS: DurableMigration = {
  name: '0004-operators',
  statements: [
    `CREATE TABLE operator (
       name TEXT PRIMARY KEY, role TEXT NOT NULL CHECK (role IN ('READER', 'OPERATOR', 'ADMIN')),
       created_at_ms INTEGER NOT NULL, ended_at_ms INTEGER) STRICT`,
    `CREATE TABLE operator_token (
       token_hash TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES operator,
       made_at_ms INTEGER NOT NULL, ends_at_ms INTEGER NOT NULL) STRICT`,
    `CREATE INDEX operator_token_of ON operator_token (name)`,
    `CREATE TABLE act (
       number INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, by_name TEXT NOT NULL, role TEXT NOT NULL,
       what TEXT NOT NULL, detail TEXT NOT NULL) STRICT`,
    `CREATE TABLE act_status (
       number INTEGER PRIMARY KEY REFERENCES act, status INTEGER NOT NULL) STRICT`,
    ...APPEND_ONLY,
  ],
};
