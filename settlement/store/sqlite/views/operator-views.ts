/** What an operator reads: gates with their gaps and alarms, records, what is parked, balances. */
import { countAlarms } from '../../../core/access/alarms.ts';
import type { GateKey } from '../../../core/logs/check-batch.ts';
import type {
  GateView,
  Load,
  ParkedView,
  ResolutionView,
  TapView,
  TrialBalance,
} from '../../views.ts';
import type { Connection } from '../connection.ts';

const PARKED_DISPOSITIONS =
  "'FARE_UNKNOWN', 'ACCOUNT_UNKNOWN', 'KEY_UNKNOWN', 'KEY_EXPIRED', 'PASS_NOT_ISSUED', 'UNREADABLE'";

function prepare(db: Connection['db']) {
  return {
    meta: db.prepare('SELECT value FROM meta WHERE key = ?').pluck(),
    gate: db.prepare('SELECT 1 FROM gate WHERE gate = ?').pluck(),
    gateKeys: db.prepare(
      `SELECT id, public_key AS publicKey, until_ms AS untilMs, revoked_at_ms AS revokedAtMs
       FROM gate_key WHERE gate = ? ORDER BY id DESC`,
    ),
    gates: db.prepare(
      `SELECT gate, scope, enrolled_at_ms AS enrolledAtMs, last_sync_ms AS lastSyncMs,
         trust_seen AS trustSeen, deny_seen AS denySeen, tariff_seen AS tariffSeen,
         deny_at_s AS denyAtS, lists_stage AS listsStage,
         root_generation AS rootGeneration, root_number AS rootNumber, root_floor AS rootFloor,
         (SELECT line FROM gate_line WHERE gate_line.gate = gate.gate
          ORDER BY number DESC LIMIT 1) AS line
       FROM gate ORDER BY gate`,
    ),
    epochs: db.prepare(
      'SELECT id, epoch, last_seq AS lastSeq FROM gate_epoch WHERE gate = ? ORDER BY id',
    ),
    oddCounts: db.prepare(
      `SELECT count(*) FILTER (WHERE why = 'OTHER_BYTES') AS conflicts,
              count(*) FILTER (WHERE why = 'FORK') AS forks,
              min(seq) FILTER (WHERE why = 'GAP') AS gapEnd
       FROM odd_line WHERE epoch_id = ?`,
    ),
    dispositions: db.prepare(
      `SELECT outcome AS disposition, count(*) AS count FROM record
       WHERE epoch_id = ? AND outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
       GROUP BY outcome`,
    ),
    // A partial index holds the records that have not ended well.
    parked: db.prepare(
      `SELECT gate, epoch, seq, why, odd_line.received_at_ms AS receivedAtMs, line, lower(hex(hash)) AS hash
         FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE why IN ('GAP', 'FORK', 'OTHER_BYTES')
       UNION ALL
       SELECT gate, epoch, seq, outcome, record.received_at_ms, line, lower(hex(hash))
         FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
         WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
           AND outcome IN (${PARKED_DISPOSITIONS})
       LIMIT ?`,
    ),
    resolutions: db.prepare(
      `SELECT number, gate, epoch, coalesce(odd_line.seq, record.seq) AS seq, how, resolution.why,
         by_name AS "by", note, resolution.at_ms AS atMs, resolution.use, resolution.line, fare_cents AS fareCents
       FROM resolution LEFT JOIN odd_line ON odd_line.id = resolution.odd_line
         LEFT JOIN record ON record.id = resolution.record
       JOIN gate_epoch ON gate_epoch.id = coalesce(odd_line.epoch_id, record.epoch_id)
       WHERE number > @after ORDER BY number LIMIT @limit`,
    ),
    // Riders' accounts in one row each kind; the others by name.
    balances: db.prepare(
      `SELECT iif(kind IN ('wallet', 'receivable'), kind || ':*', name) AS account,
         sum(debits_cents) AS debitsCents, sum(credits_cents) AS creditsCents
       FROM ledger_account GROUP BY 1 ORDER BY 1`,
    ),
    outbox: db.prepare(
      `SELECT kind, count(*) FILTER (WHERE failed IS NULL) AS waiting,
         count(*) FILTER (WHERE failed IS NOT NULL) AS failed,
         min(created_at_ms) AS oldestMs, min(failed_since_ms) AS failedSinceMs
       FROM outbox GROUP BY kind ORDER BY kind`,
    ),
    parkedCounts: db.prepare(
      `SELECT why, count(*) AS records FROM (
         SELECT why FROM odd_line WHERE why IN ('GAP', 'FORK', 'OTHER_BYTES')
         UNION ALL
         SELECT outcome FROM record
         WHERE outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')
           AND outcome IN (${PARKED_DISPOSITIONS}))
       GROUP BY why ORDER BY why`,
    ),
    unjudged: db.prepare('SELECT count(*) FROM unjudged').pluck(),
  };
}

