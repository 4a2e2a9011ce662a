/** Batches: the chain and the seal. Records are in gate-record.test.ts. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, toHex, utf8 } from './bytes.ts';
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  type BatchHeader,
  type BatchReading,
  genesisHash,
  RECORD_BYTES_MAX,
  readBatch,
  recordHash,
  sealHolds,
  sealMessage,
  writeBatch,
} from './gate-log.ts';
import type { Verify } from './signature.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
// The key of RFC 8032 §7.1, test 3.
const SEED = 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7';
const gatePrivate = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
});
const gateKey = bytesOf('fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025');
const otherKey = bytesOf('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const signSeal = (message: Uint8Array) => new Uint8Array(sign(null, message, gatePrivate));
const verifySeal: Verify = ({ publicKey, message, signature }) => {
  const x = Buffer.from(publicKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verify(null, message, key, signature);
};

const GATE = 'harbour-1';
const EPOCH = '00112233445566ff';

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}

/** A gate's log from its first line on, and any stretch of it as a sealed batch. */
function logOf(bodies: readonly Uint8Array[]) {
  const hashes = [genesisHash({ gate: GATE, epoch: EPOCH, sha256 })];
  for (const body of bodies)
    hashes.push(recordHash({ previous: hashes.at(-1) ?? body, bytes: body, sha256 }));
  return (fromSeq: number, toSeq: number): Uint8Array => {
    const header: BatchHeader = {
      stile: 'gate-log/1',
      gate: GATE,
      epoch: EPOCH,
      fromSeq,
      toSeq,
      prev: toHex(hashes[fromSeq - 1] ?? new Uint8Array(32)),
      lists: { trust: 7, deny: 7, denyAtS: 1_767_225_600, stage: 'FRESH' },
    };
    const head = hashes[toSeq] ?? new Uint8Array(32);
    return writeBatch(header, {
      records: bodies.slice(fromSeq - 1, toSeq),
      head,
      sha256,
      key: { publicKey: gateKey, sign: signSeal },
    });
  };
}

function linesOf(count: number, bytesEach = 20): Uint8Array[] {
  return Array.from({ length: count }, (_, at) => utf8(String(at).padEnd(bytesEach, '.')));
}

function batchOf(bodies: readonly Uint8Array[]): Uint8Array {
  return logOf(bodies)(1, bodies.length);
}

/** What came of a batch: a refusal, `unsealed` where its seal does not hold, or its number of lines. */
function fateOf(reading: BatchReading): string | number {
  if (!reading.ok) return reading.reason;
  return sealHolds(reading.batch, { gateKey, verify: verifySeal })
    ? reading.batch.records.length
    : 'unsealed';
}

function fate(bytes: Uint8Array): string | number {
  return fateOf(readBatch(bytes, sha256));
}

/** The batch as text lines, changed, and put together again. */
function edit(bytes: Uint8Array, change: (lines: string[]) => string[]): Uint8Array {
  const lines = Buffer.from(bytes).toString('latin1').split('\n').slice(0, -1);
  return Buffer.from(`${change(lines).join('\n')}\n`, 'latin1');
}

const anyBody = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => bytes.map((byte) => (byte === 0x0a ? 0x0b : byte)));
const anyBodies = fc.array(anyBody, { minLength: 1, maxLength: 12 });

