/** Waiting work, the records that a piece of it is about, and all that settling them has to know. */
import type { LineFare } from '@stile/protocol/trust-list.ts';
import { accountOfUse, readAskKey } from '../../../core/logs/code-use.ts';
import type { Work } from '../../../core/logs/log-changes.ts';
import type { RiderMoneyFacts } from '../../../core/money/money-changes.ts';
import { gatePayee } from '../../../core/payments/payee.ts';
import type { AuthorisationRecord } from '../../../core/rides/authorisation.ts';
import type { PieceQuery, PieceRecord } from '../../../core/rides/outbox.ts';
import type {
  AuthorisationFacts,
  SettleFacts,
  StoredCharge,
  UseFacts,
  UseRecord,
} from '../../../core/rides/settle.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import type { WorkReader } from '../../database.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';
import type { RiderMoneyReader } from './rider-money.ts';
import type { StoredPayments } from './stored-payments.ts';

function prepare(db: Connection['db']) {
  return {
    nextWork: db.prepare(
      `SELECT id, kind, cursor, until, subject, attempts FROM outbox
       WHERE kind <> 'publish' AND failed IS NULL ORDER BY attempts, id LIMIT 1`,
    ),
    piece: db.prepare(
      `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL ORDER BY id LIMIT ?`,
    ),
    pieceOfLine: db.prepare(
      `SELECT id, use FROM record WHERE id > ? AND id <= ? AND use IS NOT NULL
         AND ride_line = ? AND at_ms >= ? ORDER BY id LIMIT ?`,
    ),
    records: db.prepare(
      `SELECT record.id, epoch_id AS epochId, gate, epoch, seq, kind, at_ms AS atMs, clock,
         ride_line AS line, of_seq AS ofSeq, outcome AS disposition
       FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id WHERE use = ?`,
    ),
    charge: db.prepare(
      `SELECT use, rev, record, line, fare_cents AS fareCents, state, ridden_at_ms AS riddenAtMs
       FROM charge WHERE use = ?`,
    ),
    // What the fare was, only the answer itself says.
    authorisation: db.prepare(
      `SELECT id, kind, verdict, epoch_id AS epochId, seq, of_seq AS ofSeq, outcome AS disposition,
         iif(kind = 'answer', CAST(line AS TEXT) ->> '$.fareCents', NULL) AS fareCents
       FROM record WHERE use = ? ORDER BY id`,
    ),
    publishRequest: db.prepare(`SELECT until FROM outbox WHERE kind = 'publish'`).pluck(),
    counts: db.prepare(
      `SELECT count(*) FILTER (WHERE failed IS NULL) AS waiting,
              count(*) FILTER (WHERE failed IS NOT NULL) AS failed FROM outbox`,
    ),
  };
}

export type SettleReaders = {
  payments: StoredPayments;
  money: RiderMoneyReader;
  fares: FareReader;
};

export class SettleFactReader implements WorkReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #readers: SettleReaders;

  constructor({ db }: Connection, readers: SettleReaders) {
    this.#sql = prepare(db);
    this.#readers = readers;
  }

  nextWork(): Work | null {
    return (this.#sql.nextWork.get() as Work | undefined) ?? null;
  }

  piece({ after, upTo, limit, only }: PieceQuery): PieceRecord[] {
    const { piece, pieceOfLine } = this.#sql;
    if (only === null) return piece.all(after, upTo, limit) as PieceRecord[];
    return pieceOfLine.all(after, upTo, only.line, only.fromMs, limit) as PieceRecord[];
  }

  settle(records: readonly PieceRecord[]): SettleFacts {
    const uses: UseFacts[] = [];
    const authorisations: AuthorisationFacts[] = [];
    for (const use of new Set(records.map((record) => record.use))) {
      const asked = readAskKey(use);
      if (asked === undefined) uses.push(this.#use(use));
      else authorisations.push(this.#authorisation(use, asked));
    }
    return {
      uses,
      authorisations,
      ...this.#fares(uses),
      money: this.#money(uses, authorisations),
      nextPaymentId: this.#readers.payments.nextId(),
    };
  }

  #use(use: string): UseFacts {
    return {
      use,
      records: this.#sql.records.all(use) as UseRecord[],
      charge: (this.#sql.charge.get(use) as StoredCharge | undefined) ?? null,
    };
  }

  #authorisation(use: string, { gate, id }: { gate: string; id: string }): AuthorisationFacts {
    type Row = AuthorisationRecord & { disposition: string | null };
    const records = this.#sql.authorisation.all(use) as Row[];
    return { gate, id, records, payment: this.#readers.payments.find(gatePayee(gate), id) };
  }

  #fares(uses: readonly UseFacts[]): Pick<SettleFacts, 'gateLines' | 'lineFares'> {
    const gateLines = new Map<string, readonly GateLine[]>();
    const lineFares = new Map<string, readonly LineFare[]>();
    const { fares } = this.#readers;
    for (const { gate, line, kind } of uses.flatMap(({ records }) => records)) {
      if (kind !== 'tap') continue;
      if (!gateLines.has(gate)) gateLines.set(gate, fares.gateLines(gate));
      if (!lineFares.has(line)) lineFares.set(line, fares.lineFares(line));
    }
    return { gateLines, lineFares };
  }

  #money(
    uses: readonly UseFacts[],
    authorisations: readonly AuthorisationFacts[],
  ): ReadonlyMap<string, RiderMoneyFacts> {
    const accounts = new Set(uses.map(({ use }) => accountOfUse(use)));
    for (const { payment } of authorisations) {
      if (payment !== null && payment.account !== null) accounts.add(payment.account);
    }
    const { money } = this.#readers;
    return new Map([...accounts].map((account) => [account, money.read(account)]));
  }

  /** The generation of the waiting request to publish, or undefined. */
  publishRequest(): number | undefined {
    return this.#sql.publishRequest.get() as number | undefined;
  }

  counts(): { waiting: number; failed: number } {
    return this.#sql.counts.get() as { waiting: number; failed: number };
  }
}
