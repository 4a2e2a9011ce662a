/** What persons have decided about parked records, written once, each with its link of the seal. */
import type { SealedResolution } from '../../../core/money/book-seal.ts';
import type { Resolution, ResolutionChange } from '../../../core/parked/resolution-changes.ts';
import type { SealRows } from '../seals.ts';
import type { WriteSession } from '../session.ts';

const ADD = `INSERT INTO resolution (number, odd_line, record, how, why, by_name, note, at_ms, use, line,
    ride_ms, ceiling_cents, fare_cents, tariff_version, adopted_record)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`;

const NOTHING_WRITTEN_OFF = {
  line: null,
  rideMs: null,
  ceilingCents: null,
  fareCents: null,
  tariffVersion: null,
};

export class ResolutionRows {
  readonly #session: WriteSession;
  readonly #seals: SealRows;

  constructor(session: WriteSession, seals: SealRows) {
    this.#session = session;
    this.#seals = seals;
  }

  async write({ resolution }: ResolutionChange): Promise<void> {
    const row = rowOf(resolution);
    const { number, oddLine, record, how, why, by, note, atMs } = row;
    const { use, line, rideMs, ceilingCents, fareCents, tariffVersion, adoptedRecord } = row;
    const person = [number, oddLine, record, how, why, by, note, atMs];
    const money = [use, line, rideMs, ceilingCents, fareCents, tariffVersion, adoptedRecord];
    await this.#session.run(ADD, [...person, ...money]);
    await this.#seals.resolution(row);
  }
}

function rowOf({ subject, use, writtenOff, ...plain }: Resolution): SealedResolution {
  return {
    ...plain,
    oddLine: subject.kind === 'odd' ? subject.id : null,
    record: subject.kind === 'record' ? subject.id : null,
    ...(writtenOff ?? NOTHING_WRITTEN_OFF),
    use,
  };
}
