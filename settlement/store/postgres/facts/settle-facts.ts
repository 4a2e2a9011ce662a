/**
 * All that settling has to know: taps and charge of each code use, authorisations, fares, riders' money. However many
 * uses a piece has, each of these is one statement.
 */

import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { CeilingKey } from '../../../core/logs/check-record.ts';
import { accountOfUse, readAuthorisationKey } from '../../../core/logs/code-use.ts';
import { gatePayee } from '../../../core/payments/payee.ts';
import type { StoredPayment } from '../../../core/payments/payment-changes.ts';
import type { AuthorisationRecord } from '../../../core/rides/authorisation.ts';
import type { Charge } from '../../../core/rides/charge.ts';
import type { PieceRecord } from '../../../core/rides/outbox-changes.ts';
import type {
  AuthorisationFacts,
  SettleFacts,
  UseFacts,
  UseRecord,
} from '../../../core/rides/settle.ts';
import { NAMED_EPOCH } from '../../named-record.ts';
import { FARES, lock } from '../locks.ts';
import type { Session } from '../session.ts';
import type { FareReader } from './fares.ts';
import type { RiderMoneyReader } from './rider-money.ts';
import type { PaymentKey, StoredPayments } from './stored-payments.ts';

const RECORDS = `SELECT use, record.id, ${NAMED_EPOCH} AS "epochId", gate, epoch, seq, kind,
    coalesce(ride_ms, at_ms) AS "atMs", at_ms AS "gateMs", clock, stale = 1 AS "isStale",
    ceiling_cents AS "ceilingCents", ride_line AS line, of_seq AS "ofSeq", outcome AS disposition
  FROM record JOIN gate_epoch ON gate_epoch.id = epoch_id
  WHERE use = ANY($1::text[]) ORDER BY received_at_ms, record.id`;
/** Of taps whose ceiling an earlier version did not store. */
const RECEIVED = `SELECT id, seq, line AS bytes, hash FROM record
  WHERE use = ANY($1::text[]) AND kind = 'tap' AND ceiling_cents IS NULL`;
const CHARGES = `SELECT asked.use, rev, record, line, fare_cents AS "fareCents", state,
    ridden_at_ms AS "riddenAtMs", EXISTS (SELECT 1 FROM resolution
      WHERE resolution.use = asked.use AND fare_cents IS NOT NULL) AS "isWrittenOff"
  FROM unnest($1::text[], $2::text[]) AS asked (use, account)
  LEFT JOIN charge ON charge.use = asked.use AND charge.account = asked.account`;
/** In the order in which they were taken in; what the fare was, only the answer itself says. */
const AUTHORISATIONS = `SELECT use, id, kind, verdict, ${NAMED_EPOCH} AS "epochId", seq, of_seq AS "ofSeq",
    outcome AS disposition, line AS bytes
  FROM record WHERE use = ANY($1::text[]) ORDER BY received_at_ms, id`;
const ISSUER_KEYS = `SELECT issuer, key_id AS "keyId", ceiling_exponent AS "ceilingExponent"
  FROM issuer_key`;

type UseRow = Omit<UseRecord, 'received'> & { use: string };
type ReceivedRow = LogRecord & { id: number };
type ChargeRow = { [Key in keyof Charge]: Key extends 'use' ? string : Charge[Key] | null } & {
  isWrittenOff: boolean;
};
type Answered = AuthorisationFacts['records'][number];
type AuthorisationRow = Omit<AuthorisationRecord, 'fareCents'> & {
  use: string;
  disposition: string | null;
  bytes: Uint8Array;
};
type Authorisation = { use: string; gate: string; id: string };

type Reading = {
  /** Adds who has paid to the accounts. */
  findPayments: (
    accounts: Set<string>,
    asked: readonly Authorisation[],
  ) => Promise<(StoredPayment | null)[]>;
  nextPaymentId: (
    asked: readonly Authorisation[],
    payments: readonly (StoredPayment | null)[],
  ) => Promise<number>;
};

export type SettleReaders = {
  payments: StoredPayments;
  money: RiderMoneyReader;
  fares: FareReader;
};

export class SettleFactReader {
  readonly #session: Session;
  readonly #readers: SettleReaders;

  constructor(session: Session, readers: SettleReaders) {
    this.#session = session;
    this.#readers = readers;
  }

