/** What the audit reads of persons' decisions about parked records, each with what it has to agree with. */
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { AuditReader, ResolutionRow } from '../../../audit/port.ts';
import type { PassIssue } from '../../../core/access/rider-changes.ts';
import { accountOfUse } from '../../../core/logs/code-use.ts';
import type { SealedResolution } from '../../../core/money/book-seal.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import { LOGS_THAT_NAME } from '../../named-record.ts';
import type { Session } from '../session.ts';
import { mappedRowsOf } from './pages.ts';

/** Every column, as each is sealed. */
const RESOLUTIONS = `
  SELECT number, odd_line AS "oddLine", record, how, why, by_name AS "by", note, at_ms AS "atMs", use, line,
    ride_ms AS "rideMs", ceiling_cents AS "ceilingCents", fare_cents AS "fareCents",
    tariff_version AS "tariffVersion", adopted_record AS "adoptedRecord"
  FROM resolution ORDER BY number`;
/** By where they stand in the arrays, as all that follow. */
const ODD_LINES = `
  SELECT of.at, gate_epoch.gate, epoch_id AS "epochId", seq, line AS bytes, odd_line.hash, why AS "end",
    NULL::bigint AS "rideMs", (checked::jsonb #>> '{code,ceilingCents}')::bigint AS "ceilingCents",
    received_at_ms AS "receivedAtMs",
    EXISTS (SELECT 1 FROM odd_line AS taken
      WHERE taken.epoch_id = odd_line.epoch_id AND taken.seq > odd_line.seq
        AND taken.checked::jsonb ->> 'kind' = 'void'
        AND (taken.checked::jsonb ->> 'of')::bigint = odd_line.seq) AS "isVoided"
  FROM unnest($1::int[], $2::bigint[]) AS of (at, id) JOIN odd_line ON odd_line.id = of.id
    JOIN gate_epoch ON gate_epoch.id = epoch_id`;
const RECORDS = `
  SELECT of.at, gate_epoch.gate, epoch_id AS "epochId", seq, line AS bytes, record.hash, outcome AS "end",
    ride_ms AS "rideMs", ceiling_cents AS "ceilingCents", received_at_ms AS "receivedAtMs",
    EXISTS (SELECT 1 FROM record AS taken WHERE taken.epoch_id IN ${LOGS_THAT_NAME}
      AND taken.of_seq = record.seq AND taken.kind = 'void') AS "isVoided"
  FROM unnest($1::int[], $2::bigint[]) AS of (at, id) JOIN record ON record.id = of.id
    JOIN gate_epoch ON gate_epoch.id = epoch_id`;
const ADOPTED = `
  SELECT of.at, seq, line AS bytes, record.hash, branch_of AS "branchOf"
  FROM unnest($1::int[], $2::bigint[]) AS of (at, id) JOIN record ON record.id = of.id
    JOIN gate_epoch ON gate_epoch.id = epoch_id`;
const POSTINGS = `
  SELECT of.at, transfer.id, debit, credit, amount_cents AS "amountCents", code
  FROM unnest($1::int[], $2::bigint[]) AS of (at, number)
    JOIN transfer ON transfer.id = 'writeOff:' || of.number || ':loss'`;
const STANDINGS = `
  SELECT of.at,
    EXISTS (SELECT 1 FROM record WHERE use = of.use AND kind = 'tap' AND id <> of.record) AS "isClaimedElsewhere",
    EXISTS (SELECT 1 FROM resolution
      WHERE use = of.use AND fare_cents IS NOT NULL AND number < of.number) AS "isSecond",
    EXISTS (SELECT 1 FROM charge WHERE use = of.use AND state <> 'REFUNDED') AS "isCharged"
  FROM unnest($1::int[], $2::text[], $3::bigint[], $4::bigint[]) AS of (at, use, record, number)`;
const GATE_LINES = `
  SELECT of.at, line, from_ms AS "fromMs"
  FROM unnest($1::int[], $2::text[], $3::bigint[]) AS of (at, gate, at_ms)
    JOIN gate_line ON gate_line.gate = of.gate AND from_ms <= of.at_ms ORDER BY of.at, gate_line.number`;
