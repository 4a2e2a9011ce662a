/** Which ends are offered for which reason, and what each of them writes. */
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes } from '@stile/protocol/bytes.ts';
import { encodePass } from '@stile/protocol/transit-code.ts';
import { describe, expect, test } from 'vitest';
import { ScriptedGate } from '../../testing/gate.ts';
import type { CheckedCode, CheckedTap } from '../logs/check-record.ts';
import type { AcceptFacts } from './accept.ts';
import type { AdoptFacts } from './adopt.ts';
import { offersOf, PARKED_WHYS, type ParkedRecord } from './parked-record.ts';
import { RESOLUTION_HOWS, type ResolutionHow } from './resolution-changes.ts';
import { decideResolution, type ResolveFacts } from './resolve.ts';
import type { WriteOffFacts } from './write-off.ts';

const NOW_MS = Date.UTC(2026, 2, 2, 8);
const ACCOUNT = '00000000000000aa';
const DEVICE = 'ab'.repeat(32);
const USE = `1/${ACCOUNT}/1/7/${NOW_MS / 1000}`;

const CODE: CheckedCode = {
  issuer: 1,
  account: ACCOUNT,
  serial: 1,
  counter: 7,
  keyId: 1,
  deviceKey: DEVICE,
  issuedAtS: NOW_MS / 1000,
  lifetimeMin: 60,
  codeLifetimeS: 60,
  generatedAtS: NOW_MS / 1000,
  ceilingCents: 2_000,
};

/** Signatures are zeros: what a ride would cost does not hang on them. */
function scanOf({ generatedAtS = NOW_MS / 1000 } = {}): string {
  const fields = encodePass({
    suite: 0,
    issuer: 1,
    issuerKeyId: 1,
    account: ACCOUNT,
    serial: 1,
    issuedAtS: NOW_MS / 1000,
    lifetimeMin: 60,
    codeLifetimeS: 60,
    product: 1,
    ceiling: 1,
    allowance: 9,
    scope: 1,
    deviceKey: new Uint8Array(32).fill(0xab),
  });
  const fresh = { generatedAtS, counter: 7, flags: 0 };
  const sign = () => new Uint8Array(64);
  return makeTransitCode(concatBytes(fields, sign()), { fresh, sign });
}

type TapOf = { line?: string; clock?: 'TRUSTED' | 'UNKNOWN'; generatedAtS?: number };

function parked(
  why: string,
  { line = 'M1', clock = 'TRUSTED', generatedAtS, ...changes }: Partial<ParkedRecord> & TapOf = {},
): ParkedRecord {
  const gate = new ScriptedGate('g1', 'M1', { epoch: '00112233445566ff' });
  const of = generatedAtS === undefined ? {} : { generatedAtS };
  gate.tap(scanOf(of), { atMs: NOW_MS, line, clock });
  const isBeside = ['GAP', 'FORK', 'OTHER_BYTES'].includes(why);
  const tap: CheckedTap = {
    kind: 'tap',
    verdict: 'open',
    atMs: NOW_MS,
    clock,
    line,
    trust: 1,
    deny: 0,
    tariff: 1,
    problem: null,
    code: CODE,
  };
  return {
    subject: { kind: isBeside ? 'odd' : 'record', id: 5 },
    epochId: 3,
    gate: 'g1',
    epoch: gate.epoch,
    seq: 1,
    batchId: 2,
    bytes: gate.records[0] ?? new Uint8Array(),
    prev: new Uint8Array(32).fill(1),
    hash: new Uint8Array(32).fill(2),
    receivedAtMs: NOW_MS + 1_000,
    why,
    content: tap,
    rideMs: null,
    ceilingCents: 2_000,
    isVoided: false,
    before: [],
    ...changes,
  };
}

const WRITE_OFF: WriteOffFacts = {
  isClaimed: false,
  gateLines: [{ line: 'M1', fromMs: 0 }],
  lineFares: [{ line: 'M1', fareCents: 250, fromS: 0 }],
  tariffVersion: 4,
};
const ADOPT: AdoptFacts = {
  branch: null,
  branches: 0,
  isEarlierParked: false,
  nextIds: { epoch: 8, record: 40 },
  rulings: {
    limits: new Map(),
    listTimesS: new Map(),
    passes: new Map([[1, { deviceKey: DEVICE, isIssued: true }]]),
    deniedAtGate: new Set(),
    revokedAtGate: new Set(),
    claims: new Map(),
    oldUses: new Map(),
    usesBySeq: new Map(),
    gateLines: WRITE_OFF.gateLines,
    lineFares: WRITE_OFF.lineFares,
  },
  limitsNow: { codeLifetimeSMax: 3_600, skewS: 20 },
};
const ACCEPT: AcceptFacts = {
  pass: { deviceKey: DEVICE, isIssued: false },
  isAccountKnown: true,
  isKeyTaken: true,
  isIssuerRevoked: false,
};

