/**
 * Payments on SQLite: what is known of code, payer and payee is read, core/payment.ts decides, money
 * moves and the answer is stored under its key, all inside the caller's one transaction. The same key
 * finds its answer again. Refunds and reversals go the same way back.
 */
import { assert } from '@stile/protocol/fault.ts';
import type { Payment, PaymentList, PaymentReason, RiderPayment } from '@stile/protocol/payment.ts';
import { merchantAccountOf, revenueOf } from '../../core/ledger.ts';
import { judgeCode, judgePayment, type PaymentLimits } from '../../core/payment-rules.ts';
import {
  applyPayment,
  applyRefund,
  type MoneyMove,
  type RiderMoney,
} from '../../core/rider-money.ts';
import type { PayAnswer, Payee, PayOrder, RefundAnswer, Touched } from '../payment-port.ts';
import type { Connection } from './connection.ts';
import type { Lookups } from './lookups.ts';
import type { Money } from './money.ts';
import { type PaymentRow, PaymentRows } from './payment-rows.ts';
import type { Riders } from './riders.ts';
import type { Payer, Seeds } from './seeds.ts';

const DAY_MS = 86_400_000;
/** A closed key has no request. */
const CLOSED_HASH = '';
/** Key of the one refund that a reversal or a gate that stayed shut makes. */
const WHOLE = 'stile:reversal';

export type RefundWhy = 'REFUND' | 'REVERSED' | 'GATE_DID_NOT_OPEN';

export type PaymentParts = {
  money: Money;
  riders: Riders;
  seeds: Seeds;
  lookups: Lookups;
  limits: PaymentLimits;
};

/** A payer who is known: by a code that was good, or by the session that confirms an order. */
export type KnownPayer = { way: 'PAYMENT_CODE' | 'ONLINE_CODE' | 'ORDER'; payer: Payer };

const NOBODY: Touched = { account: null, rider: null };

export class Payments {
  readonly rows: PaymentRows;
  readonly #parts: PaymentParts;
  readonly #merchantName;

  constructor(connection: Connection, parts: PaymentParts) {
    this.rows = new PaymentRows(connection);
    this.#parts = parts;
    this.#merchantName = connection.db
      .prepare('SELECT name FROM merchant WHERE merchant = ?')
      .pluck();
  }

  pay(request: PayOrder): PayAnswer {
    const { payee, presented, requestHash, nowMs } = request;
    const name = payeeName(payee);
    const known = this.rows.find(name, payee.idempotencyKey);
    if (known !== undefined) {
      const isSame = known.requestHash === requestHash || known.requestHash === CLOSED_HASH;
      if (!isSame) return { kind: 'conflict' };
      return { kind: 'repeated', payment: this.rows.viewOf(known), touched: NOBODY };
    }
    const { seeds, limits } = this.#parts;
    const failures = seeds.failuresOf(name, nowMs);
    const isLocked = judgeCode('good', failures, limits) !== null;
    const judged = isLocked
      ? ({ state: 'locked', payer: null } as const)
      : seeds.present(presented, limits, nowMs);
    const reason = judgeCode(judged.state, failures, limits);
    if (reason === 'CODE_REFUSED') seeds.addFailure(name, nowMs);
    const amountCents = this.#amountOf(payee, nowMs);
    const payer = judged.payer && { way: presented.way, payer: judged.payer };
    const row = this.decide({ ...request, amountCents, order: null }, payer, reason);
    return { kind: 'decided', payment: this.rows.viewOf(row), touched: this.#touchedBy(row) };
  }

  #amountOf(payee: Payee, nowMs: number): number | null {
    if (payee.kind === 'merchant') return payee.amountCents;
    this.#parts.lookups.forget();
    const tap = { line: payee.line, atMs: nowMs, clock: 'TRUSTED' } as const;
    return this.#parts.lookups.fareOf(payee.gate, tap) ?? null;
  }

