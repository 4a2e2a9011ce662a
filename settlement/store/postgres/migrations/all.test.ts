/** Migrations only add: processes of the version before go on with what they make (docs/operations.md, "Upgrade"). */
import { expect, test } from 'vitest';
import { MIGRATIONS } from './all.ts';

/** A column that may be empty or has a default; what is added has no rule for rows that an older process writes. */
const ADDS = [
  /^CREATE (TABLE|INDEX|UNIQUE INDEX|FUNCTION|SEQUENCE) /,
  /^CREATE TRIGGER \w+ /,
  /^INSERT INTO /,
  /^UPDATE /,
  /^DROP INDEX /,
  /^ALTER TABLE \w+ (ADD COLUMN \w+ \w+( COLLATE "C")?( DEFAULT [^,]+)?(, )?)+$/,
];

function isAddition(statement: string): boolean {
  const text = statement.trim().replaceAll(/\s+/g, ' ');
  return ADDS.some((pattern) => pattern.test(text));
}

test('no migration takes away or changes what a process of the version before uses', () => {
  const others = MIGRATIONS.flatMap(({ name, statements }) =>
    statements.filter((one) => !isAddition(one)).map((one) => `${name}: ${one}`),
  );
  expect(others).toEqual([]);
});

test.each([
  'ALTER TABLE account DROP COLUMN person_hash',
  'ALTER TABLE account RENAME TO person',
  'ALTER TABLE account ALTER COLUMN person_hash SET NOT NULL',
  'ALTER TABLE account ADD COLUMN age bigint NOT NULL',
  'ALTER TABLE account ADD CONSTRAINT grown CHECK (age > 17)',
  'DROP TABLE account',
  'DELETE FROM account',
])('%s is none', (statement) => {
  expect(isAddition(statement)).toBe(false);
});
