/** What persons have decided about parked records, written once, each with its link of the seal. */
import type { Resolution, ResolutionChange } from '../../../core/parked/resolution-changes.ts';
import type { Connection } from '../connection.ts';
import type { SealRows } from '../seals.ts';

function prepare(db: Connection['db']) {
  return {
    add: db.prepare(
      `INSERT INTO resolution (number, odd_line, record, how, why, by_name, note, at_ms, use, line, ride_ms,
         ceiling_cents, fare_cents, tariff_version, adopted_record)
       VALUES (@number, @oddLine, @record, @how, @why, @by, @note, @atMs, @use, @line, @rideMs,
         @ceilingCents, @fareCents, @tariffVersion, @adoptedRecord)`,
    ),
  };
}

const NOTHING_WRITTEN_OFF = {
  line: null,
  rideMs: null,
  ceilingCents: null,
  fareCents: null,
  tariffVersion: null,
};

export class ResolutionRows {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #seals: SealRows;

  constructor({ db }: Connection, seals: SealRows) {
    this.#sql = prepare(db);
    this.#seals = seals;
  }

  write({ resolution }: ResolutionChange): void {
    this.#sql.add.run(rowOf(resolution));
    this.#seals.resolution(resolution.number);
  }
}

function rowOf({ subject, use, writtenOff, ...plain }: Resolution) {
  return {
    ...plain,
    oddLine: subject.kind === 'odd' ? subject.id : null,
    record: subject.kind === 'record' ? subject.id : null,
    ...(writtenOff ?? NOTHING_WRITTEN_OFF),
    use,
  };
}
