/** Who becomes a rider or a gate, and what of a gate ends when another box takes its place. */
import { describe, expect, test } from 'vitest';
import { ACCOUNT, NOW_MS } from '../../testing/facts.ts';
import {
  decideGateEnrolment,
  decideGateRevocation,
  decideRiderEnrolment,
  type GateEnrolmentFacts,
} from './enrolment.ts';

const rider = {
  account: ACCOUNT,
  serial: 1,
  algorithm: 'Ed25519',
  publicKey: 'aa',
  issuer: 1,
  keyId: 1,
  issuedAtS: 0,
  expiresAtS: 1,
  enrolledBy: 'open',
  personHash: null,
  inviteHash: null,
  nowMs: NOW_MS,
} as const;
const free = {
  isKeyTaken: false,
  invite: null,
  denialsOfPerson: [],
  fromAddress: { count: 0, firstAtMs: null },
};

test('a revocation ends what is in force, unless only replaced keys are meant', () => {
  const keys = [
    { id: 1, untilMs: 5, revokedAtMs: null },
    { id: 2, untilMs: null, revokedAtMs: null },
  ];
  const of = { gate: 'g1', by: 'Vera', nowMs: NOW_MS };
  const revoked = (id: number) => ({ kind: 'revokeGateKey', id, by: 'Vera', atMs: NOW_MS });
  const facts = { isKnown: true, keys };
  expect(decideGateRevocation(facts, { ...of, replacedOnly: true })).toEqual({
    changes: [revoked(1)],
    result: { kind: 'revoked', keys: 1 },
  });
  expect(decideGateRevocation(facts, { ...of, replacedOnly: false })).toEqual({
    changes: [revoked(1), { kind: 'endGateKey', id: 2, atMs: NOW_MS }, revoked(2)],
    result: { kind: 'revoked', keys: 2 },
  });
  const unknown = decideGateRevocation(
    { isKnown: false, keys: [] },
    { ...of, replacedOnly: false },
  );
  expect(unknown).toEqual({ changes: [], result: { kind: 'unknown' } });
  const before = keys.map((key) => ({ ...key, untilMs: 5, revokedAtMs: 6 }));
  const again = { changes: [], result: { kind: 'revoked', keys: 0 } };
  const none = { changes: [], result: { kind: 'noKey' } };
  for (const replacedOnly of [true, false]) {
    const asked = { ...of, replacedOnly };
    expect(decideGateRevocation({ isKnown: true, keys: before }, asked)).toEqual(again);
    expect(decideGateRevocation({ isKnown: true, keys: [] }, asked)).toEqual(none);
  }
});

test('a rider gets an account, a pass and two ledger accounts; a key that is taken gets nothing', () => {
  const { changes, result } = decideRiderEnrolment(free, rider);
  expect(result).toBe('enrolled');
  expect(changes.map(({ kind }) => kind)).toEqual([
    'addAccount',
    'addPass',
    'addPassIssue',
    'judgeAgain',
    'openLedgerAccount',
    'openLedgerAccount',
  ]);
  const taken = decideRiderEnrolment({ ...free, isKeyTaken: true }, rider);
  expect(taken).toEqual({ changes: [], result: 'keyTaken' });
});

