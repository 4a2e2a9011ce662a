/** Where a gate stands and what a line costs, as they were set and when. */
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import type { Session } from '../session.ts';

const LINE_FARES = `SELECT line, fare_cents AS "fareCents", from_s AS "fromS" FROM tariff_line
  WHERE line = ANY($1::text[]) ORDER BY version`;
const GATE_LINES = `SELECT gate, line, from_ms AS "fromMs" FROM gate_line
  WHERE gate = ANY($1::text[]) ORDER BY gate, number`;

type GateLineRow = GateLine & { gate: string };

export class FareReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(
    gate: string,
    line: string,
  ): Promise<{ gateLines: readonly GateLine[]; lineFares: LineFare[] }> {
    const [gateLines, lineFares] = await Promise.all([this.gateLines(gate), this.lineFares(line)]);
    return { gateLines, lineFares };
  }

  async gateLines(gate: string): Promise<readonly GateLine[]> {
    const found = await this.gateLinesOf([gate]);
    return found.get(gate) ?? [];
  }

  async lineFares(line: string): Promise<LineFare[]> {
    return await this.#session.all<LineFare>(LINE_FARES, [[line]]);
  }

  /** Of many gates at once; all of them are in it. */
  async gateLinesOf(gates: Iterable<string>): Promise<Map<string, GateLine[]>> {
    const found = new Map([...gates].map((gate): [string, GateLine[]] => [gate, []]));
    if (found.size === 0) return found;
    const rows = await this.#session.all<GateLineRow>(GATE_LINES, [[...found.keys()]]);
    for (const { gate, ...gateLine } of rows) found.get(gate)?.push(gateLine);
    return found;
  }

  /** Of many lines at once; all of them are in it. */
  async lineFaresOf(lines: Iterable<string>): Promise<Map<string, LineFare[]>> {
    const found = new Map([...lines].map((line): [string, LineFare[]] => [line, []]));
    if (found.size === 0) return found;
    const rows = await this.#session.all<LineFare>(LINE_FARES, [[...found.keys()]]);
    for (const fare of rows) found.get(fare.line)?.push(fare);
    return found;
  }
}