  async settle(records: readonly PieceRecord[]): Promise<SettleFacts> {
    return await this.#read(records, {
      findPayments: (accounts, asked) => this.#lockAll(accounts, asked),
      nextPaymentId: (asked, payments) => this.#nextPaymentId(asked, payments),
    });
  }

  /** The same for who only looks: nothing is locked, and no number for a payment is drawn. */
  async look(records: readonly PieceRecord[]): Promise<SettleFacts> {
    return await this.#read(records, {
      findPayments: async (accounts, asked) => {
        const keys = asked.map(keyOf);
        for (const account of await this.#readers.payments.accountsOf(keys)) accounts.add(account);
        return await this.#readers.payments.findAll(keys);
      },
      nextPaymentId: async () => 0,
    });
  }

  async #read(
    records: readonly PieceRecord[],
    { findPayments, nextPaymentId: nextId }: Reading,
  ): Promise<SettleFacts> {
    const uses: string[] = [];
    const asked: Authorisation[] = [];
    for (const use of new Set(records.map((record) => record.use))) {
      const authorisation = readAuthorisationKey(use);
      if (authorisation === undefined) uses.push(use);
      else asked.push({ use, ...authorisation });
    }
    const accounts = new Set(uses.map(accountOfUse));
    const payments = await findPayments(accounts, asked);
    const [found, authorisations, money, nextPaymentId] = await Promise.all([
      this.#uses(uses),
      this.#authorisations(asked, payments),
      this.#readers.money.readAll([...accounts]),
      nextId(asked, payments),
    ]);
    const [fares, issuerKeys] = await Promise.all([this.#fares(found), this.#issuerKeysFor(found)]);
    return { uses: found, authorisations, ...fares, money, issuerKeys, nextPaymentId };
  }

  /** Of the first gate that is to be paid nothing: a piece is of one gate. 0: nothing is closed. */
  async #nextPaymentId(
    asked: readonly Authorisation[],
    payments: readonly (StoredPayment | null)[],
  ): Promise<number> {
    const open = asked.find((_, index) => payments[index] === null);
    return open === undefined ? 0 : await this.#readers.payments.nextId(gatePayee(open.gate));
  }

  /**
   * Accounts of the uses and of whoever has paid what was asked for; and a fare that is set meanwhile finds what is
   * settled by the old one.
   */
  async #lockAll(
    accounts: Set<string>,
    asked: readonly Authorisation[],
  ): Promise<(StoredPayment | null)[]> {
    const { payments } = this.#readers;
    const keys = asked.map(keyOf);
    // Who has paid never changes.
    for (const account of await payments.accountsOf(keys)) accounts.add(account);
    const [, found] = await Promise.all([
      lock(this.#session, { accounts: [...accounts], shares: [FARES] }),
      payments.findAll(keys),
    ]);
    const late = found.flatMap((payment) => payment?.account ?? []);
    const more = late.filter((account) => !accounts.has(account));
    if (more.length === 0) return found;
    for (const account of more) accounts.add(account);
    await lock(this.#session, { accounts: [...accounts] });
    return await payments.findAll(keys);
  }

  async #uses(uses: readonly string[]): Promise<UseFacts[]> {
    if (uses.length === 0) return [];
    const recordsOf = new Map(uses.map((use): [string, UseRecord[]] => [use, []]));
    const [rows, bytes, charges] = await Promise.all([
      this.#session.all<UseRow>(RECORDS, [uses]),
      this.#session.all<ReceivedRow>(RECEIVED, [uses]),
      this.#session.all<ChargeRow>(CHARGES, [uses, uses.map(accountOfUse)]),
    ]);
    const received = new Map(bytes.map(({ id, ...record }) => [id, record]));
    for (const { use, ...row } of rows) {
      recordsOf.get(use)?.push({ ...row, received: received.get(row.id) ?? null });
    }
    const chargeOf = new Map(charges.map((row) => [row.use, row]));
    return uses.map((use) => {
      const { isWrittenOff = false, ...charge } = chargeOf.get(use) ?? { rev: null };
      const records = recordsOf.get(use) ?? [];
      return {
        use,
        records,
        charge: charge.rev === null ? null : (charge as Charge),
        isWrittenOff,
      };
    });
  }

  /** None if no ceiling has to be read from a record. */
  async #issuerKeysFor(uses: readonly UseFacts[]): Promise<CeilingKey[]> {
    const needs = uses.some(({ records }) => records.some(({ received }) => received !== null));
    return needs ? await this.#session.all<CeilingKey>(ISSUER_KEYS) : [];
  }

  async #authorisations(
    asked: readonly Authorisation[],
    payments: readonly (StoredPayment | null)[],
  ): Promise<AuthorisationFacts[]> {
    if (asked.length === 0) return [];
    const recordsOf = new Map(asked.map(({ use }): [string, Answered[]] => [use, []]));
    const rows = await this.#session.all<AuthorisationRow>(AUTHORISATIONS, [[...recordsOf.keys()]]);
    for (const { use, bytes, ...row } of rows) {
      const fareCents = row.kind === 'answer' ? fareCentsIn(bytes) : null;
      recordsOf.get(use)?.push({ ...row, fareCents });
    }
    return asked.map(({ use, gate, id }, index) => {
      return { gate, id, records: recordsOf.get(use) ?? [], payment: payments[index] ?? null };
    });
  }

  async #fares(uses: readonly UseFacts[]): Promise<Pick<SettleFacts, 'gateLines' | 'lineFares'>> {
    const taps = uses.flatMap(({ records }) => records.filter(({ kind }) => kind === 'tap'));
    const { fares } = this.#readers;
    const [gateLines, lineFares] = await Promise.all([
      fares.gateLinesOf(taps.map(({ gate }) => gate)),
      fares.lineFaresOf(taps.map(({ line }) => line)),
    ]);
    return { gateLines, lineFares };
  }
}

function keyOf({ gate, id }: Authorisation): PaymentKey {
  return { payee: gatePayee(gate), key: id };
}

function fareCentsIn(answer: Uint8Array): number | null {
  const { fareCents } = JSON.parse(new TextDecoder().decode(answer)) as { fareCents?: unknown };
  return typeof fareCents === 'number' ? fareCents : null;
}