  /** Decides about a known payer, moves the money and stores the answer. */
  decide(
    request: {
      issuer: number;
      payee: Payee;
      amountCents: number | null;
      note: string | null;
      order: string | null;
      requestHash: string;
      nowMs: number;
    },
    known: KnownPayer | null,
    codeReason: PaymentReason | null,
  ): PaymentRow {
    const { issuer, payee, amountCents, note, order, requestHash, nowMs } = request;
    const position = known && this.#parts.money.readMoney(known.payer.account);
    const reason = codeReason ?? this.judge(issuer, amountCents, known, position, nowMs);
    const isPaid = reason === null;
    assert(!isPaid || (known !== null && position !== null), 'only a known payer pays');
    const name = payeeName(payee);
    const row = this.rows.add({
      payee: name,
      key: payee.idempotencyKey,
      requestHash,
      outcome: isPaid ? 'PAID' : 'REFUSED',
      reason,
      way: known?.way ?? null,
      account: known?.payer.account ?? null,
      serial: known?.payer.serial ?? null,
      handle: known?.payer.handle ?? null,
      line: payee.kind === 'gate' ? payee.line : null,
      note,
      order,
      amountCents: amountCents ?? 0,
      receipt: isPaid && payee.kind === 'merchant' ? this.rows.takeReceipt(payee.merchant) : null,
      atMs: nowMs,
    });
    if (isPaid && position !== null) this.#take(issuer, row, position, nowMs);
    return row;
  }

  /** Null where this payer may and can pay it. */
  judge(
    issuer: number,
    amountCents: number | null,
    known: KnownPayer | null,
    position: RiderMoney | null,
    nowMs: number,
  ): PaymentReason | null {
    assert(known !== null && position !== null, 'a code that is good has a payer');
    const { way, payer } = known;
    const { riders, limits } = this.#parts;
    const facts = {
      way,
      isDenied: riders.findDenials(issuer, payer.account, payer.serial).length > 0,
      walletCents: position.walletCents,
      dayCents: this.rows.spentSince(payer.account, nowMs - DAY_MS),
      handleCents: payer.handleCents,
    };
    return judgePayment(amountCents, facts, limits);
  }

