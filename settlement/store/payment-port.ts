/**
 * The part of the Store that has to do with paying while online: merchants, seeds, one-time codes,
 * orders, payments, refunds. As in store.ts each method is one durable transaction: facts are read,
 * core/payment.ts decides, the answer is written. An answer is only given when it is durable.
 */
import type {
  Order,
  OrderOffer,
  Payment,
  PaymentList,
  RiderPayment,
} from '@stile/protocol/payment.ts';

export type MerchantRow = { merchant: string; name: string; blockedAtMs: number | null };

/** A seed as it is stored: sealed, never plain. */
export type SeedRow = {
  handle: string;
  account: string;
  serial: number;
  /** Which key sealed it. */
  keyId: string;
  sealed: Uint8Array;
};
export type NewSeed = SeedRow & { nowMs: number; expiresAtMs: number };

/** Who is to be paid, and under which id of theirs. */
export type Payee =
  | { kind: 'merchant'; merchant: string; idempotencyKey: string; amountCents: number }
  /** The fare is that of the line, now. `idempotencyKey` is the ask's id. */
  | { kind: 'gate'; gate: string; line: string; idempotencyKey: string };

/** What was presented, as far as it can be judged without the database. */
export type Presented =
  /** `step`: the one whose one-time password matched, or null where none did or the handle is unknown. */
  | { way: 'PAYMENT_CODE'; handle: string; step: number | null }
  | { way: 'ONLINE_CODE'; codeHash: string };

export type PayOrder = {
  issuer: number;
  payee: Payee;
  presented: Presented;
  note: string | null;
  /** Hash of all that was asked for: the same id with another request is a conflict. */
  requestHash: string;
  nowMs: number;
};

/** Whom to tell after the commit. */
export type Touched = { account: string | null; rider: RiderPayment | null };

export type PayAnswer =
  | { kind: 'decided' | 'repeated'; payment: Payment; touched: Touched }
  | { kind: 'conflict' };

export type RefundAnswer =
  | { kind: 'done' | 'repeated'; payment: Payment; touched: Touched & { refundCents: number } }
  | { kind: 'conflict' }
  | { kind: 'unknown' }
  /** More than is left of what was paid. */
  | { kind: 'tooMuch'; leftCents: number };

export type NewOrder = {
  order: string;
  merchant: string;
  idempotencyKey: string;
  amountCents: number;
  note: string | null;
  nowMs: number;
  expiresAtMs: number;
};
/** Orders as stored; `link` is the HTTP layer's to add. */
export type OrderRow = Omit<Order, 'link'>;
export type Offer = Omit<OrderOffer, 'currency'>;

export type PaymentStore = {
  /** New, or renamed and given another token; lifts a block. */
  setMerchant(row: {
    merchant: string;
    name: string;
    tokenHash: string;
    nowMs: number;
  }): Promise<void>;
  /** Takes its open orders back too. False where there is no such merchant or it is blocked already. */
  blockMerchant(merchant: string, nowMs: number): Promise<boolean>;
  /** Undefined where the token is nobody's or its merchant is blocked. */
  findMerchant(tokenHash: string): Promise<MerchantRow | undefined>;
  listMerchants(): Promise<readonly MerchantRow[]>;

  /**
   * A new seed of a phone. The one before stays good until the new one is confirmed or has paid,
   * because the answer that carries the new one may be lost; older ones end at once. False where the
   * handle is taken: draw another.
   */
  addSeed(seed: NewSeed): Promise<boolean>;
  /** The phone has the new seed: the ones before it end. False where the phone has no such handle. */
  confirmSeed(account: string, serial: number, handle: string, nowMs: number): Promise<boolean>;
  /** Ends all seeds of an account, or of one of its passes; returns how many. */
  revokeSeeds(account: string, serial: number | null, nowMs: number): Promise<number>;
  /** Undefined where the handle is unknown, ended or expired. */
  findSeed(handle: string, nowMs: number): Promise<SeedRow | undefined>;

  /** Ends the phone's one-time code before it. */
  addOnlineCode(code: {
    codeHash: string;
    account: string;
    serial: number;
    nowMs: number;
    expiresAtMs: number;
  }): Promise<void>;

  pay(order: PayOrder): Promise<PayAnswer>;
  /** Undefined where nothing is known under this id. */
  findPayment(merchant: string, idempotencyKey: string): Promise<Payment | undefined>;
  /** Makes sure that this id has not paid and never will: refunds what is left, or closes the id. */
  reversePayment(
    issuer: number,
    merchant: string,
    idempotencyKey: string,
    nowMs: number,
  ): Promise<{ payment: Payment; touched: Touched & { refundCents: number } }>;
  refundPayment(refund: {
    issuer: number;
    merchant: string;
    idempotencyKey: string;
    refundKey: string;
    amountCents: number;
    nowMs: number;
  }): Promise<RefundAnswer>;
  /** The latest first; `after` is a cursor that an earlier page gave. */
  listPayments(
    merchant: string,
    fromMs: number,
    toMs: number,
    after: string | null,
    limit: number,
  ): Promise<PaymentList>;

  addOrder(order: NewOrder): Promise<OrderRow | { kind: 'conflict' }>;
  findOrder(merchant: string, order: string, nowMs: number): Promise<OrderRow | undefined>;
  /** Undefined where there is no such order; otherwise how it then stands (a paid one stays paid). */
  cancelOrder(merchant: string, order: string, nowMs: number): Promise<OrderRow | undefined>;
  findOffer(order: string, nowMs: number): Promise<Offer | undefined>;
  /**
   * Pays an order from the account of the session that confirms it. `conflict`: the amount shown to
   * the rider is not the order's. `declined`: this confirmation pays nothing, and nothing was stored
   * under the order's key, which may be paid already or still be. Confirming a paid one again gives
   * the same answer.
   */
  payOrder(confirmation: {
    issuer: number;
    order: string;
    account: string;
    serial: number;
    amountCents: number;
    nowMs: number;
  }): Promise<
    | { kind: 'unknown' | 'conflict' }
    | {
        kind: 'decided' | 'declined' | 'repeated';
        merchant: string;
        order: OrderRow;
        payment: Payment;
        rider: RiderPayment;
      }
  >;
};
