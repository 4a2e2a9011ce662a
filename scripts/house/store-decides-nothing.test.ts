/** No rule in the SQL: a store reads facts and applies changes. */
import { expect, test } from 'vitest';
import { ALLOWED, findDecisions, NAMING, STORES } from './store-decides-nothing.ts';
import { importsOf, parseFile } from './syntax.ts';
import { files, productSources, read } from './tree.ts';

const stores = productSources.filter((file) => STORES.some((path) => file.startsWith(path)));

test('nothing below the store decides', () => {
  const decisions = stores.flatMap((file) =>
    findDecisions(read(file), file).map(({ line, what }) => `${file}:${line} ${what}`),
  );
  expect(stores.length).toBeGreaterThan(0);
  expect(decisions).toEqual([]);
});

test('the tables allow nothing that is no longer needed', () => {
  const idle = ALLOWED.filter(
    ({ file, text }) => !files.includes(file) || !read(file).includes(text),
  );
  expect(idle).toEqual([]);
  const taken = new Set(
    stores.flatMap((file) => importsOf(parseFile(file)).flatMap((one) => one.names)),
  );
  expect(Object.keys(NAMING).filter((name) => !taken.has(name))).toEqual([]);
});

const DECIDING = [
  "import { decidePay } from '../../core/payments/pay.ts';",
  "import { type Payee, spendCode } from '../../../core/payments/spend-code.ts';",
  'if (row.balanceCents < amountCents) refuse();',
  'const isLocked = failures >= 5;',
  'if (count > FAILURES_MAX) lock();',
  'const isLate = row.expiresAtMs <= nowMs;',
  "if (payment.outcome === 'PAID') pay();",
  "const isOpen = tap.verdict === 'open';",
  'db.prepare(`SELECT CASE WHEN owed_cents > 0 THEN 1 END FROM charge`);',
  "db.prepare('SELECT iif(failures > 4, 1, 0) FROM seed');",
  "query.select((eb) => eb.case().when('cents', '>', 0).then(1).end());",
];
test.each(DECIDING)('refused: %s', (code) => {
  expect(findDecisions(code, 'made-up.ts')).toHaveLength(1);
});

const READING = [
  "import { type Payee, payeeName } from '../../../core/payments/payee.ts';",
  "import { FAILURE_WINDOW_MS } from '../../../core/payments/spend-code.ts';",
  "import type { PayFacts } from '../../../core/payments/pay.ts';",
  'const paid = row.paidAtMs === null ? null : { outcome: row.outcome };',
  "db.prepare('SELECT count(*) FROM payee_failure WHERE payee = ? AND at_ms > ?');",
];
test.each(READING)('allowed: %s', (code) => {
  expect(findDecisions(code, 'made-up.ts')).toEqual([]);
});
