/** Managers of merchants have a token that tills do not; refunds of a day are found by their time. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const MERCHANT_MANAGERS: DurableMigration = {
  name: '0006-merchant-managers',
  statements: [
    `ALTER TABLE merchant ADD COLUMN manager_token_hash TEXT`,
    `CREATE UNIQUE INDEX merchant_manager ON merchant (manager_token_hash)
       WHERE manager_token_hash IS NOT NULL`,
    `CREATE INDEX payment_refund_at ON payment_refund (at_ms)`,
  ],
};
