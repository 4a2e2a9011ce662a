/** Wrong codes are counted by method: those of payment codes leave online codes alone. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const FAILURES_BY_METHOD: DurableMigration = {
  name: '0013-failures-by-method',
  statements: [`ALTER TABLE payee_failure ADD COLUMN way TEXT NOT NULL DEFAULT 'PAYMENT_CODE'`],
};
