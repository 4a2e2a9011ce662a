/** The tables of README.md name what the code names, in its order and with its numbers. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fromHex } from './bytes.ts';
import { DELTA_IDS_MAX, SANE_CHANGE_IDS, SANE_CHANGE_SHARE } from './deny-list.ts';
import {
  answerSchema,
  askSchema,
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  BATCH_REFUSALS,
  batchHeaderSchema,
  noteSchema,
  RECORD_BYTES_MAX,
  SCAN_BYTES_KEPT,
  tapSchema,
  voidSchema,
} from './gate-log.ts';
import { AMOUNT_CENTS_MAX, NOTE_CHARS_MAX, PAYMENT_OUTCOMES, PAYMENT_REASONS } from './payment.ts';
import {
  CHECK_DIGITS,
  ONLINE_PREFIX,
  ONLINE_RANDOM_DIGITS,
  OTP_DIGITS,
  otpOfTimeStep,
  PAYMENT_PREFIX,
  SERVER_CODE_DIGITS,
} from './payment-code.ts';
import type { ProofPurpose } from './proof.ts';
import {
  AUTHORISATION_REASON_WORDS,
  AUTHORISATION_REASONS,
  REASON_WORDS,
  REASONS,
} from './reasons.ts';
import { writeRecoveryCode } from './recovery-code.ts';
import {
  onlineKeySchema,
  ROOT_STATEMENTS_MAX,
  ROOT_WORD_CHARS_MAX,
  rootStatementSchema,
} from './root-trust.ts';
import { SIGNED_BYTES_MAX } from './signed.ts';
import { batchReplySchema, RULING_REASONS, RULINGS } from './sync.ts';
import {
  denyDeltaSchema,
  denySnapshotSchema,
  ISSUER_KEYS_MAX,
  issuerKeySchema,
  LINE_FARES_MAX,
  trustListSchema,
} from './trust-list.ts';

const README = readFileSync(new URL('README.md', import.meta.url), 'utf8');

function section(number: number): string {
  const from = README.indexOf(`\n## ${number}. `);
  expect(from, `section ${number}`).toBeGreaterThan(0);
  const to = README.indexOf('\n## ', from + 1);
  return README.slice(from, to === -1 ? undefined : to);
}

test('§6 lists every reason, in the order of precedence, with the words of the display', () => {
  const rows = section(6).matchAll(/^\| `([A-Z_]+)` \|.*\| ([^|·]+) · ([^|]+) \|$/gm);
  const listed = [...rows].map(([, reason, first, second]) => [reason, [first, second]]);
  expect(listed).toEqual(REASONS.map((reason) => [reason, REASON_WORDS[reason]]));
});

test('§14 lists every reason of an ask, with the words of the display', () => {
  const rows = section(14).matchAll(/^\| `([A-Z_]+)` \|.*\| ([^|·]+) · ([^|]+) \|$/gm);
  const listed = [...rows].map(([, reason, first, second]) => [reason, [first, second]]);
  expect(listed).toEqual(
    AUTHORISATION_REASONS.map((reason) => [reason, AUTHORISATION_REASON_WORDS[reason]]),
  );
});

test('§13 lists outcomes and reasons of payments, in the order of precedence', () => {
  const names = [...section(13).matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, name]) => name);
  expect(names).toEqual([...PAYMENT_OUTCOMES, ...PAYMENT_REASONS]);
});

test('§11 gives vectors that hold', () => {
  const seed = new TextEncoder().encode('12345678901234567890123456789012');
  const vectors = [...section(11).matchAll(/\| 0x([0-9A-F]+) \| (\d{8}) /g)];
  expect(vectors).toHaveLength(6);
  for (const [, counter = '', otp] of vectors) {
    expect(otpOfTimeStep(seed, Number.parseInt(counter, 16)), counter).toBe(otp);
  }
});

test('§11 and §12 have prefixes and lengths as they are', () => {
  expect(section(11)).toContain(`| 0 | 2 | \`${PAYMENT_PREFIX}\`;`);
  expect(section(11)).toContain(`| 10 | ${OTP_DIGITS} | TOTP`);
  const end = SERVER_CODE_DIGITS - CHECK_DIGITS;
  expect(section(11)).toContain(`| ${end} | ${CHECK_DIGITS} | **check digits**`);
  const random = `${ONLINE_RANDOM_DIGITS} random digits`;
  expect(section(12)).toContain(`\`${ONLINE_PREFIX}\` and ${random}`);
});

test('§7 and §8 list every refusal, ruling and ruling reason', () => {
  for (const name of BATCH_REFUSALS) expect(section(7)).toContain(`| \`${name}\` |`);
  for (const name of RULINGS) expect(section(8)).toContain(`| \`${name}\` |`);
  for (const name of RULING_REASONS) expect(section(8)).toContain(`\`${name}\``);
});

test.each([
  [4, 'trust list', trustListSchema],
  [4, 'issuer key', issuerKeySchema],
  [4, 'certificate', onlineKeySchema],
  [4, 'statement of a root', rootStatementSchema],
  [5, 'deny snapshot', denySnapshotSchema],
  [5, 'deny delta', denyDeltaSchema],
  [7, 'tap', tapSchema],
  [7, 'ask', askSchema],
  [7, 'answer', answerSchema],
  [7, 'void', voidSchema],
  [7, 'note', noteSchema],
  [7, 'batch header', batchHeaderSchema],
  [8, 'batch reply', batchReplySchema],
])('§%i names every field of a %s', (number, _what, schema) => {
  for (const field of Object.keys(schema.shape)) {
    expect(section(number), field).toMatch(new RegExp(`[\`."]${field}[\`."]`));
  }
});

test('§9 names every purpose', () => {
  const purposes: Record<ProofPurpose, true> = {
    'enrol-rider': true,
    'recover-account': true,
    'open-session': true,
    'renew-pass': true,
    'make-recovery-code': true,
    'make-phone-code': true,
    'block-phone': true,
    'make-payment-seed': true,
    'make-online-code': true,
    'confirm-order': true,
    'enrol-gate': true,
    'spend-gate-token': true,
  };
  for (const purpose of Object.keys(purposes)) expect(section(9)).toContain(`| \`${purpose}\` |`);
});

test.each([
  ['SIGNED_BYTES_MAX', SIGNED_BYTES_MAX, 'characters'],
  ['ROOT_WORD_CHARS_MAX', ROOT_WORD_CHARS_MAX, 'characters'],
  ['ROOT_STATEMENTS_MAX', ROOT_STATEMENTS_MAX, ''],
  ['ISSUER_KEYS_MAX', ISSUER_KEYS_MAX, ''],
  ['LINE_FARES_MAX', LINE_FARES_MAX, ''],
  ['DELTA_IDS_MAX', DELTA_IDS_MAX, ''],
  ['RECORD_BYTES_MAX', RECORD_BYTES_MAX, 'bytes'],
  ['BATCH_RECORDS_MAX', BATCH_RECORDS_MAX, ''],
  ['BATCH_BYTES_MAX', BATCH_BYTES_MAX, 'bytes'],
  ['SCAN_BYTES_KEPT', SCAN_BYTES_KEPT, 'bytes'],
  ['AMOUNT_CENTS_MAX', AMOUNT_CENTS_MAX, ''],
  ['NOTE_CHARS_MAX', NOTE_CHARS_MAX, 'characters'],
])('§10 has %s as it is', (name, value, unit) => {
  const number = value.toLocaleString('en-US');
  expect(section(10)).toContain(`| ${`${number} ${unit}`.trim()} | \`${name}\` |`);
});

test('§10 has the sane change of a deny list as it is', () => {
  const ids = SANE_CHANGE_IDS.toLocaleString('en-US');
  expect(section(10)).toContain(`| ${ids} ids or ${SANE_CHANGE_SHARE * 100} % |`);
});

test('§15 has the codes of its bytes', () => {
  const rows = [...section(15).matchAll(/^\| `([0-9a-f]{30})` \| `([0-9A-Z-]{29})` \|$/gm)];
  expect(rows).toHaveLength(2);
  for (const [, hex = '', code = ''] of rows) {
    expect(writeRecoveryCode(fromHex(hex) ?? new Uint8Array())).toBe(code);
  }
});
