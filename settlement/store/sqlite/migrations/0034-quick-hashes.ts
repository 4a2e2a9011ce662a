/** Of a recovery code a few bits of a quick hash; null for those from before there was one. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const QUICK_HASHES: DurableMigration = {
  name: '0034-quick-hashes',
  statements: [
    'ALTER TABLE recovery_code ADD COLUMN quick_hash TEXT',
    `CREATE INDEX recovery_code_quick ON recovery_code (quick_hash)
       WHERE ended_at_ms IS NULL OR used_serial IS NOT NULL`,
  ],
};
