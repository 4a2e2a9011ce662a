/** An online code may be made for an amount: it pays no more than that. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const BOUND_CODES: DurableMigration = {
  name: '0010-bound-codes',
  statements: ['ALTER TABLE online_code ADD COLUMN bound_cents INTEGER'],
};
