/** The deny list on disk: look-ups, deltas, snapshots, damage. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stile/crypto/sign.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { concatBytes, fromHex } from '@stile/protocol/bytes.ts';
import {
  DENY_ID_BYTES,
  denyIdHex,
  EMPTY_SET_DIGEST,
  SANE_CHANGE_IDS,
  updateSetDigest,
} from '@stile/protocol/deny-list.ts';
import {
  type DenyDelta,
  type DenyHead,
  denyHeadOf,
  denyVersionOf,
} from '@stile/protocol/trust-list.ts';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { NOW_S } from '../../testing/phone.ts';
import { buildDenyFile, openDenyFile } from './deny-file.ts';

const ISSUER = 7;
const ACCOUNTS = ['0000000000000001', '0000000000000002', 'ffffffffffffffff'] as const;
const SERIALS = [0, 1, 2, 0xffffffff] as const;
const UNIVERSE = ACCOUNTS.flatMap((account) =>
  SERIALS.map((serial) => denyIdHex({ issuer: ISSUER, account, serial })),
);
const noPause = async () => undefined;
const idsOf = (...serials: number[]) =>
  serials.map((serial) => denyIdHex({ issuer: ISSUER, account: ACCOUNTS[0], serial }));
const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, at) =>
    denyIdHex({ issuer: ISSUER, account: ACCOUNTS[1], serial: from + at }),
  );

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex, DENY_ID_BYTES) ?? new Uint8Array();
}

/** Ids' digests of files behind their public ones: what settlement knows of them. */
const idsDigests = new Map([[EMPTY_SET_DIGEST, EMPTY_SET_DIGEST]]);

function versionOf(of: { version: number; count: number; idsDigest: string }) {
  const salt = of.version === 0 ? null : of.version.toString(16).padStart(64, '5');
  const version = denyVersionOf({ ...of, salt }, sha256);
  idsDigests.set(version.setDigest, version.idsDigest);
  return version;
}

/** The honest step from a head, unless `changes` say otherwise. */
type Step = {
  adds: readonly string[];
  removes?: readonly string[];
  changes?: Partial<DenyDelta>;
};

function deltaFrom(head: DenyHead, { adds, removes = [], changes = {} }: Step): DenyDelta {
  return {
    stile: 'deny-delta/1',
    from: head.version,
    ...versionOf({
      version: head.version + 1,
      count: head.count + adds.length - removes.length,
      idsDigest: updateSetDigest(idsDigests.get(head.setDigest) ?? '', {
        adds: adds.map(bytesOf),
        removes: removes.map(bytesOf),
        sha256,
      }),
    }),
    adds: [...adds],
    removes: [...removes],
    issuedAtS: NOW_S,
    force: false,
    saneFrom: head.version + 1,
    ...changes,
  };
}

function openFile(file = join(scratchDir(), 'deny-0.db')) {
  const deny = openDenyFile(file);
  onTestFinished(() => deny.close());
  return deny;
}

/** A file with these ids at version 1. */
async function fileWith(ids: readonly string[]) {
  const deny = openFile();
  await deny.applyDelta(
    deltaFrom(deny.head, { adds: ids, removes: [], changes: { force: true } }),
    noPause,
  );
  return deny;
}

/** Everything that can be asked: the head, and which passes of the universe are denied. */
function answers(deny: ReturnType<typeof openDenyFile>) {
  const denied = ACCOUNTS.flatMap((account) =>
    SERIALS.map((serial) => deny.isDenied({ issuer: ISSUER, account, serial })),
  );
  return { head: deny.head, denied };
}

async function snapshotOf(version: number, ids: readonly string[]) {
  const sorted = ids.toSorted();
  const body = concatBytes(...sorted.map(bytesOf));
  const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, {
    adds: sorted.map(bytesOf),
    removes: [],
    sha256,
  });
  const file = join(scratchDir(), 'deny-built.db');
  await buildDenyFile(file, {
    head: versionOf({ version, count: ids.length, idsDigest }),
    body,
    pause: noPause,
  });
  return openFile(file);
}

describe('look-ups', () => {
  test('a pass is denied by itself, an account with all its passes, other issuers not', async () => {
    const [account, , other] = ACCOUNTS;
    const deny = await fileWith([
      denyIdHex({ issuer: ISSUER, account, serial: 0 }),
      denyIdHex({ issuer: ISSUER, account: other, serial: 2 }),
    ]);
    expect(SERIALS.map((serial) => deny.isDenied({ issuer: ISSUER, account, serial }))).toEqual(
      SERIALS.map(() => true),
    );
    expect(
      SERIALS.map((serial) => deny.isDenied({ issuer: ISSUER, account: other, serial })),
    ).toEqual(SERIALS.map((serial) => serial === 2));
    expect(deny.isDenied({ issuer: ISSUER + 1, account, serial: 1 })).toBe(false);
    expect(deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial: 1 })).toBe(false);
  });

  test('a new file is empty, version 0', () => {
    const deny = openFile();
    expect(deny.head).toEqual({ version: 0, count: 0, setDigest: EMPTY_SET_DIGEST });
    expect(answers(deny).denied).not.toContain(true);
  });
});

