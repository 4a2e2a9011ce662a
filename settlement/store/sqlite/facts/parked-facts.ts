/** Parked records, what was decided about them before, and what deciding anew has to know. */

import { completeContent, type RecordContent } from '../../../core/logs/check-record.ts';
import type { EpochRow } from '../../../core/logs/placement.ts';
import type { ClockAnchor } from '../../../core/logs/ride-time.ts';
import type { AdoptFacts } from '../../../core/parked/adopt.ts';
import { PARKED_WHYS, type StoredParked } from '../../../core/parked/parked-record.ts';
import type { ResolutionHow, Subject } from '../../../core/parked/resolution-changes.ts';
import type { WriteOffFacts } from '../../../core/parked/write-off.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { EarlierWord, EpochQuery, ParkedQuery } from '../../views.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';

/** The records that have not ended well are in a partial index, whose condition this repeats. */
const RECORD_PARKED = `outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
  AND outcome IN (SELECT value FROM json_each(@whys))`;
const ODD_PARKED = 'why IN (SELECT value FROM json_each(@whys))';
const OF_EPOCH = '(SELECT id FROM gate_epoch WHERE gate = @gate AND epoch = @epoch)';

function prepare(db: Connection['db']) {
  return {
    from: db.prepare(
      `SELECT 'odd' AS kind, id, seq FROM odd_line
         WHERE epoch_id = ${OF_EPOCH} AND seq >= @fromSeq AND ${ODD_PARKED}
       UNION ALL SELECT 'record', id, seq FROM record
         WHERE epoch_id = ${OF_EPOCH} AND seq >= @fromSeq AND ${RECORD_PARKED}
       ORDER BY seq, kind, id LIMIT @limit`,
    ),
    // Also what was resolved: the same once more is nothing new, and another way is refused by name.
    at: db.prepare(
      `SELECT 'odd' AS kind, id, seq FROM odd_line
         WHERE epoch_id = ${OF_EPOCH} AND seq = @seq AND why <> 'JOINED'
           AND hash = coalesce(@hash, hash)
       UNION ALL SELECT 'record', id, seq FROM record
         WHERE epoch_id = ${OF_EPOCH} AND seq = @seq AND hash = coalesce(@hash, hash)
           AND (outcome IN (SELECT value FROM json_each(@whys))
             OR EXISTS (SELECT 1 FROM resolution WHERE resolution.record = record.id))
       ORDER BY kind, id LIMIT @limit`,
    ),
    earlierWords: db.prepare(
      `SELECT how, count(*) AS records FROM (
         SELECT how FROM odd_line JOIN resolution ON resolution.odd_line = odd_line.id
           WHERE epoch_id = ${OF_EPOCH} AND seq = coalesce(@seq, seq) AND hash = coalesce(@hash, hash)
         UNION ALL SELECT how FROM record JOIN resolution ON resolution.record = record.id
           WHERE epoch_id = ${OF_EPOCH} AND seq = coalesce(@seq, seq) AND hash = coalesce(@hash, hash))
       GROUP BY how ORDER BY how`,
    ),
    odd: db.prepare(
      `SELECT epoch_id AS epochId, gate, epoch, seq, batch_id AS batchId, line AS bytes, prev, hash, checked,
         received_at_ms AS receivedAtMs, why, EXISTS (SELECT 1 FROM odd_line AS taken
           WHERE taken.epoch_id = odd_line.epoch_id AND taken.seq > odd_line.seq
             AND taken.checked ->> '$.kind' = 'void' AND taken.checked ->> '$.of' = odd_line.seq) AS isVoided,
         (SELECT json_group_array(how) FROM resolution
           WHERE resolution.odd_line = odd_line.id) AS before
       FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE odd_line.id = ?`,
    ),
    record: db.prepare(
      `SELECT epoch_id AS epochId, gate, epoch, seq, batch_id AS batchId, line AS bytes, NULL AS prev, hash,
         received_at_ms AS receivedAtMs, coalesce(outcome, '') AS why, ride_ms AS rideMs,
         ceiling_cents AS ceilingCents, EXISTS (SELECT 1 FROM record AS taken
           WHERE taken.epoch_id IN ${LOGS_THAT_NAME} AND taken.of_seq = record.seq
             AND taken.kind = 'void') AS isVoided,
         (SELECT json_group_array(how) FROM resolution WHERE resolution.record = record.id) AS before
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE record.id = ?`,
    ),
    nextNumber: db.prepare('SELECT coalesce(max(number), 0) + 1 FROM resolution').pluck(),
    isClaimed: db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM record WHERE use = @use AND kind = 'tap' AND id <> @record
             AND coalesce(outcome, '') NOT IN ('VOIDED', 'STALE_CODE'))
           OR EXISTS (SELECT 1 FROM resolution WHERE use = @use AND fare_cents IS NOT NULL)`,
      )
      .pluck(),
    tariffVersion: db.prepare('SELECT coalesce(max(version), 0) FROM tariff_line').pluck(),
    branch: db.prepare(
      `SELECT id, epoch, last_seq AS lastSeq, head, gate_key_id AS gateKeyId, clock_anchor AS anchor
       FROM gate_epoch WHERE branch_of = @epochId AND last_seq = @seq - 1 AND head = @prev`,
    ),
    branches: db.prepare('SELECT count(*) FROM gate_epoch WHERE branch_of = ?').pluck(),
    earlier: db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM odd_line
           WHERE epoch_id = @epochId AND seq = @seq - 1 AND hash = @prev AND ${ODD_PARKED})`,
      )
      .pluck(),
    nextIds: db.prepare(
      `SELECT (SELECT coalesce(max(id), 0) + 1 FROM gate_epoch) AS epoch,
         (SELECT coalesce(max(id), 0) + 1 FROM record) AS record`,
    ),
    identity: db.prepare(
      `SELECT EXISTS (SELECT 1 FROM account WHERE account = ?) AS isAccountKnown,
         EXISTS (SELECT 1 FROM pass WHERE public_key = ?) AS isKeyTaken`,
    ),
  };
}

