/**
 * The one chain of transfers of a file becomes the chains of the ledger's parts. Each transfer also keeps the number that
 * it had, and the old chain's last link stays, so that the audit can go through the old chain too.
 */
import {
  FIRST_LINK,
  type KeyedHash,
  MOVED_CHAIN,
  nextLink,
  type SealedTransfer,
} from '../core/money/book-seal.ts';
import { kindOf, netTotals, type TransferCode } from '../core/money/ledger.ts';
import { columnsOf } from '../store/postgres/changes/columns.ts';
import { partOfTransfer } from '../store/postgres/changes/money-rows.ts';
import { SealRows } from '../store/postgres/seals.ts';
import type { Session } from '../store/postgres/session.ts';

const OPEN = `INSERT INTO ledger_account (name, part, kind, debits_cents, credits_cents)
  SELECT name, part, kind, 0, 0 FROM unnest($1::text[], $2::int2[], $3::text[]) AS new (name, part, kind)
  ON CONFLICT DO NOTHING`;
const ADD_TOTALS = `UPDATE ledger_account AS old SET debits_cents = old.debits_cents + new.debits_cents,
    credits_cents = old.credits_cents + new.credits_cents
  FROM unnest($1::text[], $2::int2[], $3::int8[], $4::int8[])
    AS new (name, part, debits_cents, credits_cents)
  WHERE old.name = new.name AND old.part = new.part`;
const ADD = `INSERT INTO transfer (chain, number, id, debit, credit, amount_cents, code, happened_at_ms,
    recorded_at_ms, moved_number)
  SELECT * FROM unnest($1::int2[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::int8[],
    $7::text[], $8::int8[], $9::int8[], $10::int8[])`;
const MOVED_LINK = 'SELECT link FROM book_seal WHERE name = $1';
const SAVE_MOVED = `INSERT INTO book_seal (name, last_number, link) VALUES ($1, $2, $3)
  ON CONFLICT (name) DO UPDATE SET last_number = excluded.last_number, link = excluded.link`;

type Transfer = SealedTransfer & { code: TransferCode };

/** The next ones, in the order in which they were chained. */
export async function addTransfers(
  session: Session,
  { page, keyedHash }: { page: readonly SealedTransfer[]; keyedHash: KeyedHash },
): Promise<void> {
  const transfers = page as readonly Transfer[];
  const seals = new SealRows(session, keyedHash);
  const parts = [...Map.groupBy(transfers, partOfTransfer)].sort(([a], [b]) => a - b);
  const ends = await seals.lockChains(parts.map(([part]) => part));
  const added = parts.flatMap(([part, ofPart]) =>
    ofPart.map((transfer, index) => {
      const number = (ends.get(part)?.lastNumber ?? 0) + 1 + index;
      return { part, movedNumber: transfer.number, transfer: { ...transfer, number } };
    }),
  );
  const totals = parts.flatMap(([part, ofPart]) =>
    [...netTotals(ofPart)].map(([name, sums]) => ({ name, part, ...sums })),
  );
  const opened = totals.map(({ name, part }) => [name, part, kindOf(name)]);
  await session.run(OPEN, columnsOf(opened));
  const sums = totals.map((one) => [one.name, one.part, one.debitsCents, one.creditsCents]);
  await session.run(ADD_TOTALS, columnsOf(sums));
  const rows = added.map(({ part, movedNumber, transfer: one }) => {
    const names = [part, one.number, one.id, one.debit, one.credit, one.amountCents];
    return [...names, one.code, one.happenedAtMs, one.recordedAtMs, movedNumber];
  });
  await session.run(ADD, columnsOf(rows));
  await seals.transfers(added, ends);
  await goOnWithOldChain(session, { transfers, keyedHash });
}

async function goOnWithOldChain(
  session: Session,
  { transfers, keyedHash }: { transfers: readonly Transfer[]; keyedHash: KeyedHash },
): Promise<void> {
  const stored = await session.first<{ link: Uint8Array }>(MOVED_LINK, [MOVED_CHAIN]);
  let link = stored?.link ?? FIRST_LINK;
  for (const transfer of transfers) link = nextLink(link, { transfer, keyedHash });
  await session.run(SAVE_MOVED, [MOVED_CHAIN, transfers.at(-1)?.number ?? 0, link]);
}
