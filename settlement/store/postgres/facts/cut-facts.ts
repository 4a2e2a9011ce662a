/** The oldest of what is kept for a time only, and what was cut of it so far. */
import type { CutKind, CutTotal } from '../../../core/retention/cut-changes.ts';
import {
  type CutBounds,
  type CutFacts,
  NOTHING_CUT,
  type OldPayment,
} from '../../../core/retention/cuts.ts';
import { ROWS_OF_SLOT } from '../ids.ts';
import { lock } from '../locks.ts';
import type { Session } from '../session.ts';
import { APPROVAL } from './recovery-facts.ts';

type Rows<Kind extends CutKind> = Extract<CutFacts, { kind: Kind }>['rows'][number];

const TOTAL = 'SELECT rows, link FROM cut WHERE kind = $1';
const TRUST_LISTS = `SELECT version, list_sha256 AS "listSha256"
  FROM trust_list JOIN list_rules USING (version)
  WHERE version <= (SELECT version FROM trust_list ORDER BY version DESC LIMIT 1 OFFSET $1)
  ORDER BY version LIMIT $2`;
const LAST_TRUST_LIST = 'SELECT coalesce(max(version), 0) AS number FROM trust_list';
const PAYMENTS = `SELECT id, payee, key, reason, at_ms AS "atMs", request_hash AS "requestHash", way,
    account, serial, handle, line, note, order_id AS "order", amount_cents AS "amountCents"
  FROM payment WHERE outcome = 'REFUSED' AND at_ms < $1 ORDER BY at_ms, id LIMIT $2`;
const DENY_VERSIONS = `SELECT version, count, set_digest AS "setDigest", made_at_ms AS "madeAtMs"
  FROM deny_version ORDER BY version LIMIT $1`;
const OLDEST_DENY_VERSION = 'SELECT coalesce(min(version), 0) AS number FROM deny_version';
const DENY_ENTRIES = `SELECT encode(id, 'hex') AS id, added_in AS "addedIn", removed_in AS "removedIn"
  FROM deny_entry WHERE removed_in IS NOT NULL ORDER BY removed_in, id LIMIT $1`;
const PUBLISHED = `SELECT (payload::json -> 'deny' ->> 'version')::int8 AS number FROM trust_list
  ORDER BY version DESC LIMIT 1`;
const DENIALS = `SELECT number, encode(id, 'hex') AS id, cause, note, since_ms AS "sinceMs",
    lifted_at_ms AS "liftedAtMs"
  FROM denial WHERE lifted_at_ms < $1 ORDER BY lifted_at_ms, number LIMIT $2`;
const RECOVERY_CODES = `SELECT code_hash AS "codeHash", account, kind, made_at_ms AS "madeAtMs",
    coalesce(ended_at_ms, expires_at_ms) AS "endedAtMs", used_serial AS "usedSerial"
  FROM recovery_code WHERE coalesce(ended_at_ms, expires_at_ms) < $1
  ORDER BY coalesce(ended_at_ms, expires_at_ms), code_hash LIMIT $2`;
const APPROVALS = `${APPROVAL} WHERE ends_at_ms < $1 ORDER BY ends_at_ms, id LIMIT $2`;
const LAST_APPROVAL = 'SELECT coalesce(max(id), 0) AS number FROM approval';
/** Numbers of payments count up whichever slot they are in (stored-payments.ts). */
const LAST_PAYMENT = `SELECT id AS number FROM payment
  ORDER BY (id & ${ROWS_OF_SLOT - 1}) DESC LIMIT 1`;
/** Denials are numbered within their slot. */
const LAST_DENIALS = `SELECT max(number) AS number FROM denial WHERE slot = ANY($1::int2[]) GROUP BY slot`;

type PaymentRow = Omit<OldPayment, 'rest'> & Record<(typeof REST)[number], string | number | null>;
const REST = [
  'requestHash',
  'way',
  'account',
  'serial',
  'handle',
  'line',
  'note',
  'order',
  'amountCents',
] as const;

export class CutFactReader {
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  async read(kind: CutKind, bounds: CutBounds): Promise<CutFacts> {
    await lock(this.#session, { turns: [`cut:${kind}`] });
    const total = (await this.#session.first<CutTotal>(TOTAL, [kind])) ?? NOTHING_CUT;
    const { beforeMs, newestKept, rowsMax } = bounds;
    switch (kind) {
      case 'trustList': {
        const of = [newestKept, rowsMax];
        const rows = await this.#session.all<Rows<typeof kind>>(TRUST_LISTS, of);
        return { kind, total, rows, inForce: await this.#number(LAST_TRUST_LIST) };
      }
      case 'refusedPayment': {
        const rows = await this.#session.all<PaymentRow>(PAYMENTS, [beforeMs, rowsMax]);
        return {
          kind,
          total,
          rows: rows.map(toOldPayment),
          lastId: await this.#number(LAST_PAYMENT),
        };
      }
      case 'denyVersion': {
        const rows = await this.#session.all<Rows<typeof kind>>(DENY_VERSIONS, [rowsMax]);
        return { kind, total, rows, published: await this.#number(PUBLISHED) };
      }
      case 'denyEntry': {
        const rows = await this.#session.all<Rows<typeof kind>>(DENY_ENTRIES, [rowsMax]);
        return { kind, total, rows, oldestVersion: await this.#number(OLDEST_DENY_VERSION) };
      }
      case 'denial': {
        const rows = await this.#session.all<Rows<typeof kind>>(DENIALS, [beforeMs, rowsMax]);
        return { kind, total, rows, lastNumbers: await this.#lastDenials(rows) };
      }
      case 'recoveryCode': {
        const rows = await this.#session.all<Rows<typeof kind>>(RECOVERY_CODES, [
          beforeMs,
          rowsMax,
        ]);
        return { kind, total, rows };
      }
      case 'approval': {
        const rows = await this.#session.all<Rows<typeof kind>>(APPROVALS, [beforeMs, rowsMax]);
        return { kind, total, rows, lastId: await this.#number(LAST_APPROVAL) };
      }
    }
  }

  async #lastDenials(rows: readonly Rows<'denial'>[]): Promise<Set<number>> {
    const slots = new Set(rows.map(({ number }) => Math.floor(number / ROWS_OF_SLOT)));
    const lasts = await this.#session.all<{ number: number }>(LAST_DENIALS, [[...slots]]);
    return new Set(lasts.map(({ number }) => number));
  }

  async #number(text: string): Promise<number> {
    return (await this.#session.first<{ number: number }>(text))?.number ?? 0;
  }
}

function toOldPayment(row: PaymentRow): OldPayment {
  const { id, payee, key, reason, atMs } = row;
  return { id, payee, key, reason, atMs, rest: JSON.stringify(REST.map((name) => row[name])) };
}
