/**
 * Where a record lies that a void or an answer names: in its own log, or, if that is a branch that was adopted and the
 * number is of before it, in the log that the branch goes on from, which may be a branch again. One gate has them all,
 * and its chain says which: the record before a branch has the hash that the branch begins with. A branch begins behind
 * the one that it goes on from, so every walk ends. Pieces of SQL that every store understands.
 */

/** Joins as `base`, of the log in its condition, the record that `branch` goes on from. */
const BASE = 'base.seq = branch.base_seq AND base.hash = branch.base_hash';

/** The logs in which a record `taken` may name `record`, which is of `gate_epoch`. */
export const LOGS_THAT_NAME = `(WITH RECURSIVE behind (id) AS (
  SELECT record.epoch_id
  UNION SELECT branch.id FROM behind
  JOIN gate_epoch AS branch ON branch.gate = gate_epoch.gate AND branch.base_seq >= record.seq
  JOIN record AS base ON base.epoch_id = behind.id AND ${BASE})
  SELECT id FROM behind)`;

/** Of a void the log in which lies what it names; of any other record its own. */
export const NAMED_EPOCH = `CASE WHEN record.kind <> 'void' THEN record.epoch_id ELSE coalesce((
  WITH RECURSIVE branch (id, gate, base_seq, base_hash) AS (
    SELECT own.id, own.gate, own.base_seq, own.base_hash FROM gate_epoch AS own
    WHERE own.id = record.epoch_id
    UNION SELECT earlier.id, earlier.gate, earlier.base_seq, earlier.base_hash FROM branch
    JOIN gate_epoch AS earlier ON earlier.gate = branch.gate AND earlier.id <> branch.id
    JOIN record AS base ON base.epoch_id = earlier.id AND ${BASE}
    WHERE branch.base_seq >= record.of_seq)
  SELECT min(id) FROM branch
  WHERE base_seq IS NULL OR base_seq < record.of_seq), record.epoch_id) END`;

/** The log that `branch` goes on from, or null. */
export const BASE_EPOCH = `(SELECT min(base.epoch_id) FROM gate_epoch AS earlier
  JOIN record AS base ON base.epoch_id = earlier.id AND ${BASE}
  WHERE earlier.gate = branch.gate AND earlier.id <> branch.id)`;

/** As `before`: the logs that lie before what goes on from this record of this gate, and up to where they do. */
export function logsBefore({ gate, seq, hash }: Record<'gate' | 'seq' | 'hash', string>): string {
  return `WITH RECURSIVE before (id, upto, base_seq, base_hash) AS (
    SELECT log.id, base.seq, log.base_seq, log.base_hash FROM gate_epoch AS log
    JOIN record AS base ON base.epoch_id = log.id AND base.seq = ${seq} AND base.hash = ${hash}
    WHERE log.gate = ${gate}
    UNION SELECT log.id, base.seq, log.base_seq, log.base_hash FROM before AS branch
    JOIN gate_epoch AS log ON log.gate = ${gate}
    JOIN record AS base ON base.epoch_id = log.id AND ${BASE})`;
}
