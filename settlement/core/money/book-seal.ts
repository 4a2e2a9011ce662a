/**
 * What seals the books: each transfer is chained to the one before by a keyed hash, and only the last link is
 * kept, and so is each resolution of a parked record; each epoch of a gate's log has a keyed hash over where it ends,
 * and so has what is kept of lists and of what was cut. Whoever has the database and not the key can neither change,
 * add nor cut off a transfer or a record without its showing.
 */
import { concatBytes, utf8 } from '@stile/protocol/bytes.ts';
import type { ListRules } from '../lists/list-rules.ts';
import type { CutKind, CutTotal } from '../retention/cut-changes.ts';

/** A keyed hash, HMAC-SHA-256 with the books' key. */
export type KeyedHash = (message: Uint8Array) => Uint8Array;

/** As it is stored. */
export type SealedTransfer = {
  number: number;
  id: string;
  debit: string;
  credit: string;
  amountCents: number;
  code: string;
  happenedAtMs: number;
  recordedAtMs: number;
};

/** As it is stored; what a person decided, with every column. */
export type SealedResolution = {
  number: number;
  oddLine: number | null;
  record: number | null;
  how: string;
  why: string;
  by: string;
  note: string;
  atMs: number;
  use: string | null;
  line: string | null;
  rideMs: number | null;
  ceilingCents: number | null;
  fareCents: number | null;
  tariffVersion: number | null;
  adoptedRecord: number | null;
};

export type SealedEpoch = {
  id: number;
  gate: string;
  epoch: string;
  lastSeq: number;
  head: Uint8Array;
};

/** The one chain of a file of books, in the books that it was moved into: nothing is added to it. */
export const MOVED_CHAIN = 'ledger:moved';

/** What a chain without a transfer ends in. */
export const FIRST_LINK = new Uint8Array(32);

/** @example link = nextLink(FIRST_LINK, { transfer, keyedHash }) */
export function nextLink(
  link: Uint8Array,
  { transfer, keyedHash }: { transfer: SealedTransfer; keyedHash: KeyedHash },
): Uint8Array {
  const { number, id, debit, credit, amountCents, code, happenedAtMs, recordedAtMs } = transfer;
  const fields = [number, id, debit, credit, amountCents, code, happenedAtMs, recordedAtMs];
  return keyedHash(concatBytes(utf8('SLB1-transfer\0'), link, utf8(JSON.stringify(fields))));
}

export function nextResolutionLink(
  link: Uint8Array,
  { resolution: one, keyedHash }: { resolution: SealedResolution; keyedHash: KeyedHash },
): Uint8Array {
  const person = [
    one.number,
    one.oddLine,
    one.record,
    one.how,
    one.why,
    one.by,
    one.note,
    one.atMs,
  ];
  const money = [one.use, one.line, one.rideMs, one.ceilingCents, one.fareCents, one.tariffVersion];
  const fields = JSON.stringify([person, money, one.adoptedRecord]);
  return keyedHash(concatBytes(utf8('SLB1-resolution\0'), link, utf8(fields)));
}

export function epochSeal(
  { id, gate, epoch, lastSeq, head }: SealedEpoch,
  keyedHash: KeyedHash,
): Uint8Array {
  const fields = utf8(JSON.stringify([id, gate, epoch, lastSeq]));
  return keyedHash(concatBytes(utf8('SLB1-epoch\0'), head, fields));
}

/** Tells one key from another without the books. */
export function bookKeyCheck(keyedHash: KeyedHash): Uint8Array {
  return keyedHash(utf8('SLB1-key\0'));
}

export function listRulesSeal(
  { version, issuedAtS, limits, revokedKeys, listSha256 }: ListRules,
  keyedHash: KeyedHash,
): Uint8Array {
  const { codeLifetimeSMax, skewS } = limits;
  const fields = utf8(JSON.stringify([version, issuedAtS, codeLifetimeSMax, skewS, revokedKeys]));
  return keyedHash(concatBytes(utf8('SLB1-list-rules\0'), listSha256, fields));
}

export function cutSeal(
  cut: CutKind,
  { total, keyedHash }: { total: CutTotal; keyedHash: KeyedHash },
): Uint8Array {
  const fields = utf8(JSON.stringify([cut, total.rows]));
  return keyedHash(concatBytes(utf8('SLB1-cut\0'), total.link, fields));
}