type Given = Partial<ResolveFacts> & Pick<ResolveFacts, 'record'>;

function decide(how: ResolutionHow, { record, ...facts }: Given) {
  const all = { writeOff: WRITE_OFF, adopt: ADOPT, accept: ACCEPT, nextNumber: 9, ...facts };
  const request = { how, by: 'Vera', note: 'seen', nowMs: NOW_MS + 5_000 };
  const { changes, result } = decideResolution({ record, ...all }, request);
  const told = result.kind === 'refused' ? result.reason : result.kind;
  return { told, kinds: changes.map(({ kind }) => kind), changes };
}

describe('what is offered', () => {
  test.each([
    ['GAP', 'REPLAY ADOPT WRITE_OFF'],
    ['FORK', 'REPLAY ADOPT WRITE_OFF'],
    ['OTHER_BYTES', 'REPLAY ADOPT WRITE_OFF'],
    ['KEY_UNKNOWN', 'REPLAY WRITE_OFF'],
    ['KEY_EXPIRED', 'REPLAY WRITE_OFF'],
    ['ACCOUNT_UNKNOWN', 'REPLAY ACCEPT WRITE_OFF'],
    ['PASS_NOT_ISSUED', 'REPLAY ACCEPT WRITE_OFF'],
    ['FARE_UNKNOWN', 'REPLAY WRITE_OFF'],
    ['UNREADABLE', 'WRITE_OFF'],
  ])('for %s is %s, and nothing else can be done', (why, offers) => {
    expect(offersOf(why).join(' ')).toBe(offers);
    for (const how of RESOLUTION_HOWS) {
      const expected = offers.split(' ').includes(how) ? 'resolved' : 'NOT_OFFERED';
      expect(decide(how, { record: parked(why) }).told, how).toBe(expected);
    }
  });

  test('has an end for every reason', () => {
    for (const why of PARKED_WHYS) expect(offersOf(why)).toContain('WRITE_OFF');
  });

  test.each([
    ['CHARGED', [], 'WRITE_OFF', 'NOT_PARKED'],
    ['WRITTEN_OFF', ['WRITE_OFF'], 'WRITE_OFF', 'already'],
    ['WRITTEN_OFF', ['WRITE_OFF'], 'REPLAY', 'RESOLVED_OTHERWISE'],
    ['ADOPTED', ['ADOPT'], 'WRITE_OFF', 'RESOLVED_OTHERWISE'],
    ['CHARGED', ['ACCEPT'], 'ACCEPT', 'already'],
  ] as const)('of what is %s after %j: %s is %s', (why, before, how, told) => {
    const { kinds, told: is } = decide(how, { record: parked(why, { before }) });
    expect([is, kinds]).toEqual([told, []]);
  });

  test('may follow one that did not help, which is noted once', () => {
    const record = parked('FARE_UNKNOWN', { before: ['REPLAY'] });
    expect(decide('REPLAY', { record })).toMatchObject({ told: 'already', kinds: ['addWork'] });
    expect(decide('WRITE_OFF', { record }).told).toBe('resolved');
  });
});

