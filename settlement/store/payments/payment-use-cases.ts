/** How payments are made, given back and ordered: facts are read, core/ decides, the database writes what was decided. */
import { backEvents, confirmedEvents, orderEvent, tell } from '../../core/events/tell.ts';
import { merchantAccountOf } from '../../core/money/ledger.ts';
import { decideRefund, decideReversal } from '../../core/payments/give-back.ts';
import {
  decideCancellation,
  decideConfirmation,
  decideNewOrder,
  findOrderView,
  offerView,
} from '../../core/payments/order.ts';
import type { PaymentRequest } from '../../core/payments/pay.ts';
import { decidePayments } from '../../core/payments/pay-together.ts';
import type { PaymentLimits } from '../../core/payments/payment-rules.ts';
import type { Database } from '../database.ts';
import type { Store } from '../port.ts';
import { createGroups } from '../turns/groups.ts';
import { readPayments } from './read-payments.ts';

/** Within what payments, codes and orders are decided. */
export type StoreRules = { paymentLimits: PaymentLimits };

type PaymentUseCases = Pick<
  Store,
  | 'pay'
  | 'findPayment'
  | 'reversePayment'
  | 'refundPayment'
  | 'listPayments'
  | 'addOrder'
  | 'findOrder'
  | 'cancelOrder'
  | 'findOffer'
  | 'confirmOrder'
>;

/** Payments share their commits; whatever else there is has a transaction of its own. */
export function paymentUseCases(database: Database, rules: StoreRules): PaymentUseCases {
  const { views, transact, transactTogether } = database;
  const limits = rules.paymentLimits;
  const { reversalS } = limits;
  return {
    pay: createGroups({
      ...database.payments,
      run: (requests: readonly PaymentRequest[]) =>
        transactTogether({
          read: (facts) => readPayments(facts, requests),
          decide: (found) => decidePayments(found, { requests, limits }),
        }),
    }),
    reversePayment: ({ merchant, idempotencyKey, role, ...at }) =>
      transactTogether({
        read: (facts) => facts.reversal({ merchant, idempotencyKey, reversalS, nowMs: at.nowMs }),
        decide: (found) => {
          const payee = merchantAccountOf(merchant);
          const request = { payee, key: idempotencyKey, why: 'REVERSED', ...at } as const;
          const decided = decideReversal(found, { request, role, limits });
          return tell(decided, (result) => backEvents(result, { merchant, atMs: at.nowMs }));
        },
      }),
    refundPayment: (request) =>
      transactTogether({
        read: (facts) => facts.refund({ ...request, reversalS }),
        decide: (found) =>
          tell(decideRefund(found, { request, limits }), (result) =>
            backEvents(result, { merchant: request.merchant, atMs: request.nowMs }),
          ),
      }),
    findPayment: async (merchant, key) => await views.findPayment(merchant, key),
    listPayments: async (merchant, page) => await views.listPayments(merchant, page),
    addOrder: (request) =>
      transact({
        read: (facts) => facts.newOrder(request),
        decide: (found) => decideNewOrder(found, request),
      }),
    findOrder: async (query) => findOrderView(await views.findOrder(query.order), query),
    cancelOrder: (query) =>
      transact({
        read: (facts) => facts.order(query.order),
        decide: (found) =>
          tell(decideCancellation(found, query), (order) =>
            order === undefined ? [] : [orderEvent(query.merchant, { order, atMs: query.nowMs })],
          ),
      }),
    findOffer: async (order, nowMs) => {
      const stored = await views.findOrder(order);
      return stored === null ? undefined : offerView(stored, nowMs);
    },
    confirmOrder: (request) =>
      transactTogether({
        read: (facts) => facts.confirmation(request),
        decide: (found) =>
          tell(decideConfirmation(found, { request, limits }), (result) =>
            confirmedEvents(result, { account: request.account, atMs: request.nowMs }),
          ),
      }),
  };
}
