/**
 * Begins a new epoch of a gate's log in its file: what settlement has not confirmed is written again from
 * seq 1 on, in its order and with what it speaks of; what was confirmed stays behind. The caller has the transaction.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import type { SqliteFile } from '@stile/host/durable-sqlite.ts';
import { utf8 } from '@stile/protocol/bytes.ts';
import { assert } from '@stile/protocol/fault.ts';
import { genesisHash, readRecord, recordHash } from '@stile/protocol/gate-log.ts';

export type NewEpoch = { gate: string; epoch: string; ackSeq: number };

/**
 * A void that waits takes its tap with it, an answer its ask. A new seq is never above the old one, so that
 * each record can take its new place before the next is read.
 */
export function rewriteLog(
  db: SqliteFile,
  { gate, epoch, ackSeq }: NewEpoch,
): { lastSeq: number; head: Uint8Array } {
  const seqs = db
    .prepare(
      `WITH RECURSIVE wanted (seq) AS (
         SELECT seq FROM log WHERE seq > ?
         UNION
         SELECT CAST(line AS TEXT) ->> '$.of' FROM wanted JOIN log USING (seq)
           WHERE CAST(line AS TEXT) ->> '$.of' IS NOT NULL)
       SELECT seq FROM wanted JOIN log USING (seq) ORDER BY seq`,
    )
    .pluck()
    .all(ackSeq) as number[];
  const read = db.prepare('SELECT seq, at_ms, line FROM log WHERE seq = ?');
  const remove = db.prepare('DELETE FROM log WHERE seq = ?');
  const insert = db.prepare('INSERT INTO log (seq, at_ms, line, hash) VALUES (?, ?, ?, ?)');
  const newSeqs = new Map(seqs.map((seq, index) => [seq, index + 1]));
  const opening = db.prepare('UPDATE opening SET seq = ? WHERE seq = ? AND acknowledged_s IS NULL');
  db.exec('UPDATE opening SET seq = 0 WHERE acknowledged_s IS NOT NULL');
  let head = genesisHash({ gate, epoch, sha256 });
  db.prepare('DELETE FROM log WHERE seq <= ? AND seq NOT IN (SELECT value FROM json_each(?))').run(
    ackSeq,
    JSON.stringify(seqs),
  );
  for (const [index, seq] of seqs.entries()) {
    const row = read.get(seq) as { at_ms: number; line: Uint8Array };
    const bytes = renumbered(row.line, { seq, newSeqs });
    head = recordHash({ previous: head, bytes, sha256 });
    remove.run(seq);
    insert.run(index + 1, row.at_ms, bytes, head);
    opening.run(index + 1, seq);
  }
  return { lastSeq: seqs.length, head };
}

function renumbered(
  bytes: Uint8Array,
  { seq, newSeqs }: { seq: number; newSeqs: ReadonlyMap<number, number> },
): Uint8Array {
  const reading = readRecord({ seq, bytes, hash: new Uint8Array() });
  assert(reading.ok, 'a gate reads what it has written');
  const { record } = reading;
  const newSeq = newSeqs.get(seq) ?? seq;
  if (!('of' in record)) return utf8(JSON.stringify({ ...record, seq: newSeq }));
  const of = newSeqs.get(record.of);
  if (of !== undefined) return utf8(JSON.stringify({ ...record, seq: newSeq, of }));
  // What it speaks of was pruned long ago: it is told to people.
  const { v, atMs, monoMs, boot, clock } = record;
  const stamp = { v, seq: newSeq, atMs, monoMs, boot, clock };
  const detail = `${record.kind} of a record that is gone: ${record.of}`;
  return utf8(JSON.stringify({ ...stamp, kind: 'note', note: 'EPOCH_BEGUN', detail }));
}
