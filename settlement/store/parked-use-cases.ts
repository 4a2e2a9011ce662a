/**
 * Parked records, resolved by a person: one transaction for each, so that a crash in the middle of many leaves some
 * resolved and the others as they were.
 */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { sha256 } from '@stile/crypto/sign.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import { checkRecord, type KnownIssuerKey, type RecordContent } from '../core/logs/check-record.ts';
import { rulingQuery } from '../core/logs/ruling-query.ts';
import type { Limits } from '../core/logs/rulings.ts';
import {
  claimedRideOf,
  type ParkedRecord,
  type StoredParked,
} from '../core/parked/parked-record.ts';
import type { ResolutionHow, Subject } from '../core/parked/resolution-changes.ts';
import { decideResolution, type ResolveFacts } from '../core/parked/resolve.ts';
import { type Awaitable, follow } from './awaitable.ts';
import type { Database, Facts } from './database.ts';
import type { ResolvedRecord, Store } from './port.ts';

type ParkedUseCases = Pick<Store, 'resolveParked' | 'listResolutions'>;

export function parkedUseCases(
  { views, transact, takeTurn }: Database,
  { limitsNow }: { limitsNow: Limits },
): ParkedUseCases {
  const contentOf = contentReader();

  function read(facts: Facts, { subject, how }: { subject: Subject; how: ResolutionHow }) {
    return follow(facts.parked(subject), (stored) =>
      follow(facts.issuerKeys(), (keys) => {
        const record: ParkedRecord = { ...stored, content: contentOf(stored, keys) };
        return follow(READERS[how](facts, { record, keys, limitsNow }), (more) =>
          follow(facts.nextResolution(), (nextNumber): ResolveFacts => {
            return { record, nextNumber, ...more };
          }),
        );
      }),
    );
  }

  return {
    resolveParked: async ({ query, request }) => {
      const found = await views.findParked({ ...query, limit: query.limit + 1 });
      const records: ResolvedRecord[] = [];
      for (const { seq, ...subject } of found.slice(0, query.limit)) {
        await takeTurn();
        const result = await transact({
          read: (facts) => read(facts, { subject, how: request.how }),
          decide: (facts) => decideResolution(facts, request),
        });
        records.push({ seq, result });
      }
      const before = found.length > 0 ? [] : await views.findEarlierWords(query);
      return { records, before, nextSeq: found[query.limit]?.seq ?? null };
    },
    listResolutions: async (page) => await views.listResolutions(page),
  };
}

type More = Pick<ResolveFacts, 'writeOff' | 'adopt' | 'accept'>;
type Of = { record: ParkedRecord; keys: readonly StoredIssuerKey[]; limitsNow: Limits };
type Reader = (facts: Facts, of: Of) => Awaitable<More>;

const NOTHING_MORE: More = { writeOff: null, adopt: null, accept: null };

/** What only this way to resolve has to know. */
const READERS: Record<ResolutionHow, Reader> = {
  REPLAY: () => NOTHING_MORE,
  WRITE_OFF: readWriteOff,
  ADOPT: readAdoption,
  ACCEPT: readPass,
};

function readWriteOff(facts: Facts, { record }: Of): Awaitable<More> {
  const ride = claimedRideOf(record);
  const own = record.subject.kind === 'record' ? record.subject.id : 0;
  const of = { gate: record.gate, line: ride?.line ?? '', use: ride?.use ?? '', record: own };
  return follow(facts.writeOff(of), (writeOff) => ({ ...NOTHING_MORE, writeOff }));
}

function readAdoption(facts: Facts, { record, limitsNow }: Of): Awaitable<More> {
  const { prev, epochId, seq, gate, content } = record;
  if (prev === null) return NOTHING_MORE;
  return follow(facts.branch({ epochId, seq, prev }), (found) => {
    const { branch } = found;
    const base = branch === null ? { seq: seq - 1, hash: prev } : null;
    const of = { epochId: branch?.id ?? 0, gate, base };
    return follow(facts.rulingFacts(of, rulingQuery([{ seq, content }])), (rulings) => ({
      ...NOTHING_MORE,
      adopt: { ...found, rulings, limitsNow },
    }));
  });
}

function readPass(facts: Facts, { record, keys }: Of): Awaitable<More> {
  const { seq, content, epochId, gate } = record;
  const isGenuine =
    content.kind === 'tap' && content.verdict === 'open' && content.problem === null;
  if (!isGenuine) return NOTHING_MORE;
  const { account, deviceKey, issuer, keyId } = content.code;
  const isSigner = (key: StoredIssuerKey) => key.issuer === issuer && key.keyId === keyId;
  const isIssuerRevoked = keys.some((key) => isSigner(key) && key.status === 'revoked');
  return follow(facts.identity({ account, publicKey: deviceKey }), (identity) =>
    follow(facts.rulingFacts({ epochId, gate }, rulingQuery([{ seq, content }])), ({ passes }) => ({
      ...NOTHING_MORE,
      accept: { ...identity, pass: passes.get(seq), isIssuerRevoked },
    })),
  );
}

/** A record in a log is checked anew, by the keys that are known now. */
function contentReader() {
  const verify = createNodeVerify();
  return (stored: StoredParked, keys: readonly StoredIssuerKey[]): RecordContent => {
    const issuerKeys = keys.map(
      (key): KnownIssuerKey => ({
        ...key,
        publicKeyBytes: fromHex(key.publicKey, 32) ?? new Uint8Array(32),
      }),
    );
    return (
      stored.content ?? checkRecord(stored, { issuerKeys, verify, sha256, verifiedPasses: null })
    );
  };
}
