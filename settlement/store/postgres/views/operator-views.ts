/** What an operator reads on PostgreSQL: gates with their gaps and alarms, records, what is parked, balances. */
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
import type { Session } from '../session.ts';

const META = 'SELECT value FROM meta WHERE key = $1';

/** A gate without a key has one row, of nulls. */
const GATE_KEYS = `
  SELECT id, public_key AS "publicKey", until_ms AS "untilMs", revoked_at_ms AS "revokedAtMs"
  FROM gate LEFT JOIN gate_key ON gate_key.gate = gate.gate
  WHERE gate.gate = $1 ORDER BY id DESC`;

const GATES = `
  SELECT gate, scope, enrolled_at_ms AS "enrolledAtMs", last_sync_ms AS "lastSyncMs",
    trust_seen AS "trustSeen", deny_seen AS "denySeen", tariff_seen AS "tariffSeen",
    deny_at_s AS "denyAtS", lists_stage AS "listsStage",
    root_generation AS "rootGeneration", root_number AS "rootNumber", root_floor AS "rootFloor",
    (SELECT line FROM gate_line WHERE gate_line.gate = gate.gate
     ORDER BY number DESC LIMIT 1) AS line
  FROM gate ORDER BY gate`;

/** Of all gates; where an epoch ends and what lies behind its end are of one instant. */
const EPOCHS = `
  SELECT gate, epoch, last_seq AS "lastSeq", conflicts, forks, "gapEnd"
  FROM gate_epoch LEFT JOIN (
    SELECT epoch_id, count(*) FILTER (WHERE why = 'OTHER_BYTES') AS conflicts,
      count(*) FILTER (WHERE why = 'FORK') AS forks,
      min(seq) FILTER (WHERE why = 'GAP') AS "gapEnd"
    FROM odd_line GROUP BY epoch_id) AS odd ON odd.epoch_id = gate_epoch.id
  ORDER BY gate, id`;

// The partial index holds the records that have not ended well.
const ENDED_BADLY = `outcome IS NOT NULL AND outcome NOT IN ('CHARGED', 'PENDING', 'PAID')`;
const DISPOSITIONS = `
  SELECT gate_epoch.gate, outcome AS disposition, count(*) AS count
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE ${ENDED_BADLY} GROUP BY gate_epoch.gate, outcome ORDER BY gate_epoch.gate, outcome`;

const TAPS = `
  SELECT record.id, gate_epoch.gate, epoch, seq, kind, verdict, ruling, reason, use,
    gate_reason AS "gateReason", ride_line AS line, at_ms AS "atMs", outcome,
    ride_ms AS "rideMs", ride_ms_source AS "rideMsSource", received_at_ms AS "receivedAtMs"
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE record.id > $1`;

const PARKED_DISPOSITIONS =
  "'FARE_UNKNOWN', 'ACCOUNT_UNKNOWN', 'KEY_UNKNOWN', 'KEY_EXPIRED', 'PASS_NOT_ISSUED', 'UNREADABLE'";
const PARKED = `
  (SELECT gate_epoch.gate, epoch, seq, why, odd_line.received_at_ms AS "receivedAtMs", line AS bytes,
    encode(hash, 'hex') AS hash
  FROM odd_line JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE why IN ('GAP', 'FORK', 'OTHER_BYTES') ORDER BY odd_line.id LIMIT $1)
  UNION ALL
  (SELECT gate_epoch.gate, epoch, seq, outcome, record.received_at_ms, line, encode(hash, 'hex')
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE ${ENDED_BADLY}
    AND outcome IN (${PARKED_DISPOSITIONS})
  ORDER BY record.id LIMIT $1)
  LIMIT $1`;

const RESOLUTIONS = `
  SELECT number, gate_epoch.gate, epoch, coalesce(odd_line.seq, record.seq) AS seq, how, resolution.why,
    by_name AS "by", note, resolution.at_ms AS "atMs", resolution.use, resolution.line,
    fare_cents AS "fareCents"
  FROM resolution LEFT JOIN odd_line ON odd_line.id = resolution.odd_line
    LEFT JOIN record ON record.id = resolution.record
  JOIN gate_epoch ON gate_epoch.id = coalesce(odd_line.epoch_id, record.epoch_id)
  WHERE number > $1 ORDER BY number LIMIT $2`;

/** Riders' accounts in one row each kind; the others by name, each the sum of its parts. */
const BALANCES = `
  SELECT CASE WHEN kind IN ('wallet', 'receivable') THEN kind || ':*' ELSE name END AS account,
    sum(debits_cents)::bigint AS "debitsCents", sum(credits_cents)::bigint AS "creditsCents"
  FROM ledger_account GROUP BY 1 ORDER BY 1`;

