/** Records that were taken in before, read and looked up again: what they say, what is nearest to them, what is known now. */
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import type { LogRecord } from '@stile/protocol/gate-log.ts';
import type { Verify } from '@stile/protocol/signature.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import { checkRecord, type KnownIssuerKey, type RecordContent } from '../core/logs/check-record.ts';
import type { AgainFacts, UnjudgedRecord } from '../core/logs/judge-again.ts';
import type { RetimePiece, RetimeQuery } from '../core/logs/retime.ts';
import { anchorIn } from '../core/logs/ride-time.ts';
import { rulingQuery } from '../core/logs/ruling-query.ts';
import type { RulingFacts } from '../core/logs/rulings.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Facts } from './database.ts';

type Keys = readonly StoredIssuerKey[];

export function readAgain(
  facts: Facts,
  { record, verify }: { record: UnjudgedRecord; verify: Verify },
): Awaitable<AgainFacts & { facts: RulingFacts }> {
  return follow(facts.issuerKeys(), (keys) => {
    const content = contentOf(record, { keys, verify });
    return follow(facts.clockNeighbours(record), ({ before, after }) =>
      follow(facts.rulingFacts(record, rulingQuery([{ seq: record.seq, content }])), (found) => ({
        record,
        content,
        before: before && anchorIn(before),
        after: after && anchorIn(after),
        facts: found,
      })),
    );
  });
}

export type RetimeFacts = {
  piece: RetimePiece;
  contents: ReadonlyMap<number, RecordContent>;
  facts: RulingFacts;
};

/** Signatures held when these taps were taken in; a stored line cannot change. */
export function readRetime(facts: Facts, query: RetimeQuery): Awaitable<RetimeFacts> {
  return follow(facts.retimePiece(query), (piece) =>
    follow(facts.issuerKeys(), (keys) => {
      const records = piece.taps.map((tap) => {
        return { seq: tap.seq, content: contentOf(tap, { keys, verify: () => true }) };
      });
      const contents = new Map(records.map(({ seq, content }) => [seq, content]));
      const of = { epochId: query.epochId, gate: piece.taps[0]?.gate ?? '' };
      return follow(facts.rulingFacts(of, rulingQuery(records)), (found) => ({
        piece,
        contents,
        facts: found,
      }));
    }),
  );
}

function contentOf(
  record: LogRecord,
  { keys, verify }: { keys: Keys; verify: Verify },
): RecordContent {
  const issuerKeys = keys.map(
    (key): KnownIssuerKey => ({
      ...key,
      publicKeyBytes: fromHex(key.publicKey, 32) ?? new Uint8Array(32),
    }),
  );
  return checkRecord(record, { issuerKeys, verify, sha256, verifiedPasses: null });
}
