/** The taps' checks: nothing received is lost, and every opened tap has exactly one end. */

import type { Connection } from '../store/sqlite/connection.ts';
import type { AuditCheck } from './audit.ts';
import { check } from './ledger.ts';

const PARKED = `'FARE_UNKNOWN', 'ACCOUNT_UNKNOWN', 'UNREADABLE'`;

export function auditTaps({ db }: Connection): AuditCheck[] {
  const endless = db
    .prepare(
      `SELECT 'record ' || id FROM record WHERE kind = 'tap' AND verdict = 'open' AND (outcome IS NULL
         OR outcome = 'PENDING' OR outcome NOT IN ('CHARGED', 'EXTRA_USE', 'VOIDED') AND reason IS NULL
            AND outcome <> 'FARE_UNKNOWN')`,
    )
    .pluck()
    .all() as string[];
  const unpaired = db
    .prepare(
      `SELECT 'record ' || record.id FROM record LEFT JOIN charge ON charge.use = record.use
       WHERE outcome IS NOT NULL AND (outcome = 'CHARGED') <>
         (charge.record IS NOT NULL AND charge.record = record.id AND charge.state <> 'REFUNDED')`,
    )
    .pluck()
    .all() as string[];
  return [
    check('every opened tap ends in one charge or one reason', endless, endsOf({ db })),
    check('charges and charged taps belong together, one to one', unpaired, 'all'),
    checkStates({ db }),
    checkReceived({ db }),
  ];
}

function endsOf({ db }: Pick<Connection, 'db'>): string {
  const rows = db
    .prepare(
      `SELECT outcome, count(*) AS n FROM record WHERE kind = 'tap' AND verdict = 'open'
       GROUP BY outcome ORDER BY 2 DESC`,
    )
    .all() as { outcome: string; n: number }[];
  return rows.map(({ outcome, n }) => `${n} ${outcome}`).join(', ') || 'no tap yet';
}

/** No charge may be withheld or owed but directly behind VERIFYING. */
function checkStates({ db }: Pick<Connection, 'db'>): AuditCheck {
  const skipped = db
    .prepare(
      `SELECT use FROM (SELECT use, state, lag(state) OVER (PARTITION BY use ORDER BY number) AS before
         FROM charge_event) WHERE state IN ('WITHHELD', 'DEBT') AND before IS NOT 'VERIFYING'`,
    )
    .pluck()
    .all() as string[];
  return check('no charge skipped the verification of its account', skipped, 'none');
}

function checkReceived({ db }: Pick<Connection, 'db'>): AuditCheck {
  const of = (where: string, table = 'record') =>
    Number(db.prepare(`SELECT count(*) FROM ${table} WHERE ${where}`).pluck().get());
  const received = of('1');
  const ended = "kind IN ('tap', 'unreadable') AND outcome";
  const counts = {
    charged: of(`${ended} = 'CHARGED'`),
    pending: of(`${ended} = 'PENDING'`),
    parked: of(`${ended} IN (${PARKED})`),
    rejected: of(`${ended} NOT IN ('CHARGED', 'PENDING', 'VOIDED', ${PARKED})`),
    voided: of(`${ended} = 'VOIDED'`),
    refused: of("kind = 'tap' AND verdict = 'refuse'"),
    asks: of("kind = 'ask' AND use IS NOT NULL"),
    answers: of("kind = 'answer' AND (verdict = 'refuse' OR outcome IS NOT NULL)"),
    others: of("kind IN ('void', 'note')"),
  };
  const sum = Object.values(counts).reduce((total, n) => total + n, 0);
  const waiting = of("why <> 'JOINED'", 'odd_line');
  const parts = Object.entries(counts).map(([name, n]) => `${n} ${name}`);
  const detail = `${received} = ${parts.join(' + ')}; ${waiting} beside the logs`;
  return { name: 'every record received is accounted for', ok: sum === received, detail };
}
