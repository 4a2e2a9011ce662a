/** What the records of a part speak of: limits, passes, denials, earlier taps of the same codes, fares. */
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import { type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import { useKey } from '../../../core/logs/code-use.ts';
import type { RulingQuery } from '../../../core/logs/ruling-query.ts';
import type { EarlierClaim, Limits, RulingFacts } from '../../../core/logs/rulings.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';

type ClaimRow = Omit<EarlierClaim, 'voided'> & { use: string; voided: number };

/** Limits of a published version never change, so they stay here; this many versions of them. */
const CACHED_LIMITS_MAX = 1_000;

function prepare(db: Connection['db']) {
  return {
    passes: db
      .prepare(
        `SELECT account || '/' || serial FROM json_each(?) AS wanted
         JOIN pass ON account = value ->> 0 AND serial = value ->> 1`,
      )
      .pluck(),
    claims: db.prepare(
      `SELECT use, gate, epoch, seq, at_ms AS atMs, EXISTS (
         SELECT 1 FROM record AS taken WHERE taken.use = record.use AND taken.kind = 'void'
           AND taken.epoch_id = record.epoch_id AND taken.of_seq = record.seq) AS voided
       FROM json_each(?) AS wanted JOIN record ON use = wanted.value
       JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE kind = 'tap'`,
    ),
    denied: db
      .prepare(
        `SELECT value ->> 0 FROM json_each(?) AS wanted
         JOIN deny_entry ON deny_entry.id IN (unhex(value ->> 2), unhex(value ->> 3))
         WHERE added_in <= value ->> 1 AND (removed_in IS NULL OR removed_in > value ->> 1)`,
      )
      .pluck(),
    useOf: db
      .prepare(
        `SELECT use FROM record WHERE epoch_id = ? AND seq = ? AND kind IN ('tap', 'ask', 'answer')`,
      )
      .pluck(),
    trustList: db.prepare('SELECT payload FROM trust_list WHERE version = ?').pluck(),
  };
}

export class RulingFactReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #fares: FareReader;
  readonly #limits = new Map<number, Limits>();

  constructor({ db }: Connection, fares: FareReader) {
    this.#sql = prepare(db);
    this.#fares = fares;
  }

  rulingFacts(
    of: { epochId: number; gate: string },
    { taps, earlierSeqs }: RulingQuery,
  ): RulingFacts {
    const usesBySeq = this.#usesBySeq(of.epochId, earlierSeqs);
    const uses = new Set([...usesBySeq.values(), ...taps.map(({ tap }) => useKey(tap.code))]);
    const lines = new Set(taps.map(({ tap }) => tap.line));
    return {
      limits: this.#limitsOf(new Set(taps.map(({ tap }) => tap.trust))),
      passes: this.#passesOf(taps),
      deniedAtGate: this.#deniedAmong(taps),
      claims: this.#claimsOf([...uses]),
      usesBySeq,
      gateLines: this.#fares.gateLines(of.gate),
      lineFares: [...lines].flatMap((line) => this.#fares.lineFares(line)),
    };
  }

  #usesBySeq(epochId: number, seqs: readonly number[]): Map<number, string> {
    const uses = new Map<number, string>();
    for (const seq of seqs) {
      const use = this.#sql.useOf.get(epochId, seq) as string | null | undefined;
      if (use) uses.set(seq, use);
    }
    return uses;
  }

  #limitsOf(versions: ReadonlySet<number>): Map<number, Limits> {
    const limits = new Map<number, Limits>();
    for (const version of versions) {
      const known = this.#limits.get(version) ?? this.#readLimits(version);
      if (known !== undefined) limits.set(version, known);
    }
    return limits;
  }

  /** Undefined if that version was never published here. */
  #readLimits(version: number): Limits | undefined {
    const payload = this.#sql.trustList.get(version) as string | undefined;
    if (payload === undefined) return undefined;
    if (this.#limits.size >= CACHED_LIMITS_MAX) this.#limits.clear();
    const list: TrustList = trustListSchema.parse(JSON.parse(payload));
    this.#limits.set(version, list.limits);
    return list.limits;
  }

  #passesOf(taps: RulingQuery['taps']): Set<string> {
    const wanted = taps.map(({ tap }) => [tap.code.account, tap.code.serial]);
    return new Set(this.#sql.passes.all(JSON.stringify(wanted)) as string[]);
  }

  #deniedAmong(taps: RulingQuery['taps']): Set<number> {
    const wanted = taps
      .filter(({ tap }) => tap.deny > 0)
      .map(({ seq, tap: { deny, code } }) => {
        const { issuer, account, serial } = code;
        return [
          seq,
          deny,
          denyIdHex({ issuer, account, serial: 0 }),
          denyIdHex({ issuer, account, serial }),
        ];
      });
    if (wanted.length === 0) return new Set();
    return new Set(this.#sql.denied.all(JSON.stringify(wanted)) as number[]);
  }

  #claimsOf(uses: readonly string[]): Map<string, EarlierClaim[]> {
    const claims = new Map<string, EarlierClaim[]>();
    for (const row of this.#sql.claims.all(JSON.stringify(uses)) as ClaimRow[]) {
      const { use, voided, ...claim } = row;
      const ofUse = claims.get(use) ?? [];
      ofUse.push({ ...claim, voided: voided === 1 });
      claims.set(use, ofUse);
    }
    return claims;
  }
}
