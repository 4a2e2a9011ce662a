/** Records: what one line of a gate's log may say. Chain and seal are in gate-log.test.ts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from './bytes.ts';
import { RECORD_BYTES_MAX, readRecord, SCAN_BYTES_KEPT } from './gate-log.ts';
import { REASONS } from './reasons.ts';

const stamp = { v: 1, seq: 7, atMs: 1_767_229_200_500, monoMs: 5_000, boot: '0badcafe' };
const tap = {
  ...stamp,
  clock: 'TRUSTED',
  kind: 'tap',
  verdict: 'open',
  reason: null,
  scan: 'TC1:ABC',
  scanHex: null,
  scanBytes: 7,
  line: 'tram-4',
  fareCents: 290,
  trust: 3,
  deny: 12,
  tariff: 1,
};
const voided = { ...stamp, clock: 'HOLDOVER', kind: 'void', of: 6, reason: 'BARRIER_FAILED' };
const note = { ...stamp, clock: 'UNKNOWN', kind: 'note', note: 'STARTED', detail: '' };

function readingOf(record: unknown, seq = 7) {
  const bytes = typeof record === 'string' ? utf8(record) : utf8(JSON.stringify(record));
  return readRecord({ seq, bytes, hash: new Uint8Array(32) });
}

test.each<[string, object]>([
  ['an open tap', tap],
  ['a refused tap', { ...tap, verdict: 'refuse', reason: 'REPLAY' }],
  [
    'a tap without a known fare',
    { ...tap, verdict: 'refuse', reason: 'CLOCK_UNKNOWN', fareCents: null },
  ],
  [
    'an unreadable scan',
    { ...tap, verdict: 'refuse', reason: 'MALFORMED', scan: null, scanHex: '00ff' },
  ],
  [
    'a refused code that may open another gate',
    { ...tap, verdict: 'refuse', reason: 'PASSBACK', scan: null, scanSha256: 'ab'.repeat(32) },
  ],
  ['an empty scan', { ...tap, verdict: 'refuse', reason: 'MALFORMED', scan: '', scanBytes: 0 }],
  ['a scan at its limit', { ...tap, scan: 'A'.repeat(SCAN_BYTES_KEPT) }],
  ['a hex scan at its limit', { ...tap, scan: null, scanHex: 'ab'.repeat(SCAN_BYTES_KEPT) }],
  ['a scan longer than what is kept', { ...tap, scanBytes: 10_000_000 }],
  ['a void', voided],
  ['a note', note],
  ['a note at its limit', { ...note, note: 'SCANS_DROPPED', detail: 'x'.repeat(500) }],
])('%s is a record', (_what, record) => {
  expect(readingOf(record)).toEqual({ ok: true, record });
});

test.each<[string, unknown, string]>([
  ['the seq of another place', { ...tap, seq: 8 }, 'says seq 8 in the place of 7'],
  ['an open tap with a reason', { ...tap, reason: 'DENIED' }, 'reason: '],
  ['a refused tap without a reason', { ...tap, verdict: 'refuse' }, 'reason: '],
  ['a reason that is none of ours', { ...tap, verdict: 'refuse', reason: 'TIRED' }, 'reason: '],
  ['both spellings of a scan', { ...tap, scanHex: '00' }, 'scan: '],
  ['no spelling of a scan', { ...tap, scan: null }, 'scan: '],
  [
    'an opened scan that is not there',
    { ...tap, scan: null, scanSha256: 'ab'.repeat(32) },
    'scanSha256: ',
  ],
  [
    'a scan and its hash',
    { ...tap, verdict: 'refuse', reason: 'DENIED', scanSha256: 'ab'.repeat(32) },
    'scan: ',
  ],
  ['a scan too long', { ...tap, scan: 'A'.repeat(SCAN_BYTES_KEPT + 1) }, 'scan: '],
  ['a hex scan too long', { ...tap, scan: null, scanHex: 'ab'.repeat(513) }, 'scanHex: '],
  ['half a byte of hex', { ...tap, scan: null, scanHex: 'abc' }, 'scanHex: '],
  ['upper-case hex', { ...tap, scan: null, scanHex: 'AB' }, 'scanHex: '],
  ['a negative fare', { ...tap, fareCents: -1 }, 'fareCents: '],
  ['a fare with a fraction', { ...tap, fareCents: 2.5 }, 'fareCents: '],
  ['a fare as text', { ...tap, fareCents: '290' }, 'fareCents: '],
  ['a missing field', { ...tap, trust: undefined }, 'trust: '],
  ['a field more', { ...tap, extra: 1 }, ''],
  ['another version', { ...tap, v: 2 }, 'v: '],
  ['seq 0', { ...tap, seq: 0 }, 'seq: '],
  ['a time before 1970', { ...tap, atMs: -1 }, 'atMs: '],
  ['a time with a fraction', { ...tap, atMs: 0.5 }, 'atMs: '],
  ['a boot that is no hex', { ...tap, boot: '0BADCAFE' }, 'boot: '],
  ['a clock state of its own', { ...tap, clock: 'FINE' }, 'clock: '],
  ['a kind of its own', { ...tap, kind: 'tea' }, 'kind: '],
  ['a void of nothing', { ...voided, of: 0 }, 'of: '],
  ['a void for a reason of its own', { ...voided, reason: 'BORED' }, 'reason: '],
  ['a note too long', { ...note, detail: 'x'.repeat(501) }, 'detail: '],
  ['a note of its own', { ...note, note: 'HELLO' }, 'note: '],
  ['a line with a NUL', { ...tap, line: 'M\u00001' }, 'line: has a NUL character'],
  ['an array', [tap], ''],
  ['null', null, ''],
  ['no JSON', 'open', ''],
  ['two records in a line', `${JSON.stringify(note)}${JSON.stringify(note)}`, ''],
  ['nothing', '', ''],
])('%s is no record, and it is said why', (_what, record, detail) => {
  const reading = readingOf(record);
  expect(reading).toMatchObject({ ok: false });
  expect(!reading.ok && reading.detail).toContain(detail);
});

test('every reason there is can be recorded', () => {
  for (const reason of REASONS) {
    expect(readingOf({ ...tap, verdict: 'refuse', reason }).ok).toBe(true);
  }
});

test('bytes that are no UTF-8 are no record', () => {
  const bytes = Buffer.from(JSON.stringify({ ...note, detail: '\xff' }), 'latin1');
  expect(readRecord({ seq: 7, bytes, hash: new Uint8Array(32) }).ok).toBe(false);
});

test('every record that the schema takes fits one line, whatever characters it has', () => {
  const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
  const long = { ...stamp, seq: Number.MAX_SAFE_INTEGER, atMs: Number.MAX_SAFE_INTEGER };
  const scans = fc.string({
    unit: fc.oneof(printable, fc.constantFrom('"', '\\')),
    maxLength: 512,
  });
  const details = fc.string({ unit: fc.oneof(printable, fc.constantFrom('\0', '\ud800', '€')) });
  fc.assert(
    fc.property(scans, details, (scan, detail) => {
      const records = [
        { ...tap, ...long, scan: scan.padEnd(512, '"'), line: '_'.repeat(32) },
        { ...note, ...long, detail: detail.slice(0, 500).padEnd(500, '\u0001') },
      ];
      for (const record of records) {
        const line = utf8(JSON.stringify(record));
        expect(line.length).toBeLessThanOrEqual(RECORD_BYTES_MAX);
        const reading = readRecord({ seq: record.seq, bytes: line, hash: line });
        expect(reading.ok).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});

test('any line is a record or says why not, and nothing is thrown', () => {
  const anyLine = fc.oneof(
    fc.json().map(utf8),
    fc.uint8Array({ maxLength: 100 }),
    fc
      .record(
        { ...Object.fromEntries(Object.keys(tap).map((key) => [key, fc.jsonValue()])) },
        { requiredKeys: [] },
      )
      .map((record) => utf8(JSON.stringify({ ...tap, ...record }))),
  );
  fc.assert(
    fc.property(anyLine, (bytes) => {
      const reading = readRecord({ seq: 7, bytes, hash: bytes });
      expect(reading.ok || typeof reading.detail === 'string').toBe(true);
    }),
    { numRuns: 500 },
  );
});
