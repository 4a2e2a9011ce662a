/** Charges and their states, written as the changes say. */
import type { ChargeRowChange } from '../../../core/rides/charge-changes.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    saveCharge: db.prepare(
      `INSERT INTO charge
         (use, account, rev, record, line, fare_cents, owed_cents, state, reason, ridden_at_ms,
          recorded_at_ms)
       VALUES (@use, @account, @rev, @record, @line, @fareCents, @owedCents, @state, @reason,
         @riddenAtMs, @recordedAtMs)
       ON CONFLICT (use) DO UPDATE SET rev = excluded.rev, record = excluded.record,
         line = excluded.line, fare_cents = excluded.fare_cents, owed_cents = excluded.owed_cents,
         state = excluded.state, reason = excluded.reason, ridden_at_ms = excluded.ridden_at_ms,
         recorded_at_ms = excluded.recorded_at_ms`,
    ),
    setOwed: db.prepare('UPDATE charge SET owed_cents = ?, state = ? WHERE use = ?'),
    addEvent: db.prepare(
      `INSERT INTO charge_event
         (use, rev, state, fare_cents, owed_cents, record, reason, ridden_at_ms, recorded_at_ms)
       VALUES (@use, @rev, @state, @fareCents, @owedCents, @record, @reason, @riddenAtMs, @recordedAtMs)`,
    ),
  };
}

export class ChargeRows {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  write(change: ChargeRowChange): void {
    switch (change.kind) {
      case 'saveCharge':
        this.#sql.saveCharge.run(change.charge);
        break;
      case 'setOwed':
        this.#sql.setOwed.run(change.owedCents, change.state, change.use);
        break;
      case 'addChargeEvent':
        this.#sql.addEvent.run({ ...change.event, recordedAtMs: change.recordedAtMs });
        break;
    }
  }
}
