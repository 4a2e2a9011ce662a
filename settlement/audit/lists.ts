/**
 * The lists that gates obey: what is stored of each trust list is what was signed, and what is kept of those that
 * went is as it was sealed; the deny list in force is what its version says of count and digest, and what the last
 * trust list names.
 */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { openSigned, type RootTrust } from '@stile/protocol/root-trust.ts';
import { openByKey } from '@stile/protocol/signed.ts';
import { type DenyHead, denyVersionOf, trustListSchema } from '@stile/protocol/trust-list.ts';
import { NOTHING_DENIED } from '../core/lists/deny.ts';
import { type ListRules, rulesOf } from '../core/lists/list-rules.ts';
import { type KeyedHash, listRulesSeal } from '../core/money/book-seal.ts';
import { type Check, checkOf } from './check.ts';
import type { DenyVersionRow, ListRulesRow } from './port.ts';

/** Ids that are hashed at a time. */
const PAGE_IDS = 1_000;

export function checkDenyList(): Check {
  let ids: Uint8Array[] = [];
  let count = 0;
  let idsDigest = EMPTY_SET_DIGEST;
  let stored: DenyVersionRow | null = null;
  let signed = '';
  const take = () => {
    idsDigest = updateSetDigest(idsDigest, { adds: ids, removes: [], sha256 });
    ids = [];
  };
  return {
    deniedId: ({ id }) => {
      count += 1;
      ids.push(id);
      if (ids.length === PAGE_IDS) take();
    },
    denyVersion: (head) => {
      stored = head;
    },
    trustList: ({ payload }) => {
      signed = denyHeadIn(payload);
    },
    results: () => {
      take();
      const name = 'the deny list is what its version says, and what was signed';
      // The salt is as it is stored: the signed digest says whether it is the right one.
      const { version, salt } = stored ?? NOTHING_DENIED;
      const found = headName(denyVersionOf({ version, count, idsDigest, salt }, sha256));
      const isStored = stored === null || headName(denyVersionOf(stored, sha256)) === found;
      const isGood = isStored && (signed === '' || signed === found);
      return [checkOf(name, { wrong: isGood ? [] : [found], good: `${count} denied` })];
    },
  };
}

function headName({ version, count, setDigest }: DenyHead): string {
  return `${version} ${count} ${setDigest}`;
}

function denyHeadIn(payload: string): string {
  try {
    return headName((JSON.parse(payload) as { deny: DenyHead }).deny);
  } catch {
    return 'unreadable';
  }
}

/** Each list that is still there is signed by the operator, whatever its text says now. Null: no root is known. */
export function checkListSignatures(root: RootTrust | null): Check {
  const wrong: Promise<string | null>[] = [];
  return {
    trustList: ({ version, jws }) => {
      wrong.push(isSignedUnder(root, jws).then((is) => (is ? null : `trust list ${version}`)));
    },
    results: async () => {
      const found = (await Promise.all(wrong)).filter((name) => name !== null);
      if (root === null) found.unshift('the first root is missing');
      const good = `${wrong.length} lists`;
      return [checkOf('every trust list is signed by the operator', { wrong: found, good })];
    },
  };
}

/** Also by roots and online keys that have ended since, and by the first root itself: it once signed lists. */
async function isSignedUnder(root: RootTrust | null, jws: string): Promise<boolean> {
  if (root === null) return false;
  const type = 'stile-trust-list+jws';
  const schema = trustListSchema;
  const first = root.state.earlier[0] ?? root.state.root;
  const ways = [
    () => openSigned(type, jws, { root, schema, isKept: true }),
    () => openByKey(type, jws, { key: first, schema }),
  ];
  for (const open of ways) {
    const list = await open().catch(() => null);
    if (list !== null) return true;
  }
  return false;
}

/** What rulings go by is what the list said, as long as it is there, and as it was sealed. */
export function checkListRules(keyedHash: KeyedHash | null): Check {
  const wrong: string[] = [];
  const fields = new Map<number, string>();
  let count = 0;
  return {
    trustList: ({ version, jws, payload }) => {
      fields.set(version, fieldsIn(jws, payload));
    },
    listRules: ({ seal, ...row }) => {
      count += 1;
      const stored = rulesIn(row);
      const signed = fields.get(row.version);
      fields.delete(row.version);
      const isSigned = signed === undefined || signed === fieldsOf(stored);
      const isSealed =
        keyedHash === null || toHex(seal) === toHex(listRulesSeal(stored, keyedHash));
      if (!isSigned || !isSealed) wrong.push(`rules of trust list ${row.version}`);
    },
    results: () => {
      for (const version of fields.keys()) wrong.push(`no rules of trust list ${version}`);
      const good = `${count} lists`;
      return [checkOf('what rulings go by is what was published', { wrong, good })];
    },
  };
}

function rulesIn(row: Omit<ListRulesRow, 'seal'>): ListRules {
  const { version, issuedAtS, codeLifetimeSMax, skewS, revoked, listSha256 } = row;
  let revokedKeys: string[] = [revoked];
  try {
    revokedKeys = JSON.parse(revoked) as string[];
  } catch {
    // What is no list of names is none that was sealed.
  }
  return { version, issuedAtS, limits: { codeLifetimeSMax, skewS }, revokedKeys, listSha256 };
}

function fieldsIn(jws: string, payload: string): string {
  try {
    return fieldsOf(rulesOf(trustListSchema.parse(JSON.parse(payload)), { jws, sha256 }));
  } catch {
    return 'unreadable';
  }
}

function fieldsOf({ version, issuedAtS, limits, revokedKeys, listSha256 }: ListRules): string {
  const { codeLifetimeSMax, skewS } = limits;
  const digest = toHex(listSha256);
  return JSON.stringify([version, issuedAtS, codeLifetimeSMax, skewS, revokedKeys, digest]);
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
