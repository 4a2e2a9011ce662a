/**
 * All that settling has to know: taps and charge of each code use, authorisations, fares, riders' money. However many
 * uses a piece has, each of these is one statement.
 */

import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { LineFare } from '@stile/protocol/trust-list.ts';
import type { CeilingKey } from '../../../core/logs/check-record.ts';
import { accountOfUse, readAuthorisationKey } from '../../../core/logs/code-use.ts';
import type { RiderMoneyFacts } from '../../../core/money/money-changes.ts';
import { gatePayee } from '../../../core/payments/payee.ts';
import type { AuthorisationRecord } from '../../../core/rides/authorisation.ts';
import type { Charge } from '../../../core/rides/charge.ts';
import type { PieceRecord } from '../../../core/rides/outbox-changes.ts';
import type {
  AuthorisationFacts,
  SettleFacts,
  UseFacts,
  UseRecord,
} from '../../../core/rides/settle.ts';
import type { GateLine } from '../../../core/rides/tariff.ts';
import { NAMED_EPOCH } from '../../named-record.ts';
import type { Connection } from '../connection.ts';
import type { FareReader } from './fares.ts';
import type { RiderMoneyReader } from './rider-money.ts';
import type { StoredPayments } from './stored-payments.ts';

function prepare(db: Connection['db']) {
  return {
    records: db.prepare(
      `SELECT use, record.id, ${NAMED_EPOCH} AS epochId, gate, epoch, seq, kind, coalesce(ride_ms, at_ms) AS atMs,
         at_ms AS gateMs, clock, stale AS isStale,
         ceiling_cents AS ceilingCents, ride_line AS line, of_seq AS ofSeq, outcome AS disposition
       FROM json_each(?) AS wanted CROSS JOIN record ON use = wanted.value
       CROSS JOIN gate_epoch ON gate_epoch.id = epoch_id`,
    ),
    charges: db.prepare(
      `SELECT use, rev, record, line, fare_cents AS fareCents, state, ridden_at_ms AS riddenAtMs
       FROM json_each(?) AS wanted CROSS JOIN charge ON use = wanted.value`,
    ),
    writtenOff: db
      .prepare(
        `SELECT use FROM json_each(?) AS wanted CROSS JOIN resolution ON use = wanted.value
         WHERE fare_cents IS NOT NULL`,
      )
      .pluck(),
    received: db.prepare('SELECT seq, line AS bytes, hash FROM record WHERE id = ?'),
    issuerKeys: db.prepare(
      'SELECT issuer, key_id AS keyId, ceiling_exponent AS ceilingExponent FROM issuer_key',
    ),
    // What the fare was, only the answer itself says.
    authorisation: db.prepare(
      `SELECT id, kind, verdict, ${NAMED_EPOCH} AS epochId, seq, of_seq AS ofSeq, outcome AS disposition,
         iif(kind = 'answer', CAST(line AS TEXT) ->> '$.fareCents', NULL) AS fareCents
       FROM record WHERE use = ? ORDER BY id`,
    ),
  };
}

type UseRow = Omit<UseRecord, 'isStale' | 'received'> & { use: string; isStale: number };

export type SettleReaders = {
  payments: StoredPayments;
  money: RiderMoneyReader;
  fares: FareReader;
};

export class SettleFactReader {
  readonly #sql: ReturnType<typeof prepare>;
  readonly #readers: SettleReaders;

  constructor({ db }: Connection, readers: SettleReaders) {
    this.#sql = prepare(db);
    this.#readers = readers;
  }

  settle(records: readonly PieceRecord[]): SettleFacts {
    const names: string[] = [];
    const authorisations: AuthorisationFacts[] = [];
    for (const use of new Set(records.map((record) => record.use))) {
      const authorisation = readAuthorisationKey(use);
      if (authorisation === undefined) names.push(use);
      else authorisations.push(this.#authorisation(use, authorisation));
    }
    const uses = this.#uses(names);
    return {
      uses,
      authorisations,
      ...this.#fares(uses),
      money: this.#money(uses, authorisations),
      issuerKeys: this.#issuerKeysFor(uses),
      nextPaymentId: this.#readers.payments.nextId(),
    };
  }

  #uses(names: readonly string[]): UseFacts[] {
    if (names.length === 0) return [];
    const wanted = JSON.stringify(names);
    const recordsOf = new Map(names.map((use): [string, UseRecord[]] => [use, []]));
    for (const { use, ...row } of this.#sql.records.all(wanted) as UseRow[]) {
      recordsOf.get(use)?.push(this.#toUseRecord(row));
    }
    const charges = this.#sql.charges.all(wanted) as Charge[];
    const chargeOf = new Map(charges.map((charge) => [charge.use, charge]));
    const writtenOff = new Set(this.#sql.writtenOff.all(wanted) as string[]);
    return names.map((use) => ({
      use,
      records: recordsOf.get(use) ?? [],
      charge: chargeOf.get(use) ?? null,
      isWrittenOff: writtenOff.has(use),
    }));
  }

  #toUseRecord({ isStale, ...row }: Omit<UseRow, 'use'>): UseRecord {
    const needsBytes = row.kind === 'tap' && row.ceilingCents === null;
    const received = needsBytes ? (this.#sql.received.get(row.id) as LogRecord) : null;
    return { ...row, isStale: isStale === 1, received };
  }

  /** None if no ceiling has to be read from a record. */
  #issuerKeysFor(uses: readonly UseFacts[]): CeilingKey[] {
    const needs = uses.some(({ records }) => records.some(({ received }) => received !== null));
    return needs ? (this.#sql.issuerKeys.all() as CeilingKey[]) : [];
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
    return this.#readers.money.readAll([...accounts]);
  }
}
