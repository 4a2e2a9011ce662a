/**
 * Merchants, their orders and payments, each under who is paid. A payment may learn of its refunds, an order of its end;
 * a refused payment may go once its key stands in a table of its own.
 */
import { appendOnly, refusing } from './append-only.ts';
import type { Migration } from './migration.ts';

const TABLES = [
  `CREATE TABLE merchant (
     merchant text COLLATE "C" PRIMARY KEY, name text COLLATE "C" NOT NULL,
     token_hash text COLLATE "C" NOT NULL, manager_token_hash text COLLATE "C",
     last_receipt bigint NOT NULL, created_at_ms bigint NOT NULL, blocked_at_ms bigint)`,
  `CREATE INDEX merchant_token ON merchant (token_hash)`,
  `CREATE INDEX merchant_manager ON merchant (manager_token_hash)
     WHERE manager_token_hash IS NOT NULL`,
  `CREATE TABLE purchase_order (
     order_id text COLLATE "C" NOT NULL, merchant text COLLATE "C" NOT NULL REFERENCES merchant,
     key text COLLATE "C" NOT NULL, amount_cents bigint NOT NULL CHECK (amount_cents > 0),
     note text COLLATE "C",
     state text COLLATE "C" NOT NULL CHECK (state IN ('OPEN', 'PAID', 'CANCELLED')),
     created_at_ms bigint NOT NULL, expires_at_ms bigint NOT NULL,
     PRIMARY KEY (order_id, merchant), UNIQUE (merchant, key))`,
  `CREATE TABLE payment (
     id bigint NOT NULL, payee text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
     request_hash text COLLATE "C" NOT NULL,
     outcome text COLLATE "C" NOT NULL CHECK (outcome IN ('PAID', 'REFUSED')),
     reason text COLLATE "C", way text COLLATE "C", account text COLLATE "C", serial bigint,
     handle text COLLATE "C", line text COLLATE "C", note text COLLATE "C", order_id text COLLATE "C",
     amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
     refunded_cents bigint NOT NULL CHECK (refunded_cents BETWEEN 0 AND amount_cents),
     receipt bigint, at_ms bigint NOT NULL,
     PRIMARY KEY (payee, key), UNIQUE (id, payee),
     CHECK ((outcome = 'PAID') = (reason IS NULL)), CHECK (outcome = 'REFUSED' OR account IS NOT NULL))`,
  `CREATE UNIQUE INDEX payment_receipt ON payment (payee, receipt) WHERE receipt IS NOT NULL`,
  `CREATE INDEX payment_of ON payment (account, at_ms) WHERE outcome = 'PAID'`,
  `CREATE INDEX payment_at ON payment (payee, at_ms, id)`,
  `CREATE INDEX payment_refused ON payment (at_ms, id) WHERE outcome = 'REFUSED'`,
  `CREATE TABLE payment_refund (
     payment bigint NOT NULL, payee text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
     number bigint NOT NULL, amount_cents bigint NOT NULL CHECK (amount_cents > 0),
     why text COLLATE "C" NOT NULL, at_ms bigint NOT NULL,
     PRIMARY KEY (payment, payee, key), UNIQUE (payment, payee, number),
     FOREIGN KEY (payment, payee) REFERENCES payment (id, payee))`,
  `CREATE INDEX payment_refund_at ON payment_refund (payee, at_ms)`,
  `CREATE TABLE refused_key (
     payee text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, reason text COLLATE "C" NOT NULL,
     at_ms bigint NOT NULL, PRIMARY KEY (payee, key))`,
  `CREATE TABLE payee_failure (
     payee text COLLATE "C" NOT NULL, number bigint NOT NULL, at_ms bigint NOT NULL,
     way text COLLATE "C" NOT NULL, PRIMARY KEY (payee, number))`,
  `CREATE INDEX payee_failure_of ON payee_failure (payee, at_ms)`,
  `CREATE INDEX payee_failure_age ON payee_failure (at_ms)`,
];

const PAYMENT =
  'id, payee, key, request_hash, outcome, reason, way, account, serial, handle, line, note, order_id, amount_cents, receipt, at_ms';
const ORDER = 'order_id, merchant, key, amount_cents, note, created_at_ms, expires_at_ms';

export const PAYMENTS: Migration = {
  name: '0004-payments',
  statements: [
    ...TABLES,
    refusing('payment', { what: 'UPDATE', columns: PAYMENT }),
    `CREATE FUNCTION refuse_payment_cut() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN
         IF OLD.outcome = 'REFUSED' AND EXISTS (
           SELECT 1 FROM refused_key WHERE payee = OLD.payee AND key = OLD.key) THEN RETURN OLD; END IF;
         RAISE EXCEPTION 'payment is append-only';
       END $$`,
    `CREATE TRIGGER payment_no_delete BEFORE DELETE ON payment
       FOR EACH ROW EXECUTE FUNCTION refuse_payment_cut()`,
    ...appendOnly('payment_refund'),
    ...appendOnly('purchase_order', ORDER),
    ...appendOnly('refused_key'),
  ],
};