const OUTBOX = `
  SELECT kind, count(*) FILTER (WHERE failed IS NULL) AS waiting,
    count(*) FILTER (WHERE failed IS NOT NULL) AS failed,
    min(created_at_ms) AS "oldestMs", min(failed_since_ms) AS "failedSinceMs"
  FROM outbox GROUP BY kind ORDER BY kind`;
const PARKED_COUNTS = `
  SELECT why, count(*) AS records FROM (
    SELECT why FROM odd_line WHERE why IN ('GAP', 'FORK', 'OTHER_BYTES')
    UNION ALL
    SELECT outcome FROM record WHERE ${ENDED_BADLY} AND outcome IN (${PARKED_DISPOSITIONS})
  ) AS parked GROUP BY why ORDER BY why`;
const UNJUDGED = 'SELECT count(*) AS count FROM unjudged';

type GateRow = Omit<GateView, 'epochs' | 'gaps' | 'alarms'>;
type EpochRow = {
  gate: string;
  epoch: string;
  lastSeq: number;
  conflicts: number | null;
  forks: number | null;
  gapEnd: number | null;
};
type DispositionRow = { gate: string; disposition: string; count: number };
type ParkedRow = Omit<ParkedView, 'lineBase64'> & { bytes: Uint8Array };

export class OperatorViews {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async readMeta(key: string): Promise<string | undefined> {
    return (await this.#session.first<{ value: string }>(META, [key]))?.value;
  }

  async findGateKeys(gate: string): Promise<GateKey[] | undefined> {
    type Row = GateKey | { id: null };
    const rows = await this.#session.all<Row>(GATE_KEYS, [gate]);
    return rows.length === 0 ? undefined : rows.filter((row) => row.id !== null);
  }

  async listGates(): Promise<GateView[]> {
    const gates = await this.#session.all<GateRow>(GATES);
    const epochs = Map.groupBy(await this.#session.all<EpochRow>(EPOCHS), ({ gate }) => gate);
    const ends = await this.#session.all<DispositionRow>(DISPOSITIONS);
    const dispositions = Map.groupBy(ends, ({ gate }) => gate);
    return gates.map((row) => ({
      ...row,
      ...epochViews(epochs.get(row.gate) ?? [], dispositions.get(row.gate) ?? []),
    }));
  }

  async listTaps(page: { gate: string | null; after: number; limit: number }): Promise<TapView[]> {
    const { gate, after, limit } = page;
    const end = 'ORDER BY record.id LIMIT $2';
    if (gate === null) return await this.#session.all<TapView>(`${TAPS} ${end}`, [after, limit]);
    const ofGate = `${TAPS} AND gate_epoch.gate = $3 ${end}`;
    return await this.#session.all<TapView>(ofGate, [after, limit, gate]);
  }

  async listParked(limit: number): Promise<ParkedView[]> {
    const rows = await this.#session.all<ParkedRow>(PARKED, [limit]);
    return rows.map(({ bytes, ...row }) => {
      return { ...row, lineBase64: Buffer.from(bytes).toString('base64') };
    });
  }

  async listResolutions(page: { after: number; limit: number }): Promise<ResolutionView[]> {
    return await this.#session.all<ResolutionView>(RESOLUTIONS, [page.after, page.limit]);
  }

  async readTrialBalance(): Promise<TrialBalance> {
    const rows = await this.#session.all<TrialBalance['rows'][number]>(BALANCES);
    return {
      rows,
      debitsCents: rows.reduce((sum, row) => sum + row.debitsCents, 0),
      creditsCents: rows.reduce((sum, row) => sum + row.creditsCents, 0),
    };
  }

  async readLoad(): Promise<Load> {
    const outbox = await this.#session.all<Load['outbox'][number]>(OUTBOX);
    const parked = await this.#session.all<Load['parked'][number]>(PARKED_COUNTS);
    const unjudged = await this.#session.first<{ count: number }>(UNJUDGED);
    return { outbox, parked, unjudged: unjudged?.count ?? 0 };
  }
}

function epochViews(
  epochs: readonly EpochRow[],
  dispositions: readonly DispositionRow[],
): Pick<GateView, 'epochs' | 'gaps' | 'alarms'> {
  const gaps: GateView['gaps'][number][] = [];
  let [conflicts, forks] = [0, 0];
  for (const row of epochs) {
    conflicts += row.conflicts ?? 0;
    forks += row.forks ?? 0;
    const { epoch, lastSeq, gapEnd } = row;
    if (gapEnd !== null) gaps.push({ epoch, fromSeq: lastSeq + 1, toSeq: gapEnd - 1 });
  }
  return {
    epochs: epochs.map(({ epoch, lastSeq }) => ({ epoch, lastSeq })),
    gaps,
    alarms: { conflicts, forks, ...countAlarms(dispositions) },
  };
}