  #take(issuer: number, row: PaymentRow, before: RiderMoney, nowMs: number): void {
    const moved = applyPayment(before, {
      id: `payment:${row.id}`,
      credit: creditOf(row),
      amountCents: row.amountCents,
    });
    this.#move(issuer, before, moved, nowMs);
    if (row.handle !== null) this.#parts.seeds.addPaid(row.handle, row.amountCents);
  }

  #move(issuer: number, before: RiderMoney, moved: MoneyMove, nowMs: number): void {
    const { money } = this.#parts;
    const dated = moved.transfers.map((transfer) => ({ ...transfer, happenedAtMs: nowMs }));
    money.post(dated, nowMs);
    money.savePaid(before, moved.owed, new Set(), nowMs);
    money.followDebt(issuer, before, moved.after, nowMs);
  }

  /** Gives back so much of a paid payment; the caller has seen that so much is left. */
  giveBack(
    issuer: number,
    row: PaymentRow,
    refund: { key: string; amountCents: number; why: RefundWhy; nowMs: number },
  ): PaymentRow {
    const { key, amountCents, why, nowMs } = refund;
    if (amountCents === 0) return row;
    const { account } = row;
    assert(account !== null && amountCents <= row.amountCents - row.refundedCents, 'it was paid');
    this.rows.addRefund(row.id, key, amountCents, why, nowMs);
    const before = this.#parts.money.readMoney(account);
    const id = `payment:${row.id}:${key}`;
    this.#move(
      issuer,
      before,
      applyRefund(before, { id, debit: creditOf(row), amountCents }),
      nowMs,
    );
    return { ...row, refundedCents: row.refundedCents + amountCents };
  }

  refund(refund: {
    issuer: number;
    merchant: string;
    idempotencyKey: string;
    refundKey: string;
    amountCents: number;
    nowMs: number;
  }): RefundAnswer {
    const { issuer, merchant, idempotencyKey, refundKey, amountCents, nowMs } = refund;
    const row = this.rows.find(merchantAccountOf(merchant), idempotencyKey);
    if (row === undefined) return { kind: 'unknown' };
    if (refundKey === WHOLE) return { kind: 'conflict' };
    const earlier = this.rows.refundsOf(row.id).find((one) => one.idempotencyKey === refundKey);
    if (earlier !== undefined) {
      if (earlier.amountCents !== amountCents) return { kind: 'conflict' };
      const touched = { ...NOBODY, refundCents: 0 };
      return { kind: 'repeated', payment: this.rows.viewOf(row), touched };
    }
    const leftCents = row.outcome === 'PAID' ? row.amountCents - row.refundedCents : 0;
    if (amountCents > leftCents) return { kind: 'tooMuch', leftCents };
    const after = this.giveBack(issuer, row, { key: refundKey, amountCents, why: 'REFUND', nowMs });
    const touched = { ...this.#touchedBy(after), refundCents: amountCents };
    return { kind: 'done', payment: this.rows.viewOf(after), touched };
  }

  /** Makes sure that this key has not paid and never will. */
  reverse(
    issuer: number,
    payee: string,
    key: string,
    why: RefundWhy,
    nowMs: number,
  ): { row: PaymentRow; touched: Touched & { refundCents: number } } {
    const known = this.rows.find(payee, key);
    if (known === undefined) {
      return { row: this.#close(payee, key, nowMs), touched: { ...NOBODY, refundCents: 0 } };
    }
    const amountCents = known.outcome === 'PAID' ? known.amountCents - known.refundedCents : 0;
    const row = this.giveBack(issuer, known, { key: WHOLE, amountCents, why, nowMs });
    const touched = amountCents > 0 ? this.#touchedBy(row) : NOBODY;
    return { row, touched: { ...touched, refundCents: amountCents } };
  }

  #close(payee: string, key: string, nowMs: number): PaymentRow {
    const nothing = { way: null, account: null, serial: null, handle: null, line: null };
    return this.rows.add({
      ...{ payee, key, requestHash: CLOSED_HASH, outcome: 'REFUSED', reason: 'REVERSED' },
      ...{ ...nothing, note: null, order: null, amountCents: 0, receipt: null, atMs: nowMs },
    });
  }

  list(
    merchant: string,
    fromMs: number,
    toMs: number,
    after: string | null,
    limit: number,
  ): PaymentList {
    const payee = merchantAccountOf(merchant);
    const [atMs = Number.MAX_SAFE_INTEGER, id = 0] = after?.split('.').map(Number) ?? [];
    // One more than asked for tells whether this page is the last.
    const rows = this.rows.page({ payee, fromMs, toMs, atMs, id, limit: limit + 1 });
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return {
      items: items.map((row) => this.rows.viewOf(row)),
      next: rows.length > limit && last !== undefined ? `${last.atMs}.${last.id}` : null,
      totals: this.rows.totals(payee, fromMs, toMs),
    };
  }

  /** What the payer is told of it. */
  riderViewOf(row: PaymentRow): RiderPayment | null {
    if (row.way === null) return null;
    const { outcome, reason, way, amountCents, atMs } = row;
    const name = row.line ?? this.#merchantName.get(row.payee.slice(row.payee.indexOf(':') + 1));
    return { outcome, reason, way, payee: String(name), amountCents, atMs };
  }

  #touchedBy(row: PaymentRow): Touched {
    return { account: row.account, rider: this.riderViewOf(row) };
  }

  paymentOf(merchant: string, key: string): Payment | undefined {
    const row = this.rows.find(merchantAccountOf(merchant), key);
    return row && this.rows.viewOf(row);
  }
}

function payeeName(payee: Payee): string {
  return payee.kind === 'merchant' ? merchantAccountOf(payee.merchant) : gatePayee(payee.gate);
}

/** A gate as a payee: it asks, the line is paid. */
export function gatePayee(gate: string): string {
  return `gate:${gate}`;
}

/** Which ledger account has the money. */
function creditOf({ payee, line }: PaymentRow): string {
  return line === null ? payee : revenueOf(line);
}