const LINE_FARES = `
  SELECT of.at, tariff_line.line, fare_cents AS "fareCents", from_s AS "fromS"
  FROM unnest($1::int[], $2::text[], $3::bigint[]) AS of (at, line, version)
    JOIN tariff_line ON tariff_line.line = of.line AND tariff_line.version <= of.version
  ORDER BY of.at, tariff_line.version`;
const ISSUES = `
  SELECT of.at, issuer, key_id AS "keyId", issued_at_s AS "issuedAtS", expires_at_s AS "expiresAtS"
  FROM unnest($1::int[], $2::text[]) AS of (at, account)
    JOIN pass_issue ON pass_issue.account = of.account ORDER BY of.at, pass_issue.number`;

type At<Row> = Row & { at: number };
type Parked = NonNullable<ResolutionRow['parked']>;
type Adopted = NonNullable<ResolutionRow['adopted']>;
type Posting = NonNullable<ResolutionRow['posting']>;
type Standing = Pick<ResolutionRow, 'isClaimedElsewhere' | 'isSecond' | 'isCharged'>;

/** Fares and lines as they were set when it was decided. */
export function readResolutions(session: Session): Pick<AuditReader, 'resolutions'> {
  return {
    resolutions: () =>
      mappedRowsOf<SealedResolution, ResolutionRow>(session, {
        sql: RESOLUTIONS,
        toRows: (page) => new Page(session, page).rows(),
      }),
  };
}

/** Decisions of one page, all that is looked up for them in a few statements. */
class Page {
  readonly #session: Session;
  readonly #decided: readonly SealedResolution[];

  constructor(session: Session, decided: readonly SealedResolution[]) {
    this.#session = session;
    this.#decided = decided;
  }

  async rows(): Promise<ResolutionRow[]> {
    const decided = this.#decided;
    const odd = await this.#one<Parked>(ODD_LINES, [decided.map(({ oddLine }) => oddLine)]);
    const records = await this.#one<Parked>(RECORDS, [decided.map(({ record }) => record)]);
    const parked = decided.map(({ oddLine }, at) => (oddLine === null ? records : odd).get(at));
    const adoptedIds = decided.map(({ adoptedRecord }) => adoptedRecord);
    const adopted = await this.#one<Adopted>(ADOPTED, [adoptedIds]);
    const postings = await this.#one<Posting>(POSTINGS, [decided.map(({ number }) => number)]);
    const standings = await this.#one<Standing>(STANDINGS, [
      decided.map(({ use }) => use),
      decided.map(({ record }) => record ?? 0),
      decided.map(({ number }) => number),
    ]);
    const gateLines = await this.#many<GateLine>(GATE_LINES, [
      parked.map((one) => one?.gate ?? null),
      decided.map(({ atMs }) => atMs),
    ]);
    const lineFares = await this.#many<LineFare>(LINE_FARES, [
      decided.map(({ line }) => line),
      decided.map(({ tariffVersion }) => tariffVersion),
    ]);
    const accounts = decided.map(({ use }) => accountOfUse(use ?? ''));
    const issues = await this.#many<PassIssue>(ISSUES, [accounts]);
    const nowhere = { isClaimedElsewhere: false, isSecond: false, isCharged: false };
    return decided.map((resolution, at) => ({
      ...resolution,
      ...(standings.get(at) ?? nowhere),
      parked: parked[at] ?? null,
      adopted: adopted.get(at) ?? null,
      posting: postings.get(at) ?? null,
      gateLines: gateLines.get(at) ?? [],
      lineFares: lineFares.get(at) ?? [],
      issues: issues.get(at) ?? [],
    }));
  }

  async #one<Row>(
    sql: string,
    columns: readonly (readonly unknown[])[],
  ): Promise<Map<number, Row>> {
    const many = await this.#many<Row>(sql, columns);
    return new Map([...many].flatMap(([at, [row]]) => (row === undefined ? [] : [[at, row]])));
  }

  async #many<Row>(
    sql: string,
    columns: readonly (readonly unknown[])[],
  ): Promise<Map<number, Row[]>> {
    const places = this.#decided.map((_, at) => at);
    const found = await this.#session.all<At<Row>>(sql, [places, ...columns]);
    const byPlace = new Map<number, Row[]>();
    for (const { at, ...row } of found) {
      const rows = byPlace.get(at) ?? [];
      rows.push(row as Row);
      byPlace.set(at, rows);
    }
    return byPlace;
  }
}
