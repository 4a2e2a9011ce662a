/** Which phone let another one join; and codes that a phone has disowned, which only block. */
import type { Migration } from './migration.ts';

export const DOUBTED_CODES: Migration = {
  name: '0020-doubted-codes',
  statements: [
    'ALTER TABLE recovery_code ADD COLUMN disowned_at_ms bigint',
    'ALTER TABLE pass ADD COLUMN added_by bigint',
    `UPDATE pass SET added_by = (SELECT max(drawn_by) FROM recovery_code
       WHERE recovery_code.account = pass.account AND used_serial = pass.serial AND kind = 'PHONE')`,
  ],
};