test('any path of deltas ends in the same list as the snapshot, also after a restart', async () => {
  const flips = fc.array(fc.uniqueArray(fc.nat(UNIVERSE.length - 1), { maxLength: 6 }), {
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(flips, async (steps) => {
      const file = join(scratchDir(), 'deny-0.db');
      const deny = openDenyFile(file);
      const listed = new Set<string>();
      for (const step of steps) {
        const ids = step.map((at) => UNIVERSE[at] ?? '');
        const removes = ids.filter((id) => listed.has(id));
        const adds = ids.filter((id) => !listed.has(id));
        await deny.applyDelta(deltaFrom(deny.head, { adds, removes }), noPause);
        for (const id of removes) listed.delete(id);
        for (const id of adds) listed.add(id);
      }
      const snapshot = await snapshotOf(steps.length, [...listed]);
      expect(answers(deny)).toEqual(answers(snapshot));
      deny.close();
      const again = openDenyFile(file);
      expect(answers(again)).toEqual(answers(snapshot));
      again.close();
      expect(rowsOf(file)).toBe(listed.size);
    }),
    { numRuns: 25 },
  );
});

function rowsOf(file: string): unknown {
  const db = new Database(file, { readonly: true });
  const count = db.prepare('SELECT count(*) FROM deny').pluck().get();
  db.close();
  return count;
}

describe('a delta that does not fit is refused and changes nothing', () => {
  const has = idsOf(0, 1, 2);
  const twice = denyIdHex({ issuer: ISSUER, account: ACCOUNTS[1], serial: 5 });
  test.each<[string, string, (head: DenyHead) => DenyDelta]>([
    [
      'from another version',
      'begins at version 0',
      (head) => deltaFrom(head, { adds: [twice], removes: [], changes: { from: 0 } }),
    ],
    [
      'to the same version',
      'to no later',
      (head) => deltaFrom(head, { adds: [twice], removes: [], changes: { version: 1 } }),
    ],
    [
      'to an older version',
      'to no later',
      (head) => deltaFrom(head, { adds: [twice], removes: [], changes: { version: 0 } }),
    ],
    [
      'with a wrong count',
      'count',
      (head) => deltaFrom(head, { adds: [twice], removes: [], changes: { count: 5 } }),
    ],
    [
      'with a wrong digest',
      'the digest after the step',
      (head) => {
        const delta = deltaFrom(head, { adds: [twice] });
        return { ...delta, ...versionOf({ ...delta, idsDigest: EMPTY_SET_DIGEST }) };
      },
    ],
    [
      'with a wrong salt',
      'its salt',
      (head) => deltaFrom(head, { adds: [twice], changes: { salt: '0'.repeat(64) } }),
    ],
    [
      'with no salt',
      'its salt',
      (head) => deltaFrom(head, { adds: [twice], changes: { salt: null } }),
    ],
    [
      'that names another set digest than its salt makes',
      'its salt',
      (head) => deltaFrom(head, { adds: [twice], changes: { setDigest: head.setDigest } }),
    ],
    [
      'that adds what is there',
      'on the list already',
      (head) => deltaFrom(head, { adds: idsOf(7, 1) }),
    ],
    [
      'that removes what is not there',
      'not on the list',
      (head) => deltaFrom(head, { adds: [], removes: idsOf(1, 7) }),
    ],
    ['that adds twice', 'stands in it twice', (head) => deltaFrom(head, { adds: [twice, twice] })],
    [
      'that removes twice',
      'stands in it twice',
      (head) => deltaFrom(head, { adds: [], removes: idsOf(1, 1) }),
    ],
    [
      'that removes and adds one id',
      'in it twice',
      (head) => deltaFrom(head, { adds: idsOf(1), removes: idsOf(1) }),
    ],
    [
      'with something that is no id',
      'is no id',
      (head) => ({ ...deltaFrom(head, { adds: [] }), adds: ['zz'], count: 4 }),
    ],
    [
      'that is insanely large',
      "without the operator's force",
      (head) => deltaFrom(head, { adds: numbered(1, SANE_CHANGE_IDS + 1) }),
    ],
  ])('%s', async (_name, message, make) => {
    const deny = await fileWith(has);
    const before = answers(deny);
    await expect(deny.applyDelta(make(deny.head), noPause)).rejects.toMatchObject({
      code: 'LIST_REFUSED',
      message: expect.stringContaining(message),
    });
    expect(answers(deny)).toEqual(before);
    expect(rowsOf(deny.file)).toBe(has.length);
    await deny.applyDelta(deltaFrom(deny.head, { adds: [twice], removes: idsOf(1) }), noPause);
    expect(deny.head).toMatchObject({ version: 2, count: 3 });
    expect(deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial: 5 })).toBe(true);
  });

  test('an insane change passes with force, in both directions', async () => {
    const many = numbered(1, SANE_CHANGE_IDS + 1);
    const deny = await fileWith(many);
    expect(deny.head.count).toBe(SANE_CHANGE_IDS + 1);
    const emptied = deltaFrom(deny.head, { adds: [], removes: many });
    await expect(deny.applyDelta(emptied, noPause)).rejects.toMatchObject({ code: 'LIST_REFUSED' });
    await deny.applyDelta({ ...emptied, force: true }, noPause);
    expect(deny.head).toMatchObject({ count: 0, setDigest: emptied.setDigest });
    expect(rowsOf(deny.file)).toBe(0);
  });
});

