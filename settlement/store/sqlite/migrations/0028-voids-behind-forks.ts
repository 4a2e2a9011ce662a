/**
 * Voids and answers that were adopted when settlement did not look far enough back for what they name have no use: they
 * are judged again, once.
 */
import type { DurableMigration } from '@stile/host/durable-sqlite.ts';

export const VOIDS_BEHIND_FORKS: DurableMigration = {
  name: '0028-voids-behind-forks',
  statements: [
    `INSERT OR IGNORE INTO unjudged SELECT record.id, NULL, 1 FROM gate_epoch
       JOIN record ON record.epoch_id = gate_epoch.id
       WHERE branch_of IS NOT NULL AND kind IN ('void', 'answer') AND use IS NULL`,
  ],
};
