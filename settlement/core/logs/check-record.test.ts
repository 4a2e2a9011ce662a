/** What a line says and whether its code is genuine, with real signatures, honest and not. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey, keyFromSeed, sha256 } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes, toHex, utf8 } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage, type Suite } from '@stile/protocol/transit-code.ts';
import { expect, test } from 'vitest';
import { ScriptedGate, type TapChanges } from '../../testing/gate.ts';
import {
  type CheckParts,
  checkRecord,
  completeContent,
  type KnownIssuerKey,
} from './check-record.ts';

const NOW_S = 1_772_438_400;
const issuerKey = keyFromSeed(new Uint8Array(32).fill(2));
const strangerKey = keyFromSeed(new Uint8Array(32).fill(4));
const devices = { 0: keyFromSeed(new Uint8Array(32).fill(5)), 1: generateKey('P-256') };

const KEY: KnownIssuerKey = {
  issuer: 1,
  keyId: 1,
  publicKey: toHex(issuerKey.publicKey),
  status: 'active',
  notBeforeS: NOW_S - 1000,
  notAfterS: NOW_S + 1000,
  ceilingExponent: 0,
  publicKeyBytes: issuerKey.publicKey,
};
const PARTS: CheckParts = {
  issuerKeys: [KEY],
  verify: createNodeVerify(),
  sha256,
  verifiedPasses: null,
};

type Forgery = {
  suite?: Suite;
  issuer?: typeof issuerKey;
  device?: typeof issuerKey;
  keyId?: number;
};

function code({ suite = 0, issuer = issuerKey, device, keyId = 1 }: Forgery = {}): string {
  const deviceKey = devices[suite].publicKey;
  const names = { suite, issuer: 1, issuerKeyId: keyId, account: '0123456789abcdef', serial: 3 };
  const times = { issuedAtS: NOW_S - 500, lifetimeMin: 60, codeLifetimeS: 60 };
  const fields = encodePass({
    ...names,
    ...times,
    deviceKey,
    product: 1,
    ceiling: 1,
    allowance: 1,
    scope: 1,
  });
  const pass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  const fresh = { generatedAtS: NOW_S, counter: 9, flags: 0 };
  return makeTransitCode(pass, { fresh, sign: (device ?? devices[suite]).sign });
}

function check(
  scan: string,
  changes: TapChanges = {},
  { parts = {} }: { parts?: Partial<CheckParts> } = {},
) {
  const gate = new ScriptedGate('g1', 'M1');
  gate.tap(scan, { atMs: NOW_S * 1000, ...changes });
  const bytes = gate.records[0] ?? new Uint8Array();
  return checkRecord({ seq: 1, bytes, hash: new Uint8Array(32) }, { ...PARTS, ...parts });
}

test.each([0, 1] as const)('a genuine code of suite %i is read into its signed facts', (suite) => {
  expect(check(code({ suite }))).toMatchObject({
    kind: 'tap',
    verdict: 'open',
    line: 'M1',
    problem: null,
    code: { issuer: 1, account: '0123456789abcdef', serial: 3, counter: 9, generatedAtS: NOW_S },
  });
});

const LATE = { atMs: (NOW_S + 1001) * 1000 };
const NEITHER = { issuerKeys: [{ ...KEY, publicKeyBytes: strangerKey.publicKey }] };
test.each<[string, string, string, TapChanges, Partial<CheckParts>]>([
  ['no code at all', 'hello', 'MALFORMED', {}, {}],
  ['bytes that are no text', '', 'MALFORMED', { scan: null, scanHex: 'ff' }, {}],
  ['a key that nobody published', code({ keyId: 2 }), 'KEY_UNKNOWN', {}, {}],
  ['a key whose time was over', code(), 'KEY_EXPIRED', LATE, {}],
  [
    'a pass older than its key',
    code(),
    'KEY_EXPIRED',
    {},
    { issuerKeys: [{ ...KEY, notBeforeS: NOW_S - 499 }] },
  ],
  ["a stranger's pass", code({ issuer: strangerKey }), 'BAD_ISSUER_SIGNATURE', {}, {}],
  ['another phone', code({ device: strangerKey }), 'BAD_DEVICE_SIGNATURE', {}, {}],
  ['both signatures wrong', code({ device: strangerKey }), 'BAD_ISSUER_SIGNATURE', {}, NEITHER],
])('%s is found: %#', (_name, scan, problem, changes, parts) => {
  expect(check(scan, changes, { parts })).toMatchObject({ verdict: 'open', problem });
});

test('a gate that did not know the time is not held to the time of the key', () => {
  expect(check(code(), { ...LATE, clock: 'UNKNOWN' })).toMatchObject({ problem: null });
});

test('a refused tap is not looked into', () => {
  const refused = { verdict: 'refuse', reason: 'REPLAY' } as const;
  expect(check('hello', refused)).toMatchObject({ verdict: 'refuse', gateReason: 'REPLAY' });
});

test('an ask and its answer are read as they are, with nothing to check', () => {
  const gate = new ScriptedGate('g1', 'M1');
  const id = 'a5'.repeat(16);
  const ask = gate.ask(id, 5);
  gate.answer(ask, { atMs: 6, reason: 'NO_ANSWER' });
  gate.answer(ask, { atMs: 7 });
  const read = gate.records.map((bytes, index) =>
    checkRecord({ seq: index + 1, bytes, hash: new Uint8Array(32) }, PARTS),
  );
  const clock = 'TRUSTED';
  const boot = '0badcafe';
  expect(read).toEqual([
    { kind: 'ask', atMs: 5, clock, boot, monoMs: 1_000, id, line: 'M1' },
    {
      kind: 'answer',
      atMs: 6,
      clock,
      boot,
      monoMs: 2_000,
      of: 1,
      verdict: 'refuse',
      gateReason: 'NO_ANSWER',
    },
    {
      kind: 'answer',
      atMs: 7,
      clock,
      boot,
      monoMs: 3_000,
      of: 1,
      verdict: 'open',
      gateReason: null,
    },
  ]);
});

test('a line that is no record, or in the wrong place, is unreadable', () => {
  const hash = new Uint8Array(32);
  expect(checkRecord({ seq: 1, bytes: utf8('{}'), hash }, PARTS).kind).toBe('unreadable');
  const gate = new ScriptedGate('g1', 'M1');
  gate.note(0);
  const bytes = gate.records[0] ?? new Uint8Array();
  expect(checkRecord({ seq: 1, bytes, hash }, PARTS)).toMatchObject({
    kind: 'note',
    atMs: 0,
    clock: 'TRUSTED',
    monoMs: 1_000,
  });
  expect(checkRecord({ seq: 2, bytes, hash }, PARTS).kind).toBe('unreadable');
});

test('a verified pass is remembered, with the key that it was verified by', () => {
  const ids = new Set<string>();
  const parts = { verifiedPasses: ids };
  check(code({ issuer: strangerKey }), {}, { parts });
  expect(ids.size).toBe(0);
  check(code(), {}, { parts });
  expect(ids.size).toBe(1);
  expect(check(code(), {}, { parts: { ...parts, ...NEITHER } })).toMatchObject({
    problem: 'BAD_ISSUER_SIGNATURE',
  });
  // A remembered pass saves the issuer's check and nothing else.
  expect(check(code({ device: strangerKey }), {}, { parts })).toMatchObject({
    problem: 'BAD_DEVICE_SIGNATURE',
  });
});

test('a key that was revoked since says nothing about the code: whether the pass was issued does', () => {
  const parts: Partial<CheckParts> = { issuerKeys: [{ ...KEY, status: 'revoked' }] };
  expect(check(code(), {}, { parts })).toMatchObject({ problem: null });
});

test('what an earlier version stored of a waiting record is completed from the record', () => {
  const gate = new ScriptedGate('g1', 'M1');
  gate.tap(code(), { atMs: NOW_S * 1000 });
  const line = { seq: 1, bytes: gate.records[0] ?? new Uint8Array(), hash: new Uint8Array(32) };
  const whole = checkRecord(line, PARTS);
  const stored = JSON.parse(JSON.stringify(whole));
  delete stored.code.deviceKey;
  delete stored.code.keyId;
  // Under which exponent its ceiling stands, only the key says: such a record waits with none.
  const known = { ...stored.code, ceilingCents: null };
  expect(completeContent(stored, line)).toMatchObject({ ...whole, code: known });
});
