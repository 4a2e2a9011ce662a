/** Where a gate stands and what a line costs, as they were set and when. */
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import type { Connection } from '../connection.ts';

function prepare(db: Connection['db']) {
  return {
    lineFares: db.prepare(
      `SELECT line, fare_cents AS fareCents, from_s AS fromS FROM tariff_line
       WHERE line = ? ORDER BY version`,
    ),
    gateLines: db.prepare(
      'SELECT line, from_ms AS fromMs FROM gate_line WHERE gate = ? ORDER BY number',
    ),
  };
}

export class FareReader {
  readonly #sql: ReturnType<typeof prepare>;

  constructor({ db }: Connection) {
    this.#sql = prepare(db);
  }

  read(gate: string, line: string): { gateLines: GateLine[]; lineFares: LineFare[] } {
    return { gateLines: this.gateLines(gate), lineFares: this.lineFares(line) };
  }

  gateLines(gate: string): GateLine[] {
    return this.#sql.gateLines.all(gate) as GateLine[];
  }

  lineFares(line: string): LineFare[] {
    return this.#sql.lineFares.all(line) as LineFare[];
  }
}