describe('a loss', () => {
  const lossOf = (record: ParkedRecord, facts: Partial<WriteOffFacts> = {}) => {
    const { changes } = decide('WRITE_OFF', { record, writeOff: { ...WRITE_OFF, ...facts } });
    const added = changes.find((one) => one.kind === 'addResolution');
    const post = changes.find((one) => one.kind === 'post');
    return { written: added?.resolution.writtenOff, transfers: post?.transfers ?? [] };
  };

  test('is the fare, from the account of losses to the line, named by the decision', () => {
    const { written, transfers } = lossOf(parked('ACCOUNT_UNKNOWN'));
    const ride = { use: USE, line: 'M1', rideMs: NOW_MS, ceilingCents: 2_000 };
    expect(written).toEqual({ ...ride, fareCents: 250, tariffVersion: 4 });
    expect(transfers).toEqual([
      {
        id: 'writeOff:9:loss',
        debit: 'loss',
        credit: 'revenue:M1',
        amountCents: 250,
        code: 'WRITE_OFF',
        happenedAtMs: NOW_MS,
      },
    ]);
  });

  test.each([
    ['its ride is claimed by another record', {}, { isClaimed: true }, null],
    ['its gate took it back', { isVoided: true }, {}, null],
    ['its bytes are no record', { bytes: new Uint8Array([1]) }, {}, null],
    ['its line has no fare', {}, { lineFares: [] }, 0],
    ['the gate stood elsewhere', { line: 'M2' }, {}, 0],
  ])('is none if %s', (_name, changes, facts, fareCents) => {
    const { written, transfers } = lossOf(parked('FORK', changes), facts);
    expect(written?.fareCents).toBe(fareCents);
    expect(transfers).toEqual([]);
  });

  test('is never more than the pass stands for', () => {
    expect(lossOf(parked('FORK', { ceilingCents: 90 })).written?.fareCents).toBe(90);
  });

  test.each([
    ['a clock that was known', { clock: 'TRUSTED' }, NOW_MS],
    ['what was found when it came', { clock: 'UNKNOWN', rideMs: NOW_MS - 7 }, NOW_MS - 7],
    ['the phone', { clock: 'UNKNOWN', generatedAtS: NOW_MS / 1000 - 50 }, NOW_MS - 50_000],
    ['its receipt', { clock: 'UNKNOWN', generatedAtS: NOW_MS / 1000 + 50 }, NOW_MS + 1_000],
  ] as const)('is of the instant by %s', (_name, changes, rideMs) => {
    expect(lossOf(parked('FORK', changes)).written?.rideMs).toBe(rideMs);
  });
});

describe('a pass is let count', () => {
  const accept = (facts: Partial<AcceptFacts>, record = parked('ACCOUNT_UNKNOWN')) =>
    decide('ACCEPT', { record, accept: { ...ACCEPT, ...facts } });
  const gone = { pass: undefined, isAccountKnown: false, isKeyTaken: false };

  test.each([
    ['the enrolled phone made it', {}, 'resolved'],
    ['the account is not here', gone, 'resolved'],
    ['the phone is another', { pass: { deviceKey: 'cd'.repeat(32), isIssued: false } }, 'no'],
    ['the account is here without that phone', { ...gone, isAccountKnown: true }, 'no'],
    ['the phone has another account by now', { ...gone, isKeyTaken: true }, 'no'],
    ['the key that signed it was revoked', { ...gone, isIssuerRevoked: true }, 'no'],
  ])('if %s: %j → %s', (_name, facts, expected) => {
    const told = expected === 'no' ? 'PASS_NOT_SAFE' : expected;
    expect(accept(facts).told).toBe(told);
  });

  test('never if its signatures do not hold', () => {
    const forged = { ...parked('ACCOUNT_UNKNOWN').content, problem: 'BAD_ISSUER_SIGNATURE' };
    const record = parked('ACCOUNT_UNKNOWN', { content: forged as CheckedTap });
    expect(accept(gone, record).told).toBe('PASS_NOT_SAFE');
  });

  test('once: a pass that is known by now is only judged again', () => {
    const known = { pass: { deviceKey: DEVICE, isIssued: true } };
    const kinds = ['addResolution', 'keepUnjudged', 'judgeAgain'];
    expect(accept(known).kinds).toEqual(kinds);
  });
});

describe('a piece of a log is adopted', () => {
  test('as an epoch that begins where its first record does, with what the gate gave', () => {
    const record = parked('FORK', { seq: 1 });
    const { changes } = decide('ADOPT', { record });
    expect(changes[0]).toEqual({
      kind: 'addEpoch',
      id: 8,
      gate: 'g1',
      epoch: '00112233445566ff+1',
      head: record.prev,
      gateKeyId: null,
      base: { of: 3, baseSeq: 0 },
    });
    expect(changes[1]).toMatchObject({
      kind: 'addRecord',
      record: { id: 40, epochId: 8, seq: 1, batchId: 2, hash: record.hash, use: USE },
    });
    expect(changes[2]).toMatchObject({ kind: 'moveEpoch', id: 8, lastSeq: 1, head: record.hash });
  });

  test('goes on where the piece before it ended, and never before that', () => {
    const branch = {
      id: 6,
      epoch: '00112233445566ff+2',
      lastSeq: 0,
      head: new Uint8Array(32).fill(1),
      gateKeyId: null,
      anchor: null,
    };
    const { kinds } = decide('ADOPT', { record: parked('FORK'), adopt: { ...ADOPT, branch } });
    expect(kinds).not.toContain('addEpoch');
    const adopt = { ...ADOPT, isEarlierParked: true };
    expect(decide('ADOPT', { record: parked('FORK'), adopt }).told).toBe('EARLIER_FIRST');
  });
});