describe('a delta is applied in pieces, whole or not at all', () => {
  const OLD = numbered(1, 2_500);
  const ADDS = numbered(10_001, 2_500);
  const isOld = (deny: ReturnType<typeof openDenyFile>) =>
    deny.head.version === 1 &&
    [1, 2_500].every((serial) => deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial })) &&
    [10_001, 12_500].every(
      (serial) => !deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial }),
    );
  const isNew = (deny: ReturnType<typeof openDenyFile>) =>
    deny.head.version === 2 &&
    [1, 2_500].every(
      (serial) => !deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial }),
    ) &&
    [10_001, 12_500].every((serial) =>
      deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial }),
    );

  test('between the pieces of 5,000 ids every look-up sees the old list, then the new', async () => {
    const deny = await fileWith(OLD);
    const seen: string[] = [];
    await deny.applyDelta(deltaFrom(deny.head, { adds: ADDS, removes: OLD }), async () => {
      seen.push(isOld(deny) ? 'old' : isNew(deny) ? 'new' : 'neither');
    });
    expect(isNew(deny)).toBe(true);
    // Ten pieces to check, ten to write, then five to clean up behind the change.
    expect(seen).toEqual([...Array(20).fill('old'), ...Array(5).fill('new')]);
    expect(rowsOf(deny.file)).toBe(ADDS.length);
  });

  test('an exception between any two pieces leaves the old list, and the delta still applies', async () => {
    for (let failAt = 0; failAt < 20; failAt += 3) {
      const deny = await fileWith(OLD);
      const delta = deltaFrom(deny.head, { adds: ADDS, removes: OLD });
      let pauses = 0;
      const failing = async () => {
        if (pauses === failAt) throw new Error('out of order');
        pauses += 1;
      };
      await expect(deny.applyDelta(delta, failing)).rejects.toThrow('out of order');
      expect(isOld(deny), `at pause ${failAt}`).toBe(true);
      expect(rowsOf(deny.file)).toBe(OLD.length);
      await deny.applyDelta(delta, noPause);
      expect(isNew(deny)).toBe(true);
    }
  });

  test('a process that dies between any two pieces finds the old list, or the new one whole', async () => {
    const deny = await fileWith(OLD);
    const delta = deltaFrom(deny.head, { adds: ADDS, removes: OLD });
    const images: string[] = [];
    const dir = scratchDir();
    await deny.applyDelta(delta, async () => {
      // What is on disk now is what a process finds that starts after this one was killed.
      const image = join(dir, `killed-${images.length}.db`);
      for (const end of ['', '-wal']) cpSync(`${deny.file}${end}`, `${image}${end}`);
      images.push(image);
    });
    const found: string[] = [];
    for (const image of images) {
      const after = openFile(image);
      found.push(isOld(after) ? 'old' : isNew(after) ? 'new' : 'neither');
      if (isNew(after)) continue;
      expect(rowsOf(image)).toBe(OLD.length);
      await after.applyDelta(delta, noPause);
      expect(isNew(after)).toBe(true);
    }
    expect(found).toEqual([...Array(20).fill('old'), ...Array(5).fill('new')]);
  });
});

describe('a snapshot', () => {
  test('is read back as it was built, in pieces, and takes deltas from there', async () => {
    const deny = await snapshotOf(9, numbered(1, 1_234));
    expect(deny.head).toMatchObject({ version: 9, count: 1_234 });
    expect(deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial: 1_234 })).toBe(true);
    expect(deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial: 1_235 })).toBe(false);
    await deny.applyDelta(deltaFrom(deny.head, { adds: numbered(1_235, 1) }), noPause);
    expect(deny.isDenied({ issuer: ISSUER, account: ACCOUNTS[1], serial: 1_235 })).toBe(true);
  });

  test('of nothing is a list too', async () => {
    const { setDigest } = versionOf({ version: 3, count: 0, idsDigest: EMPTY_SET_DIGEST });
    expect((await snapshotOf(3, [])).head).toEqual({ version: 3, count: 0, setDigest });
  });

  test('in which an id stands twice is refused as a list, not taken for a failing disk', async () => {
    await expect(snapshotOf(3, idsOf(1, 1))).rejects.toMatchObject({ code: 'LIST_REFUSED' });
  });

  test('is built over whatever an interrupted build has left', async () => {
    const file = join(scratchDir(), 'deny-3.db.part');
    writeFileSync(file, 'half a file');
    const head = versionOf({ version: 3, count: 0, idsDigest: EMPTY_SET_DIGEST });
    await buildDenyFile(file, { head, body: new Uint8Array(0), pause: noPause });
    expect(openFile(file).head).toEqual(denyHeadOf(head));
  });
});
