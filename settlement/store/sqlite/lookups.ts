/**
 * Small facts that many decisions need, read once for each transaction: fares of a line, the lines at
 * which a gate stood, limits of a trust list version. `forget` starts the next transaction afresh.
 */
import type { TariffLine } from '@stile/protocol/trust-list.ts';
import { type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import type { Limits } from '../../core/ingest.ts';
import { type ClockQuality, fareOfTap, type GateLine } from '../../core/tariff.ts';
import type { Connection } from './connection.ts';

/** Limits of a published version never change, so they are kept; this many versions of them. */
const LIMITS_KEPT_MAX = 1_000;

export type Lookups = ReturnType<typeof createLookups>;

export function createLookups({ db }: Connection) {
  const tariffRows = db.prepare(
    `SELECT line, fare_cents AS fareCents, from_s AS fromS FROM tariff_line
     WHERE line = ? ORDER BY version`,
  );
  const postingRows = db.prepare(
    'SELECT line, from_ms AS fromMs FROM gate_line WHERE gate = ? ORDER BY number',
  );
  const trustRow = db.prepare('SELECT payload FROM trust_list WHERE version = ?').pluck();
  const tariff = new Map<string, readonly TariffLine[]>();
  const postings = new Map<string, readonly GateLine[]>();
  const limits = new Map<number, Limits>();

  const tariffOf = (line: string): readonly TariffLine[] =>
    remember(tariff, line, () => tariffRows.all(line) as TariffLine[]);
  const postingsOf = (gate: string): readonly GateLine[] =>
    remember(postings, gate, () => postingRows.all(gate) as GateLine[]);

  return {
    forget(): void {
      tariff.clear();
      postings.clear();
    },
    tariffOf,
    postingsOf,
    /** Undefined where no fare is in force there; that is not zero. */
    fareOf: (gate: string, tap: { line: string; atMs: number; clock: ClockQuality }) =>
      fareOfTap(tap, { gateLines: postingsOf(gate), lineFares: tariffOf(tap.line) }),
    /** Undefined where that version was never published here. */
    limitsOf(version: number): Limits | undefined {
      const known = limits.get(version);
      if (known !== undefined) return known;
      const payload = trustRow.get(version) as string | undefined;
      if (payload === undefined) return undefined;
      if (limits.size >= LIMITS_KEPT_MAX) limits.clear();
      const list: TrustList = trustListSchema.parse(JSON.parse(payload));
      limits.set(version, list.limits);
      return list.limits;
    },
  };
}

function remember<K, V>(cache: Map<K, V>, key: K, read: () => V): V {
  const known = cache.get(key);
  if (known !== undefined) return known;
  const value = read();
  cache.set(key, value);
  return value;
}
