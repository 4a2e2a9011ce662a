/** The facts of payments by code that are decided together: as many statements, however many payments they are. */
import { assert } from '@stile/protocol/fault.ts';
import type { PayFacts } from '../../../../core/payments/pay.ts';
import { payeeName } from '../../../../core/payments/payee.ts';
import type { Presented } from '../../../../core/payments/spend-code.ts';
import type { PayQuery } from '../../../database.ts';
import type { PassOf } from '../../../port.ts';
import { lock } from '../../locks.ts';
import type { Session } from '../../session.ts';
import type { CodeReader } from '../code-facts.ts';
import type { FareReader } from '../fares.ts';
import type { MerchantReader } from '../merchant-facts.ts';
import { type OrderReader, orderKey } from '../order-facts.ts';
import { type PayerReaders, readPayers } from './payers.ts';
import { isWrong, PresentedCodes } from './presented-codes.ts';

/** How long payments that are decided together wait for a row; longer than anybody holds one who is not stuck. */
const LOCK_MS = 500;
const HURRY = `SET LOCAL lock_timeout = ${LOCK_MS}`;

export type PayReaders = PayerReaders & {
  codes: CodeReader;
  orders: OrderReader;
  merchants: MerchantReader;
  fares: FareReader;
};

type Asked = PayQuery & { payee: string };

export class PayFactReader {
  readonly #session: Session;
  readonly #readers: PayReaders;
  readonly #codes: PresentedCodes;

  constructor(session: Session, readers: PayReaders) {
    this.#session = session;
    this.#readers = readers;
    this.#codes = new PresentedCodes(session, readers.codes);
  }

  async codeOwners(presented: readonly Presented[]): Promise<(PassOf | null)[]> {
    return await this.#codes.owners(presented);
  }

  async read(queries: readonly PayQuery[]): Promise<PayFacts[]> {
    const asked = queries.map((query) => ({ ...query, payee: payeeName(query.request.payee) }));
    const { payments, orders } = this.#readers;
    const keys = asked.map(({ request, payee }) => {
      return { payee, key: request.payee.idempotencyKey };
    });
    // A row that somebody holds for long stops its own payment, which then waits by itself, and not all of these.
    if (asked.length > 1) void this.#session.run(HURRY).catch(() => undefined);
    const [, codes, earlier, withOrder, failures, payers, fares, merchants, ids] =
      await Promise.all([
        lock(this.#session, locksOf(asked)),
        this.#codes.read(
          asked.map(({ request, owner }) => ({ presented: request.presented, owner })),
        ),
        payments.findAll(keys),
        orders.keysWithOrder(merchantKeys(asked)),
        this.#codes.failures(
          asked.map(({ request: { presented, nowMs }, payee }) => {
            return { payee, way: presented.way, nowMs };
          }),
        ),
        readPayers(this.#readers, asked.flatMap(payerOf)),
        this.#fares(asked),
        this.#readers.merchants.readAll(merchantsOf(asked)),
        payments.nextIds(keys.map(({ payee }) => payee)),
      ]);
    return asked.map(({ request: { payee, presented }, owner }, index): PayFacts => {
      const isGate = payee.kind === 'gate';
      const [code, payeeFailures, nextPaymentId] = [codes[index], failures[index], ids[index]];
      assert(code && payeeFailures && nextPaymentId, 'each payment has its facts');
      const payer = owner === null || isWrong(presented) ? null : payers.get(owner.account);
      return {
        earlier: earlier[index] ?? null,
        hasOrder: !isGate && withOrder.has(orderKey(payee.merchant, payee.idempotencyKey)),
        payeeFailures,
        code,
        payer: payer ?? null,
        fare: isGate ? fares(payee) : null,
        merchant: isGate ? null : (merchants.get(payee.merchant) ?? null),
        nextPaymentId,
      };
    });
  }

  async #fares(asked: readonly Asked[]) {
    const gates = asked.flatMap(({ request: { payee } }) => (payee.kind === 'gate' ? [payee] : []));
    const [gateLines, lineFares] = await Promise.all([
      this.#readers.fares.gateLinesOf(gates.map(({ gate }) => gate)),
      this.#readers.fares.lineFaresOf(gates.map(({ line }) => line)),
    ]);
    return ({ gate, line }: { gate: string; line: string }) => {
      return { gateLines: gateLines.get(gate) ?? [], lineFares: lineFares.get(line) ?? [] };
    };
  }
}

function locksOf(asked: readonly Asked[]) {
  const gates = asked.flatMap(({ request: { payee } }) =>
    payee.kind === 'gate' ? [payee.gate] : [],
  );
  const accounts = asked.flatMap(({ owner }) => (owner === null ? [] : [owner.account]));
  return { gates, merchants: merchantsOf(asked), accounts };
}

function merchantsOf(asked: readonly Asked[]): string[] {
  return [...new Set(merchantKeys(asked).map(({ merchant }) => merchant))];
}

function merchantKeys(asked: readonly Asked[]) {
  return asked.flatMap(({ request: { payee } }) =>
    payee.kind === 'gate' ? [] : [{ merchant: payee.merchant, key: payee.idempotencyKey }],
  );
}

/** Of a wrong password no more is read than of an unknown handle: it takes as long. */
function payerOf({ request: { issuer, presented, nowMs }, owner }: Asked) {
  return owner === null || isWrong(presented) ? [] : [{ issuer, of: owner, nowMs }];
}