describe('an invitation', () => {
  const invite = {
    kind: 'verified',
    personHash: 'p',
    expiresAtMs: NOW_MS + 1,
    usedAtMs: null,
  } as const;
  const invited = { ...rider, enrolledBy: 'verified', personHash: 'p', inviteHash: 'i' } as const;

  test('is used up by the account that it makes', () => {
    const { changes, result } = decideRiderEnrolment({ ...free, invite }, invited);
    expect(result).toBe('enrolled');
    expect(changes[0]).toMatchObject({ enrolledBy: 'verified', personHash: 'p' });
    expect(changes[1]).toEqual({ kind: 'useInvite', tokenHash: 'i', atMs: NOW_MS });
  });

  test.each([
    ['that is unknown', { invite: null }, 'inviteUsed'],
    ['that was used', { invite: { ...invite, usedAtMs: 1 } }, 'inviteUsed'],
    ['that has ended', { invite: { ...invite, expiresAtMs: NOW_MS } }, 'inviteUsed'],
  ] as const)('%s makes none', (_name, facts, result) => {
    expect(decideRiderEnrolment({ ...free, ...facts }, invited)).toEqual({ changes: [], result });
  });

  test.each([
    ['DEBT', false, 'personDenied'],
    ['OPERATOR', false, 'personDenied'],
    ['OPERATOR', true, 'enrolled'],
    ['RIDER', false, 'enrolled'],
    ['RIDER', true, 'enrolled'],
  ] as const)(
    'of somebody denied by %s, the phone ended: %s: %s',
    (cause, isOfEndedPass, result) => {
      const denial = { cause, isOfEndedPass };
      const facts = { ...free, invite, denialsOfPerson: [denial] };
      expect(decideRiderEnrolment(facts, invited).result).toBe(result);
      const lost = { cause: 'RIDER', isOfEndedPass: true } as const;
      const two = { ...facts, denialsOfPerson: [lost, denial] };
      expect(decideRiderEnrolment(two, invited).result).toBe(result);
    },
  );
});

const token = { gate: 'g1', line: 'M1', scope: 2, expiresAtMs: NOW_MS + 1, usedAtMs: null };

function enrol(facts: Partial<GateEnrolmentFacts>) {
  return decideGateEnrolment(
    { token, isKeyTaken: false, currentKeys: [], line: null, ...facts },
    { tokenHash: 'h', publicKey: new Uint8Array(32), nowMs: NOW_MS },
  );
}

describe('a gate', () => {
  test('stands at its first line from the beginning of time', () => {
    const { changes, result } = enrol({});
    expect(result).toEqual({ kind: 'enrolled', gate: 'g1', line: 'M1', scope: 2 });
    expect(changes.at(-1)).toEqual({ kind: 'addGateLine', gate: 'g1', line: 'M1', fromMs: 0 });
  });

  test('that moves stands at its new line from now, and its key before ends', () => {
    const { changes } = enrol({ line: 'M0', currentKeys: [3] });
    expect(changes).toContainEqual({ kind: 'endGateKey', id: 3, atMs: NOW_MS });
    expect(changes.at(-1)).toMatchObject({ kind: 'addGateLine', fromMs: NOW_MS });
  });

  test('that stays keeps its line', () => {
    expect(enrol({ line: 'M1' }).changes.map(({ kind }) => kind)).not.toContain('addGateLine');
  });

  test.each<[string, Partial<GateEnrolmentFacts>, string]>([
    ['without a token', { token: null }, 'refused'],
    ['with a used token', { token: { ...token, usedAtMs: 1 } }, 'refused'],
    ['with an expired token', { token: { ...token, expiresAtMs: NOW_MS } }, 'refused'],
    ['with a key that is enrolled', { isKeyTaken: true }, 'keyTaken'],
  ])('%s is none', (_name, facts, kind) => {
    expect(enrol(facts)).toEqual({ changes: [], result: { kind } });
  });
});

test('an address makes so many accounts in an hour, and hears how long to wait', () => {
  const from = { address: '203.0.113.7', perHourMax: 2 };
  const one = { count: 1, firstAtMs: NOW_MS - 1_000 };
  const made = decideRiderEnrolment({ ...free, fromAddress: one }, { ...rider, from });
  expect(made.result).toBe('enrolled');
  expect(made.changes).toContainEqual({
    kind: 'addEnrolment',
    address: from.address,
    atMs: NOW_MS,
  });
  const waits = [NOW_MS - 1_000, NOW_MS + 86_400_000].map((firstAtMs) => {
    const fromAddress = { count: 2, firstAtMs };
    return decideRiderEnrolment({ ...free, fromAddress }, { ...rider, from });
  });
  expect(waits).toEqual([
    { changes: [], result: { waitMs: 3_599_000 } },
    { changes: [], result: { waitMs: 3_600_000 } },
  ]);
});
