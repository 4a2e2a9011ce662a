/**
 * Where a record lies that a void or an answer names: in its own log, or, if that is a branch that was adopted and the
 * number is of before it, in the log that the branch goes on from. One gate has it, and its chain says which: the
 * record before the branch has the hash that the branch begins with. Pieces of SQL that every store understands.
 */

/** Joins as `base`, of the log in its condition, the record that `branch` goes on from. */
const BASE = 'base.seq = branch.base_seq AND base.hash = branch.base_hash';

/** The logs in which a record `taken` may name `record`, which is of `gate_epoch`. */
export const LOGS_THAT_NAME = `(SELECT record.epoch_id UNION ALL
  SELECT branch.id FROM gate_epoch AS branch
  JOIN record AS base ON base.epoch_id = record.epoch_id AND ${BASE}
  WHERE branch.gate = gate_epoch.gate AND branch.base_seq >= record.seq)`;

/** Of a void the log in which lies what it names; of any other record its own. */
export const NAMED_EPOCH = `CASE WHEN record.kind <> 'void' THEN record.epoch_id ELSE coalesce((
  SELECT min(base.epoch_id) FROM gate_epoch AS branch
  JOIN gate_epoch AS earlier ON earlier.gate = branch.gate AND earlier.id <> branch.id
  JOIN record AS base ON base.epoch_id = earlier.id AND ${BASE}
  WHERE branch.id = record.epoch_id AND branch.base_seq >= record.of_seq), record.epoch_id) END`;

/** The log that `branch` goes on from, or null. */
export const BASE_EPOCH = `(SELECT min(base.epoch_id) FROM gate_epoch AS earlier
  JOIN record AS base ON base.epoch_id = earlier.id AND ${BASE}
  WHERE earlier.gate = branch.gate AND earlier.id <> branch.id)`;
