/** One short day of a gate, as the lines of its log: every kind of record at least once. */
import { sha256 } from '@stile/crypto/sign.ts';
import { SUITE_0_TEXT, SUITE_1_TEXT } from '@stile/crypto/testing/published-vector.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { type GateRecord, recordSchema, type TapRecord } from '@stile/protocol/gate-log.ts';
import type { Reason } from '@stile/protocol/reasons.ts';
import { GENERATED_S } from './make-code.ts';

type Body = GateRecord extends infer R
  ? R extends GateRecord
    ? Omit<R, keyof Stamp>
    : never
  : never;
type Stamp = { v: 1; seq: number; atMs: number; monoMs: number; boot: string; clock: 'TRUSTED' };

const NO_CODE = { scan: null, scanHex: '00ff54433a', scanBytes: 5 } as const;

function tap(
  reason: Reason | null,
  scan: Pick<TapRecord, 'scan' | 'scanHex' | 'scanSha256' | 'scanBytes'>,
): Body {
  const verdict = reason === null ? 'open' : 'refuse';
  const versions = { trust: 12, deny: 7, tariff: 4 };
  return { kind: 'tap', verdict, reason, ...scan, line: 'tram-4', fareCents: 290, ...versions };
}

function scanOf(text: string) {
  return { scan: text, scanHex: null, scanBytes: text.length };
}

/** What was not opened for is not kept. */
function refusedOf(text: string) {
  const scanSha256 = toHex(sha256(utf8(text)));
  return { scan: null, scanHex: null, scanSha256, scanBytes: text.length };
}

const DAY: readonly Body[] = [
  { kind: 'note', note: 'STARTED', detail: 'Störung behoben — 改札機 再起動 🚋' },
  tap(null, scanOf(SUITE_0_TEXT)),
  tap('REPLAY', refusedOf(SUITE_0_TEXT)),
  tap(null, scanOf(SUITE_1_TEXT)),
  { kind: 'void', of: 4, reason: 'BARRIER_FAILED' },
  tap('MALFORMED', NO_CODE),
  { kind: 'note', note: 'SCANS_DROPPED', detail: '12 unreadable scans' },
];

/** The bytes of each line, and the word that names what is in it. */
export function linesOfDay(): { body: Uint8Array; word: string }[] {
  return DAY.map((body, index) => {
    const stamp: Stamp = {
      v: 1,
      seq: index + 1,
      atMs: GENERATED_S * 1000 + index * 1_500,
      monoMs: 60_000 + index * 1_500,
      boot: '0badcafe',
      clock: 'TRUSTED',
    };
    const record = recordSchema.parse({ ...stamp, ...body });
    return { body: utf8(JSON.stringify(record)), word: record.kind };
  });
}
