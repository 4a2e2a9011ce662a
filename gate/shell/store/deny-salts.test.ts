/** Snapshots whose salt does not lead to what the trust list says, and files of before there were salts. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import { denyId, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { type DenyDelta, denyHeadOf, denyVersionOf } from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { NOW_S } from '../../testing/phone.ts';
import { buildDenyFile, DENY_SCHEMA, openDenyFile } from './deny-file.ts';
import { openGateFile } from './sqlite.ts';

const SALT = '5a'.repeat(32);
const noPause = async () => undefined;
const idOf = (serial: number) => denyId({ issuer: 7, account: '0000000000000001', serial });

function digestOf(...ids: Uint8Array[]): string {
  return updateSetDigest(EMPTY_SET_DIGEST, { adds: ids, removes: [], sha256 });
}

const EMPTY = denyVersionOf(
  { version: 3, count: 0, idsDigest: EMPTY_SET_DIGEST, salt: SALT },
  sha256,
);

test.each([
  ['another salt', { salt: '0'.repeat(64) }],
  ['no salt', { salt: null }],
  ['another digest of ids', { idsDigest: '1'.repeat(64) }],
])('a snapshot with %s is refused before anything is written', async (_what, wrong) => {
  const file = join(scratchDir(), 'deny-3.db.part');
  const head = { ...EMPTY, ...wrong };
  const build = buildDenyFile(file, { head, body: new Uint8Array(0), pause: noPause });
  await expect(build).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  expect(existsSync(file)).toBe(false);
});

/** As it was stored before there were salts: one id at version 1. */
function makePlainFile(): string {
  const file = join(scratchDir(), 'deny-1.db');
  const { applicationId, migrations } = DENY_SCHEMA;
  openGateFile(file, { applicationId, migrations: migrations.slice(0, 1) }).close();
  const db = new Database(file);
  db.prepare('INSERT INTO deny VALUES (?, 1, NULL)').run(idOf(1));
  db.prepare('UPDATE head SET version = 1, count = 1, set_digest = ?').run(digestOf(idOf(1)));
  db.close();
  return file;
}

/** The step to a version of so many ids. */
function stepTo(version: number, { adds }: { adds: Uint8Array[] }): DenyDelta {
  const ids = [idOf(1), ...adds];
  const idsDigest = digestOf(...ids);
  return {
    stile: 'deny-delta/1',
    from: version - 1,
    ...denyVersionOf({ version, count: ids.length, idsDigest, salt: SALT }, sha256),
    adds: adds.map(toHex),
    removes: [],
    issuedAtS: NOW_S,
    force: false,
    saneFrom: 0,
  };
}

test('a file of before there were salts stays in force, and takes steps to versions that are salted', async () => {
  const deny = openDenyFile(makePlainFile());
  onTestFinished(() => deny.close());
  const plain = { version: 1, count: 1, setDigest: digestOf(idOf(1)) };
  expect(deny.head).toEqual(plain);
  for (const step of [stepTo(2, { adds: [] }), stepTo(3, { adds: [idOf(2)] })]) {
    await deny.applyDelta(step, noPause);
    expect(deny.head).toEqual(denyHeadOf(step));
  }
  expect(deny.isDenied({ issuer: 7, account: '0000000000000001', serial: 2 })).toBe(true);
});
