/**
 * Voids and answers that were adopted when settlement did not look far enough back for what they name have no use: they
 * are judged again, once.
 */
import type { Migration } from './migration.ts';

export const VOIDS_BEHIND_FORKS: Migration = {
  name: '0012-voids-behind-forks',
  statements: [
    `INSERT INTO unjudged (record, slot, account, due)
       SELECT record.id, record.slot, NULL, 1 FROM gate_epoch
       JOIN record ON record.epoch_id = gate_epoch.id
       WHERE branch_of IS NOT NULL AND kind IN ('void', 'answer') AND use IS NULL
       ON CONFLICT DO NOTHING`,
  ],
};
