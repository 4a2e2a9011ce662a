/**
 * Postings and denials, written as the changes say. A transfer stands in the chain of its rider's part and moves that
 * part of both accounts: whoever holds the chain's row is alone with them.
 */
import type { DatedTransfer, DenialChange, PostingChange } from '../../../core/changes.ts';
import { accountOfUse } from '../../../core/logs/code-use.ts';
import type { SealedTransfer } from '../../../core/money/book-seal.ts';
import { type LedgerKind, netTotals } from '../../../core/money/ledger.ts';
import { partOf, rowRange } from '../ids.ts';
import type { SealRows } from '../seals.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf } from './columns.ts';

const OPEN = `INSERT INTO ledger_account (name, part, kind, debits_cents, credits_cents)
  VALUES ($1, $2, $3, 0, 0) ON CONFLICT DO NOTHING`;
const ADD_TOTALS = `INSERT INTO ledger_account AS old (name, part, kind, debits_cents, credits_cents)
  SELECT name, part, kind, 0, 0 FROM unnest($1::text[], $2::int2[], $3::text[])
    AS new (name, part, kind)
  ON CONFLICT DO NOTHING`;
const MOVE_TOTALS = `UPDATE ledger_account AS old SET debits_cents = old.debits_cents + new.debits_cents,
    credits_cents = old.credits_cents + new.credits_cents
  FROM unnest($1::text[], $2::int2[], $3::int8[], $4::int8[])
    AS new (name, part, debits_cents, credits_cents)
  WHERE old.name = new.name AND old.part = new.part`;
const ADD_TRANSFERS = `INSERT INTO transfer (chain, number, id, debit, credit, amount_cents, code,
    happened_at_ms, recorded_at_ms)
  SELECT * FROM unnest($1::int2[], $2::int8[], $3::text[], $4::text[], $5::text[], $6::int8[],
    $7::text[], $8::int8[], $9::int8[])`;
/** Numbered within the slot of its id; two that take the same number are told apart by its being unique. */
const DENY = `INSERT INTO denial (number, slot, id, cause, note, since_ms)
  SELECT coalesce(max(number), $1::int8) + 1, $2::int2, $4::bytea, $5::text, $6::text, $7::int8
  FROM denial WHERE number > $1::int8 AND number < $3::int8
  ON CONFLICT (id, cause, slot) WHERE lifted_at_ms IS NULL DO NOTHING`;
const LIFT = `UPDATE denial SET lifted_at_ms = $1
  WHERE id = $2 AND cause = $3 AND slot = $4 AND lifted_at_ms IS NULL`;
/** What the next version of the deny list has to look at; held, so that a publisher comes before this or after. */
const MARK = `INSERT INTO deny_dirty VALUES ($1)
  ON CONFLICT (id) DO UPDATE SET id = excluded.id`;

const RIDERS = /^(?:wallet|receivable):(.*)$/;

/** A fare that goes from one line to another moves what its rider has paid. */
const CHARGES = /^charge:([^:]*):/;

/** The part of a transfer is its rider's; of what no rider is part of, its own. */
export function partOfTransfer({ id, debit, credit }: DatedTransfer): number {
  const account = RIDERS.exec(debit)?.[1] ?? RIDERS.exec(credit)?.[1];
  const use = CHARGES.exec(id)?.[1];
  return partOf(account ?? (use === undefined ? id : accountOfUse(use)));
}

export class MoneyRows {
  readonly #session: WriteSession;
  readonly #seals: SealRows;

  constructor(session: WriteSession, seals: SealRows) {
    this.#session = session;
    this.#seals = seals;
  }

  async write(
    change: DenialChange | Extract<PostingChange, { kind: 'openLedgerAccount' }>,
  ): Promise<void> {
    if (change.kind === 'openLedgerAccount') {
      const account = RIDERS.exec(change.name)?.[1] ?? change.name;
      await this.#session.run(OPEN, [change.name, partOf(account), change.ledgerKind]);
      return;
    }
    const { id, cause, atMs } = change;
    const slot = id[0] ?? 0;
    const [above, below] = rowRange(slot);
    if (change.kind === 'deny') {
      await this.#session.run(DENY, [above, slot, below, id, cause, change.note, atMs]);
    } else {
      await this.#session.run(LIFT, [atMs, id, cause, slot]);
    }
    await this.#session.run(MARK, [id]);
  }

  async post(changes: readonly Extract<PostingChange, { kind: 'post' }>[]): Promise<void> {
    const dated = changes.flatMap(({ transfers, recordedAtMs }) =>
      transfers.map((transfer) => ({ ...transfer, recordedAtMs })),
    );
    const parts = [...Map.groupBy(dated, partOfTransfer)].sort(([a], [b]) => a - b);
    const ends = await this.#seals.lockChains(parts.map(([part]) => part));
    const added = parts.flatMap(([part, transfers]) =>
      transfers.map((transfer, index) => {
        const number = (ends.get(part)?.lastNumber ?? 0) + 1 + index;
        return { part, transfer: { ...transfer, number } };
      }),
    );
    const kinds = new Map(changes.flatMap(({ totals }) => totals.map((of) => [of.name, of.kind])));
    await this.#addTotals(parts, kinds);
    await this.#addTransfers(added);
    await this.#seals.transfers(added, ends);
  }

  async #addTotals(
    parts: readonly (readonly [part: number, transfers: readonly DatedTransfer[]])[],
    kinds: ReadonlyMap<string, LedgerKind>,
  ): Promise<void> {
    const totals = parts.flatMap(([part, transfers]) =>
      [...netTotals(transfers)].map(([name, sums]) => ({ name, part, ...sums })),
    );
    const opening = totals.map(({ name, part }) => [name, part, kinds.get(name)]);
    await this.#session.run(ADD_TOTALS, columnsOf(opening));
    const rows = totals.map((one) => [one.name, one.part, one.debitsCents, one.creditsCents]);
    await this.#session.run(MOVE_TOTALS, columnsOf(rows));
  }

  async #addTransfers(added: readonly { part: number; transfer: SealedTransfer }[]): Promise<void> {
    const rows = added.map(({ part, transfer: one }) => [
      part,
      one.number,
      one.id,
      one.debit,
      one.credit,
      one.amountCents,
      one.code,
      one.happenedAtMs,
      one.recordedAtMs,
    ]);
    await this.#session.run(ADD_TRANSFERS, columnsOf(rows));
  }
}
