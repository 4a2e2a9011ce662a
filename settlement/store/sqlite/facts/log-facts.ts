/** A gate's log as far as it is stored, and what the records of a part speak of. */
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import { type TrustList, trustListSchema } from '@stile/protocol/trust-list.ts';
import type { Checked, CheckedTap } from '../../../core/logs/check.ts';
import { useKey } from '../../../core/logs/code-use.ts';
import type { EarlierClaim, Limits, RulingFacts } from '../../../core/logs/rulings.ts';
import {
  type BatchPart,
  type CheckedRecord,
  type EpochRow,
  JOIN_RECORDS_MAX,
  type LogFacts,
  oddKey,
  type WaitingRow,
} from '../../../core/logs/take-part.ts';
import type { LogReader } from '../../database.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';

type GenuineTap = Extract<CheckedTap, { problem: null }>;
type Genuine = { seq: number; tap: GenuineTap };
type ClaimRow = Omit<EarlierClaim, 'voided'> & { use: string; voided: number };
type StoredRow = { seq: number; line: Uint8Array };
type WaitingLine = Omit<WaitingRow, 'bytes' | 'checked'> & { line: Uint8Array; checked: string };

/** Limits of a published version never change, so they are kept; this many versions of them. */
const LIMITS_KEPT_MAX = 1_000;

function prepare(db: Connection['db']) {
  return {
    epoch: db.prepare(
      'SELECT id, last_seq AS lastSeq, head FROM gate_epoch WHERE gate = ? AND epoch = ?',
    ),
    epochById: db.prepare(
      'SELECT gate, epoch, id, last_seq AS lastSeq, head FROM gate_epoch WHERE id = ?',
    ),
    stored: db.prepare('SELECT seq, line FROM record WHERE epoch_id = ? AND seq BETWEEN ? AND ?'),
    odd: db.prepare('SELECT seq, hash FROM odd_line WHERE epoch_id = ? AND seq BETWEEN ? AND ?'),
    waiting: db.prepare(
      `SELECT id, seq, prev, hash, line, checked, batch_id AS batchId FROM odd_line
       WHERE epoch_id = ? AND why = 'GAP' AND seq <= ? ORDER BY seq LIMIT ?`,
    ),
    // No row of these is ever removed, so ids count up without a gap.
    nextIds: db.prepare(
      `SELECT (SELECT coalesce(max(id), 0) + 1 FROM gate_epoch) AS epoch,
         (SELECT coalesce(max(id), 0) + 1 FROM batch) AS batch,
         (SELECT coalesce(max(id), 0) + 1 FROM record) AS record`,
    ),
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

export class LogFactReader implements LogReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #fares: FareReader;
  readonly #limits = new Map<number, Limits>();

  constructor({ db }: Connection, fares: FareReader) {
    this.#sql = prepare(db);
    this.#fares = fares;
  }

  log({ batch, records }: BatchPart): LogFacts {
    const { gate, epoch } = batch;
    const row = (this.#sql.epoch.get(gate, epoch) as EpochRow | undefined) ?? null;
    const from = records[0]?.seq ?? 0;
    const to = from + records.length - 1;
    return this.#factsOf({ gate, epoch, row }, { from, to });
  }

  logOf(epochId: number): LogFacts | null {
    type Row = EpochRow & { gate: string; epoch: string };
    const found = this.#sql.epochById.get(epochId) as Row | undefined;
    if (found === undefined) return null;
    const { gate, epoch, ...row } = found;
    return this.#factsOf({ gate, epoch, row }, { from: 0, to: 0 });
  }

  #factsOf(
    log: Pick<LogFacts, 'gate' | 'epoch' | 'row'>,
    { from, to }: { from: number; to: number },
  ): LogFacts {
    const id = log.row?.id ?? 0;
    const lastSeq = log.row?.lastSeq ?? 0;
    const known = from <= lastSeq ? (this.#sql.stored.all(id, from, to) as StoredRow[]) : [];
    const odd = this.#sql.odd.all(id, from, to) as { seq: number; hash: Uint8Array }[];
    const upTo = Math.max(lastSeq, to) + JOIN_RECORDS_MAX;
    const waiting = this.#sql.waiting.all(id, upTo, JOIN_RECORDS_MAX) as WaitingLine[];
    return {
      ...log,
      stored: new Map(known.map(({ seq, line }) => [seq, line])),
      oddKeys: new Set(odd.map(oddKey)),
      waiting: waiting.map(({ line, checked, ...row }) => ({
        ...row,
        bytes: line,
        checked: JSON.parse(checked) as Checked,
      })),
      nextIds: this.#sql.nextIds.get() as LogFacts['nextIds'],
    };
  }

  rulingFacts(
    of: { epochId: number; gate: string },
    records: readonly Pick<CheckedRecord, 'seq' | 'checked'>[],
  ): RulingFacts {
    const genuine = records.flatMap(({ seq, checked }): Genuine[] =>
      isGenuine(checked) ? [{ seq, tap: checked }] : [],
    );
    const usesBySeq = this.#usesBySeq(of.epochId, records);
    const uses = new Set([...usesBySeq.values(), ...genuine.map(({ tap }) => useKey(tap.code))]);
    const lines = new Set(genuine.map(({ tap }) => tap.line));
    return {
      limits: this.#limitsOf(new Set(genuine.map(({ tap }) => tap.trust))),
      passes: this.#passesOf(genuine),
      deniedAtGate: this.#deniedAmong(genuine),
      claims: this.#claimsOf([...uses]),
      usesBySeq,
      gateLines: this.#fares.gateLines(of.gate),
      lineFares: [...lines].flatMap((line) => this.#fares.lineFares(line)),
    };
  }

  #usesBySeq(
    epochId: number,
    records: readonly Pick<CheckedRecord, 'checked'>[],
  ): Map<number, string> {
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
      const known = this.#limits.get(version) ?? this.#readLimits(version);
      if (known !== undefined) limits.set(version, known);
    }
    return limits;
  }

  /** Undefined if that version was never published here. */
  #readLimits(version: number): Limits | undefined {
    const payload = this.#sql.trustList.get(version) as string | undefined;
    if (payload === undefined) return undefined;
    if (this.#limits.size >= LIMITS_KEPT_MAX) this.#limits.clear();
    const list: TrustList = trustListSchema.parse(JSON.parse(payload));
    this.#limits.set(version, list.limits);
    return list.limits;
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

function isGenuine(checked: Checked): checked is GenuineTap {
  return checked.kind === 'tap' && checked.verdict === 'open' && checked.problem === null;
}