type GateRow = Omit<GateView, 'epochs' | 'gaps' | 'alarms'>;
type EpochRow = { id: number; epoch: string; lastSeq: number };
type OddCounts = { conflicts: number; forks: number; gapEnd: number | null };
type DispositionCount = { disposition: string; count: number };
type ParkedRow = Omit<ParkedView, 'lineBase64'> & { line: Buffer };

export class OperatorViews {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #build: Connection['build'];
  readonly #all: Connection['all'];

  constructor({ db, build, all }: Connection) {
    this.#sql = prepare(db);
    this.#build = build;
    this.#all = all;
  }

  readMeta(key: string): string | undefined {
    return this.#sql.meta.get(key) as string | undefined;
  }

  findGateKeys(gate: string): GateKey[] | undefined {
    if (this.#sql.gate.get(gate) === undefined) return undefined;
    const keys = this.#sql.gateKeys.all(gate) as GateKey[];
    // Plain bytes: a Buffer's slice() shares its memory, which those who copy a key do not expect.
    return keys.map((key) => ({ ...key, publicKey: new Uint8Array(key.publicKey) }));
  }

  listGates(): GateView[] {
    return (this.#sql.gates.all() as GateRow[]).map((gate) => this.#withAlarms(gate));
  }

  #withAlarms(gate: GateRow): GateView {
    const epochs = this.#sql.epochs.all(gate.gate) as EpochRow[];
    const dispositions: DispositionCount[] = [];
    const gaps: GateView['gaps'][number][] = [];
    let [conflicts, forks] = [0, 0];
    for (const { id, epoch, lastSeq } of epochs) {
      const odd = this.#sql.oddCounts.get(id) as OddCounts;
      conflicts += odd.conflicts;
      forks += odd.forks;
      if (odd.gapEnd !== null) gaps.push({ epoch, fromSeq: lastSeq + 1, toSeq: odd.gapEnd - 1 });
      dispositions.push(...(this.#sql.dispositions.all(id) as DispositionCount[]));
    }
    return {
      ...gate,
      epochs: epochs.map(({ epoch, lastSeq }) => ({ epoch, lastSeq })),
      gaps,
      alarms: { conflicts, forks, ...countAlarms(dispositions) },
    };
  }

  listTaps({
    gate,
    after,
    limit,
  }: {
    gate: string | null;
    after: number;
    limit: number;
  }): TapView[] {
    const query = this.#build
      .selectFrom('record')
      .innerJoin('gate_epoch', 'gate_epoch.id', 'record.epoch_id')
      .select(['record.id', 'gate', 'epoch', 'seq', 'kind', 'verdict', 'ruling', 'reason', 'use'])
      .select(['gate_reason as gateReason', 'ride_line as line', 'at_ms as atMs', 'outcome'])
      .select(['ride_ms as rideMs', 'ride_ms_source as rideMsSource'])
      .select('received_at_ms as receivedAtMs')
      .where('record.id', '>', after)
      .orderBy('record.id')
      .limit(limit);
    return this.#all(gate === null ? query : query.where('gate', '=', gate));
  }

  listParked(limit: number): ParkedView[] {
    const rows = this.#sql.parked.all(limit) as ParkedRow[];
    return rows.map(({ line, ...row }) => ({ ...row, lineBase64: line.toString('base64') }));
  }

  listResolutions(page: { after: number; limit: number }): ResolutionView[] {
    return this.#sql.resolutions.all(page) as ResolutionView[];
  }

  readTrialBalance(): TrialBalance {
    const rows = this.#sql.balances.all() as TrialBalance['rows'];
    return {
      rows,
      debitsCents: rows.reduce((sum, row) => sum + row.debitsCents, 0),
      creditsCents: rows.reduce((sum, row) => sum + row.creditsCents, 0),
    };
  }

  readLoad(): Load {
    const { outbox, parkedCounts, unjudged } = this.#sql;
    return {
      outbox: outbox.all() as Load['outbox'],
      parked: parkedCounts.all() as Load['parked'],
      unjudged: unjudged.get() as number,
    };
  }
}
