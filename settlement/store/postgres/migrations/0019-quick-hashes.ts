/** Of a recovery code a few bits of a quick hash; null for those from before there was one. */
import type { Migration } from './migration.ts';

export const QUICK_HASHES: Migration = {
  name: '0019-quick-hashes',
  statements: [
    'ALTER TABLE recovery_code ADD COLUMN quick_hash text COLLATE "C"',
    `CREATE INDEX recovery_code_quick ON recovery_code (quick_hash)
       WHERE ended_at_ms IS NULL OR used_serial IS NOT NULL`,
  ],
};
