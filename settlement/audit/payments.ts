/**
 * The checks of payments with a network: each answer has the money that it speaks of, refunds and
 * receipts add up, a code has paid once, and what a gate did not open for went back. It counts rows
 * anew and believes no sum that is kept beside them.
 */

import type { Connection } from '../store/sqlite/connection.ts';
import type { AuditCheck } from './audit.ts';
import { check } from './ledger.ts';

/** Postings of a payment: `payment:ID:pay`; of its refunds: `payment:ID:KEY:forgive` and `:return`. */
const PAYMENT_OF = `CAST(substr(transfer.id, 9) AS INTEGER)`;

const CREDIT = `iif(line IS NULL, payee, 'revenue:' || line)`;

export function auditPayments({ db }: Connection): AuditCheck[] {
  const namesOf = (sql: string) => db.prepare(sql).pluck().all() as string[];
  const counts = db.prepare(COUNTS).get() as Counts;
  const { paid, refused, refunds, asks, opened, waiting } = counts;
  return [
    check('every payment has its posting', namesOf(UNPOSTED), `${paid} paid, ${refused} refused`),
    check('every refund has its postings, none exceeds its payment', namesOf(ODD_REFUND), refunds),
    check("every merchant's balance is the sum of its payments", namesOf(ODD_MERCHANT), 'all'),
    check('receipts count up without a gap', namesOf(ODD_RECEIPT), 'all'),
    check('every paid order has one payment', namesOf(ODD_ORDER), 'all'),
    check('every handle has paid what its payments say', namesOf(ODD_HANDLE), 'all'),
    check('no step of a handle is spent twice', namesOf(TWICE_SPENT), 'none'),
    check('every code that a gate opened for was paid', namesOf(UNPAID), `${opened} of ${asks}`),
    check(
      'what a gate did not open for was given back',
      namesOf(KEPT),
      `all; ${waiting} paid, of which the gate has said nothing yet`,
    ),
  ];
}

type Counts = Record<'paid' | 'refused' | 'refunds' | 'asks' | 'opened' | 'waiting', string>;
const COUNTS = `
  SELECT (SELECT count(*) FROM payment WHERE outcome = 'PAID') || '' AS paid,
    (SELECT count(*) FROM payment WHERE outcome = 'REFUSED') || '' AS refused,
    (SELECT count(*) FROM payment_refund) || ' refunds' AS refunds,
    (SELECT count(*) FROM record WHERE kind = 'ask') || ' asks' AS asks,
    (SELECT count(*) FROM record WHERE kind = 'answer' AND verdict = 'open') || '' AS opened,
    (SELECT count(*) FROM payment WHERE line IS NOT NULL AND outcome = 'PAID' AND refunded_cents = 0
       AND NOT EXISTS (SELECT 1 FROM record WHERE kind = 'answer'
         AND use = 'ask/' || substr(payee, 6) || '/' || key)) || '' AS waiting`;

/** Both ways: a paid one without its posting, a posting without its payment. */
const UNPOSTED = `
  SELECT 'payment ' || payment.id FROM payment LEFT JOIN transfer
    ON transfer.id = 'payment:' || payment.id || ':pay' AND debit = 'wallet:' || account
       AND credit = ${CREDIT} AND transfer.amount_cents = payment.amount_cents AND code = 'PAY'
  WHERE (transfer.id IS NOT NULL) <> (outcome = 'PAID' AND payment.amount_cents > 0)
  UNION ALL
  SELECT 'transfer ' || transfer.id FROM transfer LEFT JOIN payment ON payment.id = ${PAYMENT_OF}
  WHERE code = 'PAY' AND (outcome IS NOT 'PAID' OR transfer.id <> 'payment:' || payment.id || ':pay')`;

const ODD_REFUND = `
  WITH posted AS (
    SELECT substr(id, 1, length(id) - iif(id GLOB '*:forgive', 8, 7)) AS name, sum(amount_cents) AS cents,
      min(debit) AS least, max(debit) AS most
    FROM transfer WHERE id GLOB 'payment:*' AND code = 'REFUND' GROUP BY 1)
  SELECT 'refund ' || refund.id FROM payment_refund AS refund JOIN payment ON payment.id = payment
    LEFT JOIN posted ON name = 'payment:' || payment.id || ':' || refund.key
  WHERE cents IS NOT refund.amount_cents OR least <> ${CREDIT} OR most <> ${CREDIT}
    OR outcome <> 'PAID'
  UNION ALL
  SELECT name FROM posted WHERE name NOT IN (SELECT 'payment:' || payment || ':' || key
    FROM payment_refund)
  UNION ALL
  SELECT 'payment ' || id FROM payment
    LEFT JOIN (SELECT payment AS of_id, sum(amount_cents) AS cents FROM payment_refund GROUP BY 1)
      ON of_id = id
  WHERE refunded_cents <> coalesce(cents, 0) OR refunded_cents > amount_cents`;

