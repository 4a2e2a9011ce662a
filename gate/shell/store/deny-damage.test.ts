/** A deny file that is damaged behind its first page: whoever is on it is let in by no look-up, and the damage is said. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { concatBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import {
  DENY_ID_BYTES,
  denyId,
  EMPTY_SET_DIGEST,
  updateSetDigest,
} from '@stile/protocol/deny-list.ts';
import { type DenyDelta, denyVersionOf } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { buildDenyFile, openDenyFile } from './deny-file.ts';

const ACCOUNT = '0000000000000001';
/** On some hundred pages. */
const IDS = 20_000;
const noPause = async () => undefined;
const passOf = (serial: number) => ({ issuer: 7, account: ACCOUNT, serial });

const ids = Array.from({ length: IDS }, (_, at) => denyId(passOf(at + 1)));
const idsDigestOf = (adds: readonly Uint8Array[]) =>
  updateSetDigest(EMPTY_SET_DIGEST, { adds, removes: [], sha256 });

let file: string;
beforeEach(async () => {
  file = join(scratchDir(), 'deny-1.db');
  const version = { version: 1, count: IDS, idsDigest: idsDigestOf(ids), salt: '5a'.repeat(32) };
  const head = denyVersionOf(version, sha256);
  await buildDenyFile(file, { head, body: concatBytes(...ids), pause: noPause });
});

function open() {
  const deny = openDenyFile(file);
  onTestFinished(() => deny.close());
  return deny;
}

const PAGE_BYTES = 4_096;

/** Which page of the file has this id in it, besides those of the head. */
function pageOf(serial: number): number {
  const at = readFileSync(file).indexOf(denyId(passOf(serial)));
  return Math.floor(at / PAGE_BYTES);
}

function writeAt(offset: number, bytes: Uint8Array): void {
  const all = readFileSync(file);
  all.set(bytes, offset);
  writeFileSync(file, all);
}

/** An error refuses as well. */
function answers(deny: ReturnType<typeof open>, serial: number): 'denied' | 'damage' | 'let in' {
  try {
    return deny.isDenied(passOf(serial)) ? 'denied' : 'let in';
  } catch (error) {
    expect(error).toMatchObject({ code: 'STORE_CORRUPT' });
    return 'damage';
  }
}

test('a page of it that is zeros is met by a look-up, and lets nobody in who is on it', () => {
  const page = pageOf(IDS / 2);
  expect(page).toBeGreaterThan(10);
  writeAt(page * PAGE_BYTES, new Uint8Array(PAGE_BYTES));
  const deny = open();
  expect(deny.isDamaged).toBe(false);
  const found = new Set<string>();
  for (let serial = 1; serial <= IDS; serial += 1) found.add(answers(deny, serial));
  expect(found).toEqual(new Set(['denied', 'damage']));
  expect(deny.isDamaged).toBe(true);
});

test('a step that meets such a page is refused as damage, and nothing of it shows', async () => {
  const id = denyId(passOf(IDS / 2));
  writeAt(pageOf(IDS / 2) * PAGE_BYTES, new Uint8Array(PAGE_BYTES));
  const deny = open();
  const before = deny.head;
  const idsDigest = updateSetDigest(idsDigestOf(ids), { adds: [], removes: [id], sha256 });
  const next = { version: 2, count: IDS - 1, idsDigest, salt: '5b'.repeat(32) };
  const step: DenyDelta = {
    stile: 'deny-delta/1',
    from: 1,
    ...denyVersionOf(next, sha256),
    adds: [],
    removes: [toHex(id)],
    issuedAtS: 0,
    force: false,
    saneFrom: 0,
  };
  await expect(deny.applyDelta(step, noPause)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect([deny.isDamaged, deny.head]).toEqual([true, before]);
});

test('an id that was changed into another is found by reading the whole list', async () => {
  const id = denyId(passOf(IDS / 2));
  const at = readFileSync(file).indexOf(id);
  writeAt(at, fromHex('ff'.repeat(DENY_ID_BYTES), DENY_ID_BYTES) ?? new Uint8Array());
  const deny = open();
  // What no look-up can see.
  expect(answers(deny, IDS / 2)).toBe('let in');
  await expect(deny.check(noPause)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  expect(deny.isDamaged).toBe(true);
});

test('a sound list is read to its end, in pieces; one that goes meanwhile is nobody’s damage', async () => {
  const deny = open();
  let pauses = 0;
  await deny.check(async () => {
    pauses += 1;
  });
  expect(pauses).toBe(IDS / 500);
  const closed = openDenyFile(file);
  await closed.check(async () => closed.close());
  expect([deny.isDamaged, closed.isDamaged]).toEqual([false, false]);
});

/** What a head may not be; each as it is stored. */
const HEADS: Record<string, string> = {
  'no salted digest': `UPDATE head SET salted_digest = ''`,
  'half of a salted digest': `UPDATE head SET salted_digest = substr(salted_digest, 1, 32)`,
  'a salted digest that is too long': `UPDATE head SET salted_digest = salted_digest || '00'`,
  'a salted digest in capitals': `UPDATE head SET salted_digest = '${'A'.repeat(64)}'`,
  'a salted digest that is none': `UPDATE head SET salted_digest = '${'x'.repeat(64)}'`,
  'a salted digest behind a line': `UPDATE head SET salted_digest = salted_digest || char(10)`,
  'no digest of ids': `UPDATE head SET set_digest = ''`,
  'a negative count': 'UPDATE head SET count = -1',
  'a negative version': 'UPDATE head SET version = -1',
  'no row': 'DELETE FROM head',
};

test.each(Object.entries(HEADS))('a head with %s opens no list', (_what, damage) => {
  const db = new Database(file);
  db.exec(damage);
  db.close();
  expect(statSync(file).size).toBeGreaterThan(0);
  expect(() => openDenyFile(file)).toThrow(
    expect.objectContaining({ code: 'STORE_CORRUPT', message: expect.stringContaining('no head') }),
  );
});
