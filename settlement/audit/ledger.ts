/** The ledger's checks: everything stored twice must agree, and nothing may be below zero. */
import { balanceCents, LEDGER_KINDS, type LedgerKind, type Totals } from '../core/money/ledger.ts';
import type { Connection } from '../store/sqlite/connection.ts';
import type { AuditCheck } from './audit.ts';

const NAMES_SHOWN = 5;

type AccountRow = Totals & { name: string; kind: LedgerKind };

export function auditMoney(connection: Connection): AuditCheck[] {
  const { db } = connection;
  const stored = db
    .prepare(
      `SELECT name, kind, debits_cents AS debitsCents, credits_cents AS creditsCents
       FROM ledger_account`,
    )
    .all() as AccountRow[];
  return [
    checkTotals(connection, stored),
    checkBalances(connection, stored),
    checkBounds(stored),
    ...checkCharges(connection),
    checkDenials(connection),
  ];
}

function checkTotals({ db }: Connection, stored: readonly AccountRow[]): AuditCheck {
  const debits = stored.reduce((sum, { debitsCents }) => sum + BigInt(debitsCents), 0n);
  const credits = stored.reduce((sum, { creditsCents }) => sum + BigInt(creditsCents), 0n);
  const posted = db
    .prepare('SELECT count(*) AS n, coalesce(sum(amount_cents), 0) AS cents FROM transfer')
    .get() as { n: number; cents: number };
  const ok = debits === credits && debits === BigInt(posted.cents);
  const detail = `${posted.n} transfers, ${debits} debits, ${credits} credits`;
  return { name: 'debits equal credits', ok, detail };
}

function checkBalances({ db }: Connection, stored: readonly AccountRow[]): AuditCheck {
  const sums = db
    .prepare(
      `SELECT name, sum(debit) AS debits, sum(credit) AS credits FROM (
         SELECT debit AS name, amount_cents AS debit, 0 AS credit FROM transfer
         UNION ALL SELECT credit, 0, amount_cents FROM transfer) GROUP BY name`,
    )
    .all() as { name: string; debits: number; credits: number }[];
  const posted = new Map(sums.map((row) => [row.name, row]));
  const wrong = stored.filter(({ name, debitsCents, creditsCents }) => {
    const row = posted.get(name) ?? { debits: 0, credits: 0 };
    return row.debits !== debitsCents || row.credits !== creditsCents;
  });
  const names = wrong.map(({ name }) => name);
  return check(
    'stored balances are the sums of their transfers',
    names,
    `${stored.length} accounts`,
  );
}

function checkBounds(stored: readonly AccountRow[]): AuditCheck {
  const balances = new Map<string, number>();
  const wrong: string[] = [];
  for (const row of stored) {
    const cents = balanceCents(row.kind, row);
    if (!LEDGER_KINDS.includes(row.kind) || cents < 0) wrong.push(row.name);
    balances.set(row.name, cents);
  }
  for (const [name, cents] of balances) {
    const debt = balances.get(name.replace('wallet:', 'receivable:')) ?? 0;
    if (name.startsWith('wallet:') && cents > 0 && debt > 0) wrong.push(name);
  }
  return check('no account is overdrawn, none has both wallet and debt', wrong, 'none');
}

function checkCharges({ db }: Connection): AuditCheck[] {
  const owed = db
    .prepare(
      `SELECT name FROM ledger_account
       LEFT JOIN (SELECT account, sum(owed_cents) AS cents FROM charge GROUP BY account)
         ON name = 'receivable:' || account
       WHERE kind = 'receivable' AND debits_cents - credits_cents <> coalesce(cents, 0)`,
    )
    .pluck()
    .all() as string[];
  const revenue = db
    .prepare(
      `SELECT coalesce(name, line) FROM
         (SELECT name, credits_cents - debits_cents AS balance FROM ledger_account
          WHERE kind = 'revenue')
       FULL JOIN (SELECT line, sum(cents) AS cents FROM (
           SELECT line, fare_cents AS cents FROM charge
           UNION ALL
           SELECT line, amount_cents - refunded_cents FROM payment
           WHERE outcome = 'PAID' AND line IS NOT NULL) GROUP BY line)
         ON name = 'revenue:' || line
       WHERE coalesce(balance, 0) <> coalesce(cents, 0)`,
    )
    .pluck()
    .all() as string[];
  const cash = db
    .prepare(
      `SELECT (SELECT coalesce(sum(amount_cents), 0) FROM top_up) AS paid,
         (SELECT coalesce(sum(debits_cents - credits_cents), 0) FROM ledger_account
          WHERE kind = 'cash') AS held`,
    )
    .get() as { paid: number; held: number };
  return [
    check('every debt is what charges are owed', owed, 'all'),
    check("every line's revenue is the sum of its charges", revenue, 'all'),
    {
      name: 'cash is what was paid in',
      ok: cash.paid === cash.held,
      detail: `${cash.held} of ${cash.paid}`,
    },
  ];
}

function checkDenials({ db }: Connection): AuditCheck {
  const wrong = db
    .prepare(
      `SELECT account FROM account
       JOIN ledger_account ON name = 'receivable:' || account
       WHERE (debits_cents > credits_cents) <> EXISTS (
         SELECT 1 FROM denial WHERE cause = 'DEBT' AND lifted_at_ms IS NULL
           AND substr(lower(hex(id)), 5, 16) = account)`,
    )
    .pluck()
    .all() as string[];
  return check('exactly those in debt are denied for it', wrong, 'all');
}

/** Good where nothing is wrong; otherwise says what, the first few by name. */
export function check(name: string, wrong: readonly string[], good: string): AuditCheck {
  const shown = wrong.slice(0, NAMES_SHOWN).join(', ');
  const more = wrong.length > NAMES_SHOWN ? ` and ${wrong.length - NAMES_SHOWN} more` : '';
  return { name, ok: wrong.length === 0, detail: wrong.length === 0 ? good : shown + more };
}