const ODD_MERCHANT = `
  SELECT coalesce(name, payee) FROM
    (SELECT name, credits_cents - debits_cents AS balance FROM ledger_account WHERE kind = 'merchant')
  FULL JOIN
    (SELECT payee, sum(amount_cents) - coalesce(sum(
       (SELECT sum(back.amount_cents) FROM payment_refund AS back WHERE back.payment = payment.id)), 0) AS cents
     FROM payment WHERE outcome = 'PAID' AND line IS NULL GROUP BY payee) ON name = payee
  WHERE coalesce(balance, 0) <> coalesce(cents, 0)`;

const ODD_RECEIPT = `
  SELECT merchant FROM merchant LEFT JOIN
    (SELECT payee, count(*) AS paid, count(DISTINCT receipt) AS receipts, min(receipt) AS least,
       max(receipt) AS most FROM payment WHERE outcome = 'PAID' AND line IS NULL GROUP BY payee)
    ON payee = 'merchant:' || merchant
  WHERE coalesce(paid, 0) <> last_receipt
    OR paid > 0 AND (receipts <> paid OR least <> 1 OR most <> paid)
  UNION ALL
  SELECT 'payment ' || id FROM payment
  WHERE receipt IS NOT NULL AND (outcome = 'REFUSED' OR line IS NOT NULL)`;

const ODD_ORDER = `
  SELECT 'order ' || purchase_order.order_id FROM purchase_order LEFT JOIN payment
    ON payment.order_id = purchase_order.order_id AND outcome = 'PAID'
       AND payment.key = purchase_order.key AND payee = 'merchant:' || merchant
       AND payment.amount_cents = purchase_order.amount_cents
  GROUP BY purchase_order.order_id HAVING count(payment.id) <> (state = 'PAID')
  UNION ALL
  SELECT 'payment ' || id FROM payment
  WHERE (way = 'ORDER') <> (order_id IS NOT NULL)
    OR order_id IS NOT NULL AND order_id NOT IN (SELECT order_id FROM purchase_order)`;

/** A handle that was removed may be drawn again: only payments since it was made are its own. */
const ODD_HANDLE = `
  SELECT 'handle of ' || payment_seed.account || '/' || payment_seed.serial FROM payment_seed
    LEFT JOIN payment ON payment.handle = payment_seed.handle AND outcome = 'PAID'
      AND at_ms >= created_at_ms
  GROUP BY payment_seed.handle
  HAVING coalesce(sum(amount_cents), 0) <> paid_cents
    OR count(*) FILTER (WHERE payment.account <> payment_seed.account) > 0`;

const TWICE_SPENT = `
  SELECT 'step ' || step FROM spent_step GROUP BY handle, step HAVING count(*) > 1`;

/** The answers of gates with their asks, from what the lines themselves say. */
const ANSWERS = `
  WITH answer AS (
    SELECT record.id, record.verdict, record.outcome AS end, ask.line AS ask, gate,
      CAST(record.line AS TEXT) ->> '$.fareCents' AS fare,
      EXISTS (SELECT 1 FROM record AS taken WHERE taken.epoch_id = record.epoch_id
        AND taken.kind = 'void' AND taken.of_seq = record.seq) AS voided,
      row_number() OVER (PARTITION BY gate, coalesce(ask.use, record.id) ORDER BY record.id) AS nth
    FROM record JOIN gate_epoch ON gate_epoch.id = record.epoch_id
      LEFT JOIN record AS ask ON ask.epoch_id = record.epoch_id AND ask.kind = 'ask'
        AND ask.seq = CAST(record.line AS TEXT) ->> '$.of'
    WHERE record.kind = 'answer'),
  answered AS (
    SELECT answer.id AS record, verdict, end, ask, fare, voided, nth, payment.outcome,
      payment.amount_cents AS paid, payment.refunded_cents AS back
    FROM answer LEFT JOIN payment
      ON payee = 'gate:' || gate AND key = CAST(ask AS TEXT) ->> '$.id')`;

const UNPAID = `${ANSWERS}
  SELECT 'record ' || record FROM answered
  WHERE ask IS NULL OR nth > 1
    OR verdict = 'open' AND NOT voided
      AND (outcome IS NOT 'PAID' OR paid IS NOT fare OR back > 0 OR end IS NOT 'PAID')
    OR verdict = 'open' AND voided AND end IS NOT 'VOIDED'`;

const KEPT = `${ANSWERS}
  SELECT 'record ' || record FROM answered
  WHERE nth = 1 AND (verdict = 'refuse' OR voided) AND ask IS NOT NULL
    AND (outcome IS NULL OR outcome = 'PAID' AND back < paid)`;
