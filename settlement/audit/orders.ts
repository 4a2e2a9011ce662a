/**
 * An order is PAID if and only if its merchant has a paid payment under the order's key, of its amount
 * and naming it; and a payment names an order, one that there is, if and only if it was paid that way.
 */
import { type Check, checkOf } from './check.ts';

export function checkOrders(): Check {
  const orders: string[] = [];
  const payments: string[] = [];
  return {
    order: ({ order, state, amountCents, payment }) => {
      const isPaid =
        payment?.outcome === 'PAID' &&
        payment.order === order &&
        payment.amountCents === amountCents;
      if (isPaid !== (state === 'PAID')) orders.push(`order ${order}`);
    },
    payment: ({ id, method, order, isOrderKnown }) => {
      const hasOrder = order !== null;
      // A payment without a method was refused before one was known: only its order must be one.
      const isOdd = method !== null && (method === 'ORDER') !== hasOrder;
      if (isOdd || (hasOrder && !isOrderKnown)) payments.push(`payment ${id}`);
    },
    results: () => {
      const wrong = [...orders, ...payments];
      return [checkOf('every paid order has one payment', { wrong, good: 'all' })];
    },
  };
}
