/** What an operator reads, on SQLite: gates with their gaps and alarms, taps, parked lines, balances. */

import type { GateView, ParkedView, TapView, TrialBalance } from '../port.ts';
import type { Connection } from './connection.ts';

export function createViews({ db, build, all }: Connection) {
  const gateRows = db.prepare(
    `SELECT gate, scope, enrolled_at_ms AS enrolledAtMs, last_sync_ms AS lastSyncMs,
       trust_seen AS trustSeen, deny_seen AS denySeen, tariff_seen AS tariffSeen,
       (SELECT line FROM gate_line WHERE gate_line.gate = gate.gate ORDER BY number DESC LIMIT 1) AS line
     FROM gate ORDER BY gate`,
  );
  const epochRows = db.prepare(
    'SELECT id, epoch, last_seq AS lastSeq FROM gate_epoch WHERE gate = ? ORDER BY id',
  );
  const oddCounts = db.prepare(
    `SELECT count(*) FILTER (WHERE why = 'OTHER_BYTES') AS conflicts,
            count(*) FILTER (WHERE why = 'FORK') AS forks,
            min(seq) FILTER (WHERE why = 'GAP') AS gapEnd
     FROM odd_line WHERE epoch_id = ?`,
  );
  const outcomeCounts = db.prepare(
    `SELECT outcome, count(*) AS n FROM record
     WHERE epoch_id = ? AND outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
     GROUP BY outcome`,
  );
  const parkedRows = db.prepare(
    `SELECT gate, epoch, seq, why, odd_line.received_at_ms AS receivedAtMs, line
       FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE why <> 'JOINED'
     UNION ALL
     SELECT gate, epoch, seq, outcome, record.received_at_ms, line
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
       WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
         AND outcome IN ('FARE_UNKNOWN', 'ACCOUNT_UNKNOWN', 'UNREADABLE')
     LIMIT ?`,
  );

  function withAlarms(gate: Omit<GateView, 'epochs' | 'gaps' | 'alarms'>): GateView {
    const epochs = epochRows.all(gate.gate) as { id: number; epoch: string; lastSeq: number }[];
    const alarms = {
      ...{ conflicts: 0, forks: 0, unreadable: 0, extraUses: 0, fareUnknown: 0, unpaid: 0 },
      rejected: 0,
    };
    const gaps: GateView['gaps'][number][] = [];
    for (const { id, epoch, lastSeq } of epochs) {
      const odd = oddCounts.get(id) as { conflicts: number; forks: number; gapEnd: number | null };
      alarms.conflicts += odd.conflicts;
      alarms.forks += odd.forks;
      if (odd.gapEnd !== null) gaps.push({ epoch, fromSeq: lastSeq + 1, toSeq: odd.gapEnd - 1 });
      for (const { outcome, n } of outcomeCounts.all(id) as { outcome: string; n: number }[]) {
        if (outcome === 'EXTRA_USE') alarms.extraUses += n;
        else if (outcome === 'FARE_UNKNOWN') alarms.fareUnknown += n;
        else if (outcome === 'UNREADABLE') alarms.unreadable += n;
        else if (outcome === 'UNPAID' || outcome === 'OTHER_FARE') alarms.unpaid += n;
        else if (outcome !== 'VOIDED') alarms.rejected += n;
      }
    }
    return { ...gate, epochs: epochs.map(({ id, ...epoch }) => epoch), gaps, alarms };
  }

  return {
    listGates: () => (gateRows.all() as Parameters<typeof withAlarms>[0][]).map(withAlarms),
    listTaps(gate: string | null, after: number, limit: number): TapView[] {
      const query = build
        .selectFrom('record')
        .innerJoin('gate_epoch', 'gate_epoch.id', 'record.epoch_id')
        .select(['record.id', 'gate', 'epoch', 'seq', 'kind', 'verdict', 'ruling', 'reason', 'use'])
        .select(['gate_reason as gateReason', 'ride_line as line', 'at_ms as atMs', 'outcome'])
        .select('received_at_ms as receivedAtMs')
        .where('record.id', '>', after)
        .orderBy('record.id')
        .limit(limit);
      return all(gate === null ? query : query.where('gate', '=', gate));
    },
    listParked(limit: number): ParkedView[] {
      const rows = parkedRows.all(limit) as (Omit<ParkedView, 'lineBase64'> & { line: Buffer })[];
      return rows.map(({ line, ...row }) => ({ ...row, lineBase64: line.toString('base64') }));
    },
    /** Riders' accounts in one row each kind; the others by name. */
    readTrialBalance(): TrialBalance {
      const rows = db
        .prepare(
          `SELECT iif(kind IN ('wallet', 'receivable'), kind || ':*', name) AS account,
             sum(debits_cents) AS debitsCents, sum(credits_cents) AS creditsCents
           FROM ledger_account GROUP BY 1 ORDER BY 1`,
        )
        .all() as TrialBalance['rows'];
      return {
        rows,
        debitsCents: rows.reduce((sum, row) => sum + row.debitsCents, 0),
        creditsCents: rows.reduce((sum, row) => sum + row.creditsCents, 0),
      };
    },
  };
}
