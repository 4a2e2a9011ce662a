/** Charges and their states, written as the changes say; their accounts are locked. */
import { accountOfUse } from '../../../core/logs/code-use.ts';
import type { ChargeRowChange } from '../../../core/rides/charge-changes.ts';
import type { WriteSession } from '../session.ts';
import { columnsOf, lastOfEach } from './columns.ts';

const SAVE = `INSERT INTO charge (use, account, rev, record, line, fare_cents, owed_cents, state, reason,
    ridden_at_ms, recorded_at_ms)
  SELECT * FROM unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::text[], $6::int8[],
    $7::int8[], $8::text[], $9::text[], $10::int8[], $11::int8[])
  ON CONFLICT (use, account) DO UPDATE SET rev = excluded.rev, record = excluded.record,
    line = excluded.line, fare_cents = excluded.fare_cents, owed_cents = excluded.owed_cents,
    state = excluded.state, reason = excluded.reason, ridden_at_ms = excluded.ridden_at_ms,
    recorded_at_ms = excluded.recorded_at_ms`;
const SET_OWED = `UPDATE charge SET owed_cents = new.owed_cents, state = new.state
  FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[]) AS new (use, account, owed_cents, state)
  WHERE charge.use = new.use AND charge.account = new.account`;
/** Numbered within the account, in the order of the changes. */
const ADD_EVENTS = `INSERT INTO charge_event (account, number, use, rev, state, fare_cents, owed_cents,
    record, reason, ridden_at_ms, recorded_at_ms)
  SELECT account,
    (SELECT coalesce(max(number), 0) FROM charge_event AS before WHERE before.account = new.account)
      + row_number() OVER (PARTITION BY account ORDER BY place),
    use, rev, state, fare_cents, owed_cents, record, reason, ridden_at_ms, recorded_at_ms
  FROM unnest($1::text[], $2::text[], $3::int8[], $4::text[], $5::int8[], $6::int8[], $7::int8[],
      $8::text[], $9::int8[], $10::int8[])
    WITH ORDINALITY AS new (account, use, rev, state, fare_cents, owed_cents, record, reason,
      ridden_at_ms, recorded_at_ms, place)`;

type Of<Kind extends ChargeRowChange['kind']> = Extract<ChargeRowChange, { kind: Kind }>;

export class ChargeRows {
  readonly #session: WriteSession;

  constructor(session: WriteSession) {
    this.#session = session;
  }

  async save(changes: readonly Of<'saveCharge'>[]): Promise<void> {
    const charges = lastOfEach(
      changes.map(({ charge }) => charge),
      ({ use }) => use,
    );
    const rows = charges.map((charge) => [
      charge.use,
      charge.account,
      charge.rev,
      charge.record,
      charge.line,
      charge.fareCents,
      charge.owedCents,
      charge.state,
      charge.reason,
      charge.riddenAtMs,
      charge.recordedAtMs,
    ]);
    await this.#session.run(SAVE, columnsOf(rows));
  }

  async setOwed(changes: readonly Of<'setOwed'>[]): Promise<void> {
    const rows = lastOfEach(changes, ({ use }) => use).map(({ use, owedCents, state }) => [
      use,
      accountOfUse(use),
      owedCents,
      state,
    ]);
    await this.#session.run(SET_OWED, columnsOf(rows));
  }

  async addEvents(changes: readonly Of<'addChargeEvent'>[]): Promise<void> {
    const rows = changes.map(({ event, recordedAtMs }) => [
      accountOfUse(event.use),
      event.use,
      event.rev,
      event.state,
      event.fareCents,
      event.owedCents,
      event.record,
      event.reason,
      event.riddenAtMs,
      recordedAtMs,
    ]);
    await this.#session.run(ADD_EVENTS, columnsOf(rows));
  }
}
