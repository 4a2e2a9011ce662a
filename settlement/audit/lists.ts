/**
 * The lists that gates obey: what is stored of each trust list is what was signed, and the deny list in force is
 * what its version says of count and digest, and what the last trust list names.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { type Check, checkOf } from './check.ts';

/** Ids that are hashed at a time. */
const PAGE_IDS = 1_000;

export function checkDenyList(): Check {
  let ids: Uint8Array[] = [];
  let count = 0;
  let setDigest = EMPTY_SET_DIGEST;
  let stored = '';
  let signed = '';
  const take = () => {
    setDigest = updateSetDigest(setDigest, { adds: ids, removes: [], sha256 });
    ids = [];
  };
  return {
    deniedId: ({ id }) => {
      count += 1;
      ids.push(id);
      if (ids.length === PAGE_IDS) take();
    },
    denyVersion: (head) => {
      stored = headName(head);
    },
    trustList: ({ payload }) => {
      signed = denyHeadIn(payload);
    },
    results: () => {
      take();
      const name = 'the deny list is what its version says, and what was signed';
      const version = stored === '' ? '0' : (stored.split(' ')[0] ?? '');
      const found = headName({ version: Number(version), count, setDigest });
      const isGood = (stored === '' || stored === found) && (signed === '' || signed === found);
      return [checkOf(name, { wrong: isGood ? [] : [found], good: `${count} denied` })];
    },
  };
}

type Head = { version: number; count: number; setDigest: string };

function headName({ version, count, setDigest }: Head): string {
  return `${version} ${count} ${setDigest}`;
}

function denyHeadIn(payload: string): string {
  try {
    return headName((JSON.parse(payload) as { deny: Head }).deny);
  } catch {
    return 'unreadable';
  }
}

/** Whether the text beside each signed list is the text that was signed. */
export function checkTrustLists(): Check {
  const wrong: string[] = [];
  let count = 0;
  return {
    trustList: ({ version, jws, payload }) => {
      count += 1;
      if (!isSigned(jws, payload)) wrong.push(`trust list ${version}`);
    },
    results: () => {
      const name = 'every trust list is stored as it was signed';
      return [checkOf(name, { wrong, good: `${count} lists` })];
    },
  };
}

function isSigned(jws: string, payload: string): boolean {
  try {
    const signed = Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString('utf8');
    return JSON.stringify(JSON.parse(signed)) === JSON.stringify(JSON.parse(payload));
  } catch {
    return false;
  }
}
