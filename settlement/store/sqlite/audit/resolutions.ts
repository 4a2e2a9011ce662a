/** What the audit reads of persons' decisions about parked records, each with what it has to agree with. */

import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { AuditReader, ResolutionRow } from '../../../audit/port.ts';
import { accountOfUse } from '../../../core/logs/code-use.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { Connection } from '../connection.ts';
import { RESOLUTIONS } from '../seals.ts';
import { mappedRowsOf } from './pages.ts';

type Stored = Pick<
  ResolutionRow,
  | 'number'
  | 'oddLine'
  | 'record'
  | 'how'
  | 'why'
  | 'by'
  | 'note'
  | 'atMs'
  | 'use'
  | 'line'
  | 'rideMs'
  | 'ceilingCents'
  | 'fareCents'
  | 'tariffVersion'
  | 'adoptedRecord'
>;
type StoredParked = Omit<NonNullable<ResolutionRow['parked']>, 'isVoided'> & { isVoided: number };

function prepare(db: Connection['db']) {
  return {
    odd: db.prepare(
      `SELECT gate, epoch_id AS epochId, seq, line AS bytes, odd_line.hash, why AS "end", NULL AS rideMs,
         checked ->> '$.code.ceilingCents' AS ceilingCents, received_at_ms AS receivedAtMs,
         EXISTS (SELECT 1 FROM odd_line AS taken
           WHERE taken.epoch_id = odd_line.epoch_id AND taken.seq > odd_line.seq
             AND taken.checked ->> '$.kind' = 'void' AND taken.checked ->> '$.of' = odd_line.seq) AS isVoided
       FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE odd_line.id = ?`,
    ),
    record: db.prepare(
      `SELECT gate, epoch_id AS epochId, seq, line AS bytes, record.hash, outcome AS "end",
         ride_ms AS rideMs, ceiling_cents AS ceilingCents, received_at_ms AS receivedAtMs,
         EXISTS (SELECT 1 FROM record AS taken WHERE taken.epoch_id IN ${LOGS_THAT_NAME}
           AND taken.of_seq = record.seq AND taken.kind = 'void') AS isVoided
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE record.id = ?`,
    ),
    adopted: db.prepare(
      `SELECT seq, line AS bytes, record.hash, branch_of AS branchOf
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE record.id = ?`,
    ),
    posting: db.prepare(
      `SELECT id, debit, credit, amount_cents AS amountCents, code FROM transfer WHERE id = ?`,
    ),
    others: db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM record WHERE use = @use AND kind = 'tap' AND id <> @record)`,
      )
      .pluck(),
    second: db
      .prepare(
        `SELECT EXISTS (SELECT 1 FROM resolution
           WHERE use = @use AND fare_cents IS NOT NULL AND number < @number)`,
      )
      .pluck(),
    charged: db
      .prepare(`SELECT EXISTS (SELECT 1 FROM charge WHERE use = ? AND state <> 'REFUNDED')`)
      .pluck(),
    gateLines: db.prepare(
      'SELECT line, from_ms AS fromMs FROM gate_line WHERE gate = ? AND from_ms <= ? ORDER BY number',
    ),
    lineFares: db.prepare(
      `SELECT line, fare_cents AS fareCents, from_s AS fromS FROM tariff_line
       WHERE line = ? AND version <= ? ORDER BY version`,
    ),
    issues: db.prepare(
      `SELECT issuer, key_id AS keyId, issued_at_s AS issuedAtS, expires_at_s AS expiresAtS
       FROM pass_issue WHERE account = ? ORDER BY number`,
    ),
  };
}

/** Fares and lines as they were set when it was decided. */
export function readResolutions({ db }: Connection): Pick<AuditReader, 'resolutions'> {
  const sql = prepare(db);
  const parkedOf = ({ oddLine, record }: Stored): ResolutionRow['parked'] => {
    const found = oddLine === null ? sql.record.get(record) : sql.odd.get(oddLine);
    if (found === undefined) return null;
    const parked = found as StoredParked;
    return { ...parked, isVoided: parked.isVoided === 1 };
  };
  const toRow = (stored: Stored): ResolutionRow => {
    const parked = parkedOf(stored);
    const { number, use, adoptedRecord, atMs, line, tariffVersion } = stored;
    const gateLines = sql.gateLines.all(parked?.gate ?? '', atMs);
    const adopted = adoptedRecord === null ? undefined : sql.adopted.get(adoptedRecord);
    const posting = sql.posting.get(`writeOff:${number}:loss`);
    const record = stored.record ?? 0;
    return {
      ...stored,
      parked,
      gateLines: gateLines as GateLine[],
      lineFares: sql.lineFares.all(line, tariffVersion) as LineFare[],
      adopted: (adopted as ResolutionRow['adopted'] | undefined) ?? null,
      posting: (posting as ResolutionRow['posting'] | undefined) ?? null,
      isClaimedElsewhere: sql.others.get({ use, record }) === 1,
      isSecond: sql.second.get({ use, number }) === 1,
      isCharged: sql.charged.get(use) === 1,
      issues: sql.issues.all(accountOfUse(use ?? '')) as ResolutionRow['issues'],
    };
  };
  return {
    resolutions: () => mappedRowsOf(db, { sql: `${RESOLUTIONS} ORDER BY number`, toRow }),
  };
}
