/** Recovery codes and approvals that are over are found by when they ended, to be taken away after a time. */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const RECOVERY_ENDS: DurableMigration = {
  name: '0029-recovery-ends',
  statements: [
    `CREATE INDEX recovery_code_end ON recovery_code ((coalesce(ended_at_ms, expires_at_ms)))`,
    'CREATE INDEX approval_end ON approval (ends_at_ms)',
  ],
};