test('any lines come out as they went in, with their chain, and the seal holds', () => {
  fc.assert(
    fc.property(anyBodies, fc.nat(), fc.nat(), (bodies, a, b) => {
      const fromSeq = 1 + (a % bodies.length);
      const toSeq = fromSeq + (b % (bodies.length - fromSeq + 1));
      const reading = readBatch(logOf(bodies)(fromSeq, toSeq), sha256);
      if (!reading.ok) throw new Error(reading.detail);
      const { records, head, header } = reading.batch;
      expect(records.map((record) => toHex(record.bytes))).toEqual(
        bodies.slice(fromSeq - 1, toSeq).map(toHex),
      );
      expect(records.map((record) => record.seq)[0]).toBe(fromSeq);
      expect(records.at(-1)?.seq).toBe(toSeq);
      expect(toHex(records.at(-1)?.hash ?? head)).toBe(toHex(head));
      expect(header.gate).toBe(GATE);
      expect(fateOf(reading)).toBe(records.length);
      expect(sealHolds(reading.batch, { gateKey: otherKey, verify: verifySeal })).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('a log cut into batches anywhere is one chain', () => {
  fc.assert(
    fc.property(anyBodies, fc.nat(), (bodies, cut) => {
      const at = cut % bodies.length;
      const log = logOf(bodies);
      const second = readBatch(log(at + 1, bodies.length), sha256);
      if (!second.ok) throw new Error(second.detail);
      const before =
        at === 0 ? genesisHash({ gate: GATE, epoch: EPOCH, sha256 }) : headOf(log(1, at));
      expect(second.batch.header.prev).toBe(toHex(before));
      expect(toHex(second.batch.head)).toBe(toHex(headOf(log(1, bodies.length))));
    }),
    { numRuns: 100 },
  );
});

function headOf(bytes: Uint8Array): Uint8Array {
  const reading = readBatch(bytes, sha256);
  if (!reading.ok) throw new Error(reading.detail);
  return reading.batch.head;
}

test('any byte changed, anywhere, is refused or breaks the seal', () => {
  const good = batchOf(linesOf(2, 30));
  expect(fate(good)).toBe(2);
  const bodiesFrom = good.indexOf(0x0a) + 1;
  const sealFrom = good.lastIndexOf(0x0a, good.length - 2) + 1;
  for (let at = 0; at < good.length; at += 1) {
    for (const flip of [0x01, 0x20, 0x80]) {
      const bad = good.slice();
      bad[at] = (bad[at] ?? 0) ^ flip;
      const result = fate(bad);
      expect(typeof result, `byte ${at} ^ ${flip}`).toBe('string');
      if (at >= bodiesFrom && at < sealFrom && good[at] !== 0x0a && bad[at] !== 0x0a) {
        expect(result).toBe('CHAIN_BROKEN');
      }
    }
  }
});

test.each<[string, string, (lines: string[]) => string[]]>([
  ['a line dropped', 'BATCH_MALFORMED', (l) => l.toSpliced(2, 1)],
  ['a line inserted', 'BATCH_MALFORMED', (l) => l.toSpliced(2, 0, 'new')],
  ['a line doubled', 'BATCH_MALFORMED', (l) => l.toSpliced(2, 0, l[2] ?? '')],
  ['an empty line inserted', 'BATCH_MALFORMED', (l) => l.toSpliced(2, 0, '')],
  ['two lines swapped', 'CHAIN_BROKEN', ([h = '', a = '', b = '', ...l]) => [h, b, a, ...l]],
  ['a line replaced', 'CHAIN_BROKEN', (l) => l.with(2, 'new')],
  ['a line emptied', 'CHAIN_BROKEN', (l) => l.with(2, '')],
  ['CR LF for LF', 'CHAIN_BROKEN', (l) => l.map((line) => `${line}\r`)],
  [
    'the last line and its number dropped',
    'CHAIN_BROKEN',
    (l) => l.toSpliced(-2, 1).with(0, (l[0] ?? '').replace('"toSeq":4', '"toSeq":3')),
  ],
  [
    'numbers moved by one',
    'unsealed',
    (l) => l.with(0, (l[0] ?? '').replace('"fromSeq":1,"toSeq":4', '"fromSeq":2,"toSeq":5')),
  ],
  ['another gate', 'unsealed', (l) => l.with(0, (l[0] ?? '').replace('harbour-1', 'harbour-2'))],
  ['another epoch', 'unsealed', (l) => l.with(0, (l[0] ?? '').replace('ff"', 'fe"'))],
  ['the same header spelled otherwise', 'unsealed', (l) => l.with(0, `${l[0]} `)],
  [
    'another chain before',
    'CHAIN_BROKEN',
    (l) => l.with(0, (l[0] ?? '').replace(/"prev":"../, '"prev":"ee')),
  ],
  [
    'a header field more',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace('{', '{"x":1,')),
  ],
  [
    'a header field less',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace(`"epoch":"${EPOCH}",`, '')),
  ],
  [
    'another format',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace('gate-log/1', 'gate-log/2')),
  ],
  [
    'upper-case hex in the header',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace(EPOCH, EPOCH.toUpperCase())),
  ],
  [
    'a number in quotes',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace('"fromSeq":1', '"fromSeq":"1"')),
  ],
  [
    'seq 0',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace('"fromSeq":1,"toSeq":4', '"fromSeq":0,"toSeq":3')),
  ],
  [
    'a seq that is no safe integer',
    'BATCH_MALFORMED',
    (l) => l.with(0, (l[0] ?? '').replace('"toSeq":4', '"toSeq":9007199254740993')),
  ],
  ['no seal', 'BATCH_MALFORMED', (l) => l.slice(0, -1)],
  [
    'a seal field more',
    'BATCH_MALFORMED',
    (l) => l.with(-1, (l.at(-1) ?? '').replace('{', '{"x":1,')),
  ],
  [
    'a short signature',
    'BATCH_MALFORMED',
    (l) => l.with(-1, (l.at(-1) ?? '').replace(/..(?="\}$)/, '')),
  ],
  [
    'a head that is not the chain',
    'CHAIN_BROKEN',
    (l) =>
      l.with(-1, (l.at(-1) ?? '').replace(/"head":"[0-9a-f]{64}/, `"head":"${'0'.repeat(64)}`)),
  ],
  [
    'a signature of zeros',
    'unsealed',
    (l) =>
      l.with(-1, (l.at(-1) ?? '').replace(/"sig":"[0-9a-f]{128}/, `"sig":"${'0'.repeat(128)}`)),
  ],
  ['header and seal alone', 'BATCH_MALFORMED', (l) => [l[0] ?? '', l.at(-1) ?? '']],
  ['JSON that is no object', 'BATCH_MALFORMED', (l) => l.with(0, 'null')],
  ['no JSON', 'BATCH_MALFORMED', (l) => l.with(0, 'gate-log/1')],
  ['a header that is not UTF-8', 'BATCH_MALFORMED', (l) => l.with(0, '"\xff"')],
])('%s: %s', (_what, reason, change) => {
  expect(fate(edit(batchOf(linesOf(4)), change))).toBe(reason);
});

test('truncated at any length is refused, and so is anything behind the seal', () => {
  const good = batchOf(linesOf(3));
  for (let length = 0; length < good.length; length += 1) {
    expect(fate(good.slice(0, length))).toBe('BATCH_MALFORMED');
  }
  for (const extra of ['\n', ' ', '{}\n', 'x']) {
    expect(fate(Buffer.concat([good, utf8(extra)]))).toBe('BATCH_MALFORMED');
  }
  expect(fate(Buffer.concat([good, good]))).toBe('BATCH_MALFORMED');
});

test('any bytes are refused and nothing is thrown', () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.array(fc.json(), { maxLength: 5 }).map((lines) => utf8(`${lines.join('\n')}\n`)),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      expect(readBatch(bytes, sha256)).toMatchObject({ ok: false, reason: 'BATCH_MALFORMED' });
    }),
    { numRuns: 500 },
  );
});

test('a batch has at most BATCH_RECORDS_MAX lines', () => {
  expect(fate(batchOf(linesOf(BATCH_RECORDS_MAX)))).toBe(BATCH_RECORDS_MAX);
  expect(fate(batchOf(linesOf(BATCH_RECORDS_MAX + 1)))).toBe('BATCH_TOO_LARGE');
  expect(fate(new Uint8Array(BATCH_BYTES_MAX).fill(0x0a))).toBe('BATCH_TOO_LARGE');
});

test('a line has at most RECORD_BYTES_MAX bytes', () => {
  expect(fate(batchOf(linesOf(2, RECORD_BYTES_MAX)))).toBe(2);
  expect(fate(batchOf(linesOf(2, RECORD_BYTES_MAX + 1)))).toBe('BATCH_TOO_LARGE');
});

test('a batch has at most BATCH_BYTES_MAX bytes', () => {
  const lines = linesOf(300, 3_492);
  const spare = BATCH_BYTES_MAX - batchOf(lines).length;
  const last = 3_492 + spare;
  expect(last).toBeLessThanOrEqual(RECORD_BYTES_MAX);
  const full = (bytes: number) => batchOf([...lines.slice(1), ...linesOf(1, bytes)]);
  expect(full(last).length).toBe(BATCH_BYTES_MAX);
  expect(fate(full(last))).toBe(300);
  expect(fate(full(last + 1))).toBe('BATCH_TOO_LARGE');
});

test('what is hashed and sealed is spelled as §7 says', () => {
  const hashed: string[] = [];
  const spy = (bytes: Uint8Array) => {
    hashed.push(Buffer.from(bytes).toString('latin1'));
    return sha256(bytes);
  };
  genesisHash({ gate: 'g', epoch: EPOCH, sha256: spy });
  recordHash({ previous: utf8('previous'), bytes: utf8('line'), sha256: spy });
  const message = sealMessage({ headerBytes: utf8('header'), head: utf8('head'), sha256: spy });
  expect(hashed).toEqual([`SGL1-genesis\0g\0${EPOCH}`, 'SGL1-line\0previousline', 'header']);
  expect(toHex(message)).toBe(
    toHex(Buffer.concat([utf8('SGL1-seal\0'), sha256(utf8('header')), utf8('head')])),
  );
});
