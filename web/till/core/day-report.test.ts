/** The close of a day and its file. */
import type { Payment } from '@stile/protocol/http/merchant-api.ts';
import { expect, test } from 'vitest';
import { dayCsv, totalsByMethod } from './day-report.ts';

const PAID: Payment = {
  idempotencyKey: 'till-1',
  outcome: 'PAID',
  reason: null,
  way: 'ORDER',
  amountCents: 1_250,
  refundedCents: 250,
  note: null,
  receipt: 1,
  order: null,
  atMs: Date.UTC(2026, 9, 25, 0, 30),
  refunds: [],
};

test('each way that was paid in has its totals; what was not paid counts nowhere', () => {
  const payments: Payment[] = [
    { ...PAID, receipt: 3, way: 'PAYMENT_CODE', amountCents: 100, refundedCents: 0 },
    { ...PAID, receipt: null, outcome: 'REFUSED', way: 'PAYMENT_CODE' },
    { ...PAID, receipt: 2, refundedCents: 0 },
    PAID,
  ];
  expect(totalsByMethod(payments)).toEqual([
    { way: 'PAYMENT_CODE', payments: 1, paidCents: 100, refundedCents: 0 },
    { way: 'ORDER', payments: 2, paidCents: 2_500, refundedCents: 250 },
  ]);
  expect(totalsByMethod([])).toEqual([]);
});

test('the file has the oldest first, and no note that a table would take for a formula', () => {
  const payments: Payment[] = [
    { ...PAID, idempotencyKey: 'till-2', receipt: 2, note: '=1+1' },
    { ...PAID, note: 'rolls, 2 "big"' },
  ];
  expect(dayCsv(payments, 'EUR').split('\r\n')).toEqual([
    'receipt,time,outcome,method,amount,given_back,currency,note,key',
    '1,2026-10-25T00:30:00.000Z,PAID,ORDER,12.50,2.50,EUR,"rolls, 2 ""big""",till-1',
    "2,2026-10-25T00:30:00.000Z,PAID,ORDER,12.50,2.50,EUR,'=1+1,till-2",
    '',
  ]);
  expect(dayCsv([PAID], 'JPY')).toContain(',1250,250,JPY,');
});