const whys = JSON.stringify(PARKED_WHYS);

type Plain = Omit<
  StoredParked,
  'subject' | 'content' | 'isVoided' | 'before' | 'rideMs' | 'ceilingCents'
> & { isVoided: number; before: string };
type OddRow = Plain & { checked: string };
type RecordRow = Plain & Pick<StoredParked, 'rideMs' | 'ceilingCents'>;
type BranchRow = Omit<EpochRow, 'anchor'> & { epoch: string; anchor: string | null };

export class ParkedReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #fares: FareReader;

  constructor({ db }: Connection, fares: FareReader) {
    this.#sql = prepare(db);
    this.#fares = fares;
  }

  /** In order of seq; those from one on that are parked, or all at one that are or were. */
  find({ gate, epoch, fromSeq, seq, hash, limit }: ParkedQuery): (Subject & { seq: number })[] {
    const of = { gate, epoch, whys, limit };
    const rows =
      seq === null
        ? this.#sql.from.all({ ...of, fromSeq })
        : this.#sql.at.all({ ...of, seq, hash });
    return rows as (Subject & { seq: number })[];
  }

  /** Of all that was parked there, also what has gone into its log since. */
  earlierWords({ gate, epoch, seq, hash }: EpochQuery): EarlierWord[] {
    return this.#sql.earlierWords.all({ gate, epoch, seq, hash }) as EarlierWord[];
  }

  record(subject: Subject): StoredParked {
    if (subject.kind === 'record') {
      const row = this.#sql.record.get(subject.id) as RecordRow;
      return { ...row, ...plainOf(row), subject, content: null };
    }
    const { checked, ...row } = this.#sql.odd.get(subject.id) as OddRow;
    const content = completeContent(JSON.parse(checked) as RecordContent, row);
    const ceilingCents = 'code' in content ? (content.code.ceilingCents ?? null) : null;
    return { ...row, ...plainOf(row), subject, content, rideMs: null, ceilingCents };
  }

  nextNumber(): number {
    return this.#sql.nextNumber.get() as number;
  }

  /** `record` 0: it is in no log. */
  writeOff(of: { gate: string; line: string; use: string; record: number }): WriteOffFacts {
    const { gate, line, use, record } = of;
    return {
      isClaimed: this.#sql.isClaimed.get({ use, record }) === 1,
      gateLines: this.#fares.gateLines(gate),
      lineFares: this.#fares.lineFares(line),
      tariffVersion: this.#sql.tariffVersion.get() as number,
    };
  }

  branch(of: {
    epochId: number;
    seq: number;
    prev: Uint8Array;
  }): Omit<AdoptFacts, 'rulings' | 'limitsNow'> {
    const found = this.#sql.branch.get(of) as BranchRow | undefined;
    const anchor = found?.anchor ? (JSON.parse(found.anchor) as ClockAnchor) : null;
    return {
      branch: found === undefined ? null : { ...found, anchor },
      branches: this.#sql.branches.get(of.epochId) as number,
      isEarlierParked: this.#sql.earlier.get({ ...of, whys }) === 1,
      nextIds: this.#sql.nextIds.get() as AdoptFacts['nextIds'],
    };
  }

  identity(of: { account: string; publicKey: string }): {
    isAccountKnown: boolean;
    isKeyTaken: boolean;
  } {
    type Row = { isAccountKnown: number; isKeyTaken: number };
    const row = this.#sql.identity.get(of.account, of.publicKey) as Row;
    return { isAccountKnown: row.isAccountKnown === 1, isKeyTaken: row.isKeyTaken === 1 };
  }
}

function plainOf({ isVoided, before }: Plain): Pick<StoredParked, 'isVoided' | 'before'> {
  return { isVoided: isVoided === 1, before: JSON.parse(before) as ResolutionHow[] };
}
