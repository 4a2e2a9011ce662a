/**
 * The facts that core/ingest.ts rules by, on SQLite: for a set of records a handful of queries, each
 * over all of them, because a query for each record would cost more than checking half a signature.
 */
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { Checked, CheckedTap } from '../../core/check.ts';
import { useKey } from '../../core/code-use.ts';
import type { EarlierClaim, IngestFacts, Limits } from '../../core/ingest.ts';
import type { Connection } from './connection.ts';
import type { Lookups } from './lookups.ts';

export type CheckedRecord = { seq: number; checked: Checked };
type GenuineTap = Extract<CheckedTap, { problem: null }>;
type Genuine = { seq: number; tap: GenuineTap };
type ClaimRow = Omit<EarlierClaim, 'voided'> & { use: string; voided: number };

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
  };
}

export class FactReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #lookups: Lookups;

  constructor(connection: Connection, lookups: Lookups) {
    this.#sql = prepare(connection.db);
    this.#lookups = lookups;
  }

  read(
    epoch: { id: number; gate: string },
    records: readonly CheckedRecord[],
    limitsNow: Limits,
  ): IngestFacts {
    this.#lookups.forget();
    const genuine = records.flatMap(({ seq, checked }): Genuine[] =>
      isGenuine(checked) ? [{ seq, tap: checked }] : [],
    );
    const usesBySeq = this.#usesBySeq(epoch.id, records);
    const uses = new Set([...usesBySeq.values(), ...genuine.map(({ tap }) => useKey(tap.code))]);
    const lines = new Set(genuine.map(({ tap }) => tap.line));
    return {
      limits: this.#limitsOf(new Set(genuine.map(({ tap }) => tap.trust))),
      limitsNow,
      passes: this.#passesOf(genuine),
      deniedAtGate: this.#deniedAmong(genuine),
      claims: this.#claimsOf([...uses]),
      usesBySeq,
      postings: this.#lookups.postingsOf(epoch.gate),
      tariff: [...lines].flatMap((line) => this.#lookups.tariffOf(line)),
    };
  }

  #usesBySeq(epochId: number, records: readonly CheckedRecord[]): Map<number, string> {
    const uses = new Map<number, string>();
    for (const { checked } of records) {
      if (checked.kind !== 'void' && checked.kind !== 'answer') continue;
      const use = this.#sql.useOf.get(epochId, checked.of) as string | null | undefined;
      if (use) uses.set(checked.of, use);
    }
    return uses;
  }

  #limitsOf(versions: ReadonlySet<number>): Map<number, Limits> {
    const limits = new Map<number, Limits>();
    for (const version of versions) {
      const known = this.#lookups.limitsOf(version);
      if (known !== undefined) limits.set(version, known);
    }
    return limits;
  }

  #passesOf(genuine: readonly Genuine[]): Set<string> {
    const wanted = genuine.map(({ tap }) => [tap.code.account, tap.code.serial]);
    return new Set(this.#sql.passes.all(JSON.stringify(wanted)) as string[]);
  }

  #deniedAmong(genuine: readonly Genuine[]): Set<number> {
    const wanted = genuine
      .filter(({ tap }) => tap.deny > 0)
      .map(({ seq, tap: { deny, code } }) => {
        const { issuer, account, serial } = code;
        return [seq, deny, denyIdHex(issuer, account, 0), denyIdHex(issuer, account, serial)];
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

function isGenuine(checked: Checked): checked is GenuineTap {
  return checked.kind === 'tap' && checked.verdict === 'open' && checked.problem === null;
}
