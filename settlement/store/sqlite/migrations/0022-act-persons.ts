/**
 * Acts that were noted with the name of a person who was invited lose it: accounts have a hash of it only. A
 * detail that was cut off is no JSON any more and goes whole.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const ACT_PERSONS: DurableMigration = {
  name: '0022-act-persons',
  statements: [
    `DROP TRIGGER act_no_update`,
    `UPDATE act SET detail = json_remove(detail, '$.person')
     WHERE what = 'POST /v1/operator/invites' AND json_valid(detail)`,
    `UPDATE act SET detail = '{}'
     WHERE what = 'POST /v1/operator/invites' AND NOT json_valid(detail)`,
    `CREATE TRIGGER act_no_update BEFORE UPDATE ON act
       BEGIN SELECT RAISE(ABORT, 'act is append-only'); END`,
  ],
};
