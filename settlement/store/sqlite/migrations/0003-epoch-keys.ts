/**
 * An epoch belongs to the gate's key that opened it, which is the one that sealed its first batch; and a
 * gate's key can be revoked.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const EPOCH_KEYS: DurableMigration = {
  name: '0003-epoch-keys',
  statements: [
    `ALTER TABLE gate_epoch ADD COLUMN gate_key_id INTEGER`,
    `UPDATE gate_epoch SET gate_key_id =
       (SELECT gate_key_id FROM batch WHERE epoch_id = gate_epoch.id ORDER BY id LIMIT 1)`,
    `ALTER TABLE gate_key ADD COLUMN revoked_at_ms INTEGER`,
    `ALTER TABLE gate_key ADD COLUMN revoked_by TEXT`,
  ],
};
