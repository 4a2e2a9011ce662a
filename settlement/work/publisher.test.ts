/** Large deny lists: one snapshot for all who ask, requests served in between, exact to the last id. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { systemRandom } from '@stile/host/random.ts';
import { DENY_ID_BYTES, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { openSigned } from '@stile/protocol/root-trust.ts';
import { denyDeltaSchema, denySnapshotSchema } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { configSchema } from '../config.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import { openOperatorKeys } from '../keys/operator-keys.ts';
import { createSignedClock } from '../keys/signed-clock.ts';
import type { Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import { DENY_SALT } from '../testing/facts.ts';
import { LIMITS } from '../testing/log.ts';
import { createTownClock } from '../testing/town.ts';
import { ALONE } from './leader.ts';
import { createPublisher, type PublisherParts } from './publisher.ts';

const IDS = 20_000;
const KEY: StoredIssuerKey = {
  issuer: 1,
  keyId: 1,
  publicKey: 'a'.repeat(64),
  notBeforeS: 0,
  notAfterS: 4e9,
  status: 'active',
  ceilingExponent: 0,
  signsFromS: 0,
};

async function partsOf(dataDir: string, store: Store): Promise<PublisherParts> {
  const clock = createTownClock();
  const config = configSchema.parse({ stile: 'settlement/1' });
  const operatorKeys = await openOperatorKeys({ dataDir, store, config, clock });
  const signedClock = createSignedClock(clock, { lastS: undefined, jumpSMax: 86_400 });
  const log = pino({ level: 'silent' });
  const random = systemRandom;
  return { store, operatorKeys, config, clock, random, signedClock, leader: ALONE, log };
}

/** Ids in an order of their own, none of them sorted. */
function makeIds(): Uint8Array[] {
  return Array.from({ length: IDS }, (_, index) =>
    sha256(Uint8Array.of(index >> 8, index & 0xff)).subarray(0, DENY_ID_BYTES),
  );
}

test('a snapshot of many ids is sorted, complete, signed, and made once', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stile-publish-'));
  const file = join(dir, 'settlement.db');
  const empty = await openSqliteStore({ file, limitsNow: LIMITS });
  await empty.close();
  const ids = makeIds();
  const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: ids, removes: [], sha256 });
  const db = new Database(file);
  const insert = db.prepare('INSERT INTO deny_entry VALUES (?, 1, NULL)');
  db.transaction(() => {
    for (const id of ids) insert.run(id);
    db.prepare('INSERT INTO deny_version VALUES (1, ?, ?, 0, ?)').run(IDS, idsDigest, DENY_SALT);
    db.exec(
      `INSERT INTO issuer_key (issuer, key_id, public_key, not_before_s, not_after_s, status,
         ceiling_exponent) VALUES (1, 1, '${'a'.repeat(64)}', 0, 4000000000, 'active', 0)`,
    );
  })();
  db.close();
  const store = await openSqliteStore({ file, limitsNow: LIMITS });
  try {
    const parts = await partsOf(dir, store);
    const publisher = createPublisher(parts);
    await publisher.publish();
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    const [first, second] = await Promise.all([publisher.snapshot(), publisher.snapshot()]);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
    expect(second).toBe(first);
    const end = Buffer.from(first).indexOf('\n');
    const jws = Buffer.from(first.subarray(0, end)).toString();
    const head = await openSigned('stile-deny-snapshot+jws', jws, {
      root: parts.operatorKeys.trust,
      schema: denySnapshotSchema,
    });
    expect(head).toMatchObject({ version: 1, count: IDS, idsDigest, salt: DENY_SALT });
    expect(head).toMatchObject(publisher.current().list.deny);
    const sorted = ids
      .map((id) => Buffer.from(id).toString('hex'))
      .sort()
      .join('');
    expect(Buffer.from(first.subarray(end + 1)).toString('hex')).toBe(sorted);
    expect(await publisher.delta(0)).toBe('unavailable');
    expect(await publisher.delta(1)).toBe('current');
  } finally {
    await store.close();
    rmSync(dir, { recursive: true });
  }
});

test('a version of before there were salts is followed by a salted one, which gates reach in one empty step', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stile-publish-'));
  const file = join(dir, 'settlement.db');
  const store = await openSqliteStore({ file, limitsNow: LIMITS });
  try {
    await store.addIssuerKey(KEY, 0);
    const [id = new Uint8Array()] = makeIds();
    await store.setDenied({ id, note: 'lost', nowMs: 0 });
    const first = createPublisher(await partsOf(dir, store));
    await first.publish();
    const db = new Database(file);
    db.exec('UPDATE deny_version SET salt = NULL');
    db.close();
    const parts = await partsOf(dir, store);
    const publisher = createPublisher(parts);
    await publisher.publish();
    const { deny } = publisher.current().list;
    expect(deny).toMatchObject({ version: 2, count: 1 });
    const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: [id], removes: [], sha256 });
    expect(deny.setDigest).not.toBe(idsDigest);
    const step = await openSigned('stile-deny-delta+jws', await publisher.delta(1), {
      root: parts.operatorKeys.trust,
      schema: denyDeltaSchema,
    });
    expect(step).toMatchObject({ from: 1, ...deny, idsDigest, adds: [], removes: [] });
    await publisher.publish();
    expect(publisher.current().list.deny).toEqual(deny);
  } finally {
    await store.close();
    rmSync(dir, { recursive: true });
  }
});

test('more changes than one transaction writes are still one published list', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'stile-publish-'));
  const store = await openSqliteStore({ file: join(dir, 'settlement.db'), limitsNow: LIMITS });
  try {
    await store.addIssuerKey(KEY, 0);
    const ids = makeIds().slice(0, 1_201);
    for (const id of ids) await store.setDenied({ id, note: 'lost', nowMs: 0 });
    const parts = await partsOf(dir, store);
    const publisher = createPublisher(parts);
    await publisher.publish();
    const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: ids, removes: [], sha256 });
    const { version, deny } = publisher.current().list;
    expect(version).toBe(1);
    const stored = await store.findDenyVersion(deny.version);
    expect(stored).toMatchObject({ ...deny, count: ids.length, idsDigest });
  } finally {
    await store.close();
    rmSync(dir, { recursive: true });
  }
});
