/**
 * What has to be looked up before records can be ruled on: the opened taps whose code is genuine, and the
 * earlier records that a void or an answer is about. Nothing is looked up for what cannot claim a use.
 */
import type { CheckedRecord } from './batch.ts';
import type { CheckedTap, RecordContent } from './check-record.ts';

/** A tap that opened the gate and whose code holds. */
export type GenuineTap = Extract<CheckedTap, { problem: null }>;

export type RulingQuery = {
  taps: readonly { seq: number; tap: GenuineTap }[];
  /** Seqs of this log that a record refers to. */
  earlierSeqs: readonly number[];
};

/** Of which log they are. `base`: what it goes on from, if it is a branch that does not exist yet. */
export type RulingsOf = { epochId: number; gate: string; base?: BranchBase | null };

/** The record before the first one of a branch. */
export type BranchBase = { seq: number; hash: Uint8Array };

export function rulingQuery(
  records: readonly Pick<CheckedRecord, 'seq' | 'content'>[],
): RulingQuery {
  const taps: { seq: number; tap: GenuineTap }[] = [];
  const earlierSeqs: number[] = [];
  for (const { seq, content } of records) {
    if (isGenuine(content)) taps.push({ seq, tap: content });
    if (content.kind === 'void' || content.kind === 'answer') earlierSeqs.push(content.of);
  }
  return { taps, earlierSeqs };
}

function isGenuine(content: RecordContent): content is GenuineTap {
  return content.kind === 'tap' && content.verdict === 'open' && content.problem === null;
}
