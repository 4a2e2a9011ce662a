/** What a gate says of a batch before its body: read strictly, and binding. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  ANNOUNCED_CHARS_MAX,
  announce,
  BATCH_HEADER,
  beginsAsAnnounced,
  isAsAnnounced,
  readAnnouncement,
  SEAL_HEADER,
} from './batch-seal.ts';
import { utf8 } from './bytes.ts';
import { genesisHash, RECORD_BYTES_MAX, recordHash, writeBatch } from './gate-log.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const KEY = { publicKey: new Uint8Array(32).fill(7), sign: () => new Uint8Array(64).fill(9) };
const PLACE = { gate: 'harbour-1', epoch: '00112233445566ff' };
const LISTS = { trust: 7, deny: 7, denyAtS: 1, stage: 'FRESH' } as const;

function batchOf(texts: readonly string[]): Uint8Array {
  const records = texts.map(utf8);
  let head = genesisHash({ ...PLACE, sha256 });
  const prev = Buffer.from(head).toString('hex');
  for (const bytes of records) head = recordHash({ previous: head, bytes, sha256 });
  const span = { fromSeq: 1, toSeq: texts.length, prev };
  const header = { stile: 'gate-log/1', ...PLACE, ...span, lists: LISTS } as const;
  return writeBatch(header, { records, head, sha256, key: KEY });
}

const GOOD = batchOf(['one', 'two']);
const headers = announce(GOOD);
const first = headers[BATCH_HEADER] ?? '';
const last = headers[SEAL_HEADER] ?? '';

test('says whose batch it is, what was signed, and how long it can be', () => {
  const announced = readAnnouncement({ first, last }, sha256);
  if (announced === undefined) throw new Error('it is one');
  expect(announced.header).toMatchObject({ gate: 'harbour-1', fromSeq: 1, toSeq: 2 });
  expect(announced.seal.key).toEqual(KEY.publicKey);
  expect(announced.seal.signature).toEqual(KEY.sign());
  expect(announced.bytesMax).toBe(first.length + last.length + 2 + 2 * (RECORD_BYTES_MAX + 1));
  const most = batchOf(Array.from({ length: 500 }, () => 'x'.repeat(RECORD_BYTES_MAX)));
  const [of = '', seal = ''] = Object.values(announce(most));
  expect(readAnnouncement({ first: of, last: seal }, sha256)?.bytesMax).toBe(1024 * 1024);
});

test('fits the batch that it was taken from, as far as it has come, and no other', () => {
  const announced = readAnnouncement({ first, last }, sha256);
  if (announced === undefined) throw new Error('it is one');
  for (let length = 0; length <= GOOD.length; length += 1) {
    expect(beginsAsAnnounced(GOOD.subarray(0, length), announced)).toBe(true);
    expect(isAsAnnounced(GOOD.subarray(0, length), announced)).toBe(length === GOOD.length);
  }
  for (const at of [0, first.length - 1, first.length]) {
    const other = GOOD.with(at, (GOOD[at] ?? 0) ^ 1);
    expect(beginsAsAnnounced(other, announced)).toBe(false);
    expect(isAsAnnounced(other, announced)).toBe(false);
  }
  expect(isAsAnnounced(batchOf(['one', 'other']), announced)).toBe(false);
});

test.each([
  ['nothing', '', ''],
  ['a header alone', first, ''],
  ['a seal alone', '', last],
  ['both the other way round', last, first],
  ['a header field more', first.replace('{', '{"x":1,'), last],
  ['a seal without its key', first, last.replace(/"key":"[0-9a-f]*",/, '')],
  ['fewer than no records', first.replace('"fromSeq":1', '"fromSeq":4'), last],
  ['a long one', first.replace('{', `{${' '.repeat(ANNOUNCED_CHARS_MAX)}`), last],
])('%s is no announcement', (_what, one, two) => {
  expect(readAnnouncement({ first: one, last: two }, sha256)).toBeUndefined();
});
