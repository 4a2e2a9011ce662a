/** What any Store must do besides ingesting: riders, gates, lists, jobs. */
import { sha256 } from '@stile/crypto/sign.ts';
import { toHex, utf8 } from '@stile/protocol/bytes.ts';
import { denyId, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { denyHeadOf, denyVersionOf } from '@stile/protocol/trust-list.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DENY_SALT } from '../../testing/facts.ts';
import { accountOf, addGate, addRider, drain, ISSUER, NOW_MS } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import { describeOrder } from './arrival.contract.ts';
import { describeAsks } from './authorisation.contract.ts';
import { describeBranches } from './branches.contract.ts';
import { describeEvents } from './events.contract.ts';
import { describeIngest, type OpenStore } from './ingest.contract.ts';
import { describeJudgeAgain } from './judge-again.contract.ts';
import { describeLead } from './lead.contract.ts';
import { describeLoad } from './load.contract.ts';
import { describeParked } from './parked.contract.ts';
import { describePayees } from './payee.contract.ts';
import { describePayments } from './payment.contract.ts';
import { describePaymentBooks } from './payment-books.contract.ts';
import { describePaymentHistories } from './payment-histories.contract.ts';
import { describePaymentsAtOnce } from './payments-at-once.contract.ts';
import { describePhones } from './phones.contract.ts';
import { describeRecovery } from './recovery.contract.ts';
import { describeRetention } from './retention.contract.ts';
import { describeRideTime } from './ride-time.contract.ts';

export function describeStore(name: string, open: OpenStore): void {
  describe(name, () => {
    describe('riders', () => describeRiders(open));
    describe('gates and lists', () => describeLists(open));
    describe('ingest', () => describeIngest(open));
    describe('who leads', () => describeLead(open));
    describe('events', () => describeEvents(open));
    describe('again', () => describeJudgeAgain(open));
    describe('asks', () => describeAsks(open));
    describe('phones', () => describePhones(open));
    describe('lost phones', () => describeRecovery(open));
    describe('ride time', () => describeRideTime(open));
    describe('load', () => describeLoad(open));
    describe('parked', () => describeParked(open));
    describe('branches', () => describeBranches(open));
    describe('order', () => describeOrder(open));
    describe('payments', () => describePayments(open));
    describe('payments at once', () => describePaymentsAtOnce(open));
    describe('payees', () => describePayees(open));
    describe('payments afterwards', () => describePaymentBooks(open));
    describe('retention', () => describeRetention(open));
    describe('any payments', () => describePaymentHistories(open));
  });
}

function describeRiders(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    a = await addRider(store, 'a');
  });
  afterEach(async () => {
    await remove();
  });

  test('accounts are counted by address for an hour, and no longer kept', async () => {
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS: 0, expiresAtS: 1 };
    const as = { enrolledBy: 'open', personHash: null, inviteHash: null } as const;
    const enrol = async (letter: string, { address = '203.0.113.7', nowMs = NOW_MS } = {}) => {
      const pass = { account: accountOf(letter), serial: 1, algorithm: 'Ed25519' as const };
      const from = { address, perHourMax: 2 };
      return await store.addRider({ ...pass, ...issue, ...as, publicKey: letter, from, nowMs });
    };
    expect([await enrol('x'), await enrol('y')]).toEqual(['enrolled', 'enrolled']);
    const later = { nowMs: NOW_MS + 1_000 };
    expect(await enrol('z', later)).toEqual({ waitMs: 3_599_000 });
    expect(await enrol('z', { ...later, address: '203.0.113.8' })).toBe('enrolled');
    await store.sweepExpired(NOW_MS + 3_600_000);
    expect(await enrol('v', { nowMs: NOW_MS + 3_600_000 })).toBe('enrolled');
  });

  test('a key is enrolled once', async () => {
    const pass = await store.findPass(a, 1);
    expect(pass).toMatchObject({ account: a, serial: 1, algorithm: 'Ed25519' });
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS: 0, expiresAtS: 1, nowMs: NOW_MS };
    const as = { enrolledBy: 'open', personHash: null, inviteHash: null } as const;
    const other = { account: accountOf('b'), serial: 1, algorithm: 'Ed25519' as const };
    const publicKey = pass?.publicKey ?? '';
    expect(await store.addRider({ ...other, ...as, publicKey, ...issue })).toBe('keyTaken');
    expect(await store.readRider(ISSUER, accountOf('b'))).toBeUndefined();
    expect(await store.findPassOfKey(publicKey)).toEqual(pass);
    expect(await store.findPassOfKey(accountOf('b'))).toBeUndefined();
  });

  test('a session opens until it expires', async () => {
    await store.openSession({
      issuer: 1,
      tokenHash: 'hash',
      account: a,
      serial: 1,
      expiresAtS: 100,
    });
    expect(await store.findSession('hash', 99)).toEqual({ account: a, serial: 1 });
    expect(await store.findSession('hash', 100)).toBeUndefined();
    expect(await store.findSession('other', 0)).toBeUndefined();
    await store.sweepExpired(100_000);
    expect(await store.findSession('hash', 99)).toBeUndefined();
  });

  async function addIssuerKeys(): Promise<void> {
    const span = { notBeforeS: 0, notAfterS: 2_000_000_000, signsFromS: 0 };
    const key = { ...span, issuer: ISSUER, ceilingExponent: 2, status: 'active' } as const;
    for (const keyId of [1, 2, 3]) {
      const publicKey = toHex(sha256(utf8(`${keyId}`)));
      await store.addIssuerKey({ ...key, keyId, publicKey }, NOW_MS);
    }
  }

  test('the same top-up pays once, another amount under its key is a conflict', async () => {
    const topUp = (cents: number, key: string) =>
      store.topUp({ issuer: ISSUER, account: a, key, amountCents: cents, nowMs: NOW_MS });
    const paid = { balanceCents: 500, debtCents: 0 };
    expect(await topUp(500, 'k')).toEqual({ kind: 'done', ...paid });
    expect(await topUp(500, 'k')).toEqual({ kind: 'repeated', ...paid });
    expect(await topUp(501, 'k')).toEqual({ kind: 'conflict' });
    expect(await topUp(100_000_000, 'k2')).toEqual({ kind: 'tooMuch' });
    expect((await store.readRider(ISSUER, a))?.balanceCents).toBe(500);
  });

  test('a renewed pass shows its latest issue', async () => {
    const issue = { issuer: ISSUER, keyId: 2, issuedAtS: 50, expiresAtS: 60 };
    const next = { account: a, serial: 1, issue, hasRides: true, issuesMax: 2, nowMs: 60_000 };
    expect(await store.addPassIssue(next)).toBe('issued');
    const shown = { serial: 1, algorithm: 'Ed25519', issuedAtS: 50, expiresAtS: 60 };
    expect((await store.readRider(ISSUER, a))?.passes).toEqual([
      { ...shown, denied: false, ended: null, addedBy: null },
    ]);
  });

  test('a rider is told which keys of their issuer were revoked', async () => {
    const told = async () => (await store.readRider(ISSUER, a))?.revokedIssuerKeys;
    await addIssuerKeys();
    expect(await told()).toEqual([]);
    const next = { issuer: ISSUER, nowMs: NOW_MS };
    expect(await store.revokeIssuerKey({ ...next, keyId: 2 })).toBe('revoked');
    expect(await told()).toEqual([2]);
    expect((await store.readRider(ISSUER + 1, a))?.revokedIssuerKeys).toEqual([]);
  });

  test('as many passes of a phone as may be are good at a time', async () => {
    const add = (issuedAtS: number, nowMs: number) => {
      const issue = { issuer: ISSUER, keyId: 1, issuedAtS, expiresAtS: issuedAtS + 100 };
      const to = { account: a, serial: 1, hasRides: true };
      return store.addPassIssue({ ...to, issue, issuesMax: 3, nowMs });
    };
    expect(await add(10, 10_000)).toBe('issued');
    expect(await add(20, 20_000)).toBe('issued');
    expect(await add(30, 30_000)).toBe('tooMany');
    expect(await add(111, 110_999)).toBe('tooMany');
    expect(await add(111, 111_000)).toBe('issued');
  });

  test('a pass whose key was revoked is not one of those that are good', async () => {
    const add = (keyId: number) => {
      const issue = { issuer: ISSUER, keyId, issuedAtS: 10, expiresAtS: 110 };
      const to = { account: a, serial: 1, hasRides: true };
      return store.addPassIssue({ ...to, issue, issuesMax: 2, nowMs: 10_000 });
    };
    await addIssuerKeys();
    while ((await add(1)) === 'issued');
    expect(await add(2)).toBe('tooMany');
    await store.revokeIssuerKey({ issuer: ISSUER, keyId: 1, nowMs: NOW_MS });
    expect(await add(2)).toBe('issued');
  });

  test('an invitation makes one account, and none of a person who is denied', async () => {
    const person = { kind: 'verified', personHash: 'vera', expiresAtMs: NOW_MS + 1 } as const;
    for (const tokenHash of ['i1', 'i2', 'i3']) await store.addInvite({ tokenHash, ...person });
    const enrol = (letter: string, inviteHash: string) =>
      store.addRider({
        account: accountOf(letter),
        serial: 1,
        algorithm: 'Ed25519',
        publicKey: `another key of ${letter}`,
        issuer: ISSUER,
        keyId: 1,
        issuedAtS: 0,
        expiresAtS: 1,
        enrolledBy: 'verified',
        personHash: 'vera',
        inviteHash,
        nowMs: NOW_MS,
      });
    expect(await store.findInvite('i1', NOW_MS)).toMatchObject({ kind: 'verified' });
    expect(await store.findInvite('i1', NOW_MS + 1)).toBeUndefined();
    expect(await store.findInvite('none', NOW_MS)).toBeUndefined();
    expect(await enrol('v', 'i1')).toBe('enrolled');
    expect(await store.findInvite('i1', NOW_MS)).toBeUndefined();
    expect(await enrol('w', 'i1')).toBe('inviteUsed');
    expect(await enrol('w', 'none')).toBe('inviteUsed');
    expect((await store.readRider(ISSUER, accountOf('v')))?.enrolledBy).toBe('verified');
    const id = denyId({ issuer: ISSUER, account: accountOf('v'), serial: 0 });
    await store.setDenied({ id, note: 'did not pay', nowMs: NOW_MS });
    expect(await enrol('w', 'i2')).toBe('personDenied');
    await store.liftDenied(id, NOW_MS);
    const ofPhone = denyId({ issuer: ISSUER, account: accountOf('v'), serial: 1 });
    await store.setDenied({ id: ofPhone, note: 'copied codes', nowMs: NOW_MS });
    expect(await enrol('w', 'i2')).toBe('personDenied');
    // The phone is blocked by its rider, and its account goes on.
    const block = { issuer: ISSUER, account: accountOf('v'), serial: 1, by: 2, nowMs: NOW_MS };
    expect(await store.blockPass(block)).toBe(true);
    expect(await enrol('w', 'i2')).toBe('enrolled');
  });

  test('what is wanted is kept until the money is in, and asked again while nobody knows', async () => {
    const request = { issuer: ISSUER, account: a, key: 'k', amountCents: 500, nowMs: NOW_MS };
    const end = (state: 'UNKNOWN' | 'FAILED', key = 'k') =>
      store.endTopUp({ account: a, key, state, nowMs: NOW_MS });
    expect(await store.beginTopUp(request)).toBe('ask');
    expect(await store.beginTopUp({ ...request, amountCents: 501 })).toBe('conflict');
    await end('UNKNOWN');
    expect(await store.beginTopUp(request)).toBe('ask');
    expect((await store.readRider(ISSUER, a))?.balanceCents).toBe(0);
    await store.topUp(request);
    expect(await store.beginTopUp(request)).toBe('paid');
    await end('FAILED');
    expect(await store.beginTopUp(request)).toBe('paid');
    const other = { ...request, key: 'other' };
    expect(await store.beginTopUp(other)).toBe('ask');
    await end('FAILED', 'other');
    expect(await store.beginTopUp(other)).toBe('failed');
    expect((await store.readRider(ISSUER, a))?.balanceCents).toBe(500);
    const huge = { ...request, key: 'huge', amountCents: 100_000_000 };
    expect(await store.beginTopUp(huge)).toBe('tooMuch');
  });

  test('a statement is read in pages, the latest first, each item once', async () => {
    await store.setFare({ line: 'M1', fareCents: 10, fromS: 0 }, NOW_MS);
    const gate = await addGate(store, { gate: 'g1', line: 'M1' });
    for (const counter of [1, 2, 3, 4, 5]) {
      gate.ride({ account: a, counter, atMs: NOW_MS + Math.floor(counter / 2) });
    }
    await gate.send(store);
    await drain(store);
    await store.topUp({
      issuer: ISSUER,
      account: a,
      key: 'k',
      amountCents: 100,
      nowMs: NOW_MS + 1,
    });
    const all = await store.listStatement(a, { after: null, limit: 99 });
    expect(all).toHaveLength(6);
    const paged: (typeof all)[number][] = [];
    for (let after: string | null = null; ; ) {
      const page = await store.listStatement(a, { after, limit: 2 });
      paged.push(...page);
      after = page.at(-1)?.cursor ?? null;
      if (page.length < 2) break;
    }
    expect(paged).toEqual(all);
    expect(all.map(({ atMs }) => atMs - NOW_MS)).toEqual([2, 2, 1, 1, 1, 0]);
  });
}

function describeLists(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ store, remove } = await open());
  });
  afterEach(async () => {
    await remove();
  });

  const token = (tokenHash: string, line: string) =>
    store.addGateToken({
      tokenHash,
      gate: 'g1',
      line,
      scope: 3,
      expiresAtMs: NOW_MS + 10,
      nowMs: NOW_MS,
    });

  test('a token makes a gate once, and not after its time', async () => {
    await token('t1', 'M1');
    await token('t2', 'M1');
    expect(await store.findGateKeys('g1')).toEqual([]);
    expect(await store.findGateKeys('g2')).toBeUndefined();
    const enrolled = { kind: 'enrolled', gate: 'g1', line: 'M1', scope: 3 };
    const asOther = { tokenHash: 't1', publicKey: utf8('key'), gate: 'g2', nowMs: NOW_MS };
    expect(await store.enrolGate(asOther)).toEqual({ kind: 'otherGate', gate: 'g1' });
    const enrol = (tokenHash: string, key: string) =>
      store.enrolGate({ tokenHash, publicKey: utf8(key), nowMs: NOW_MS });
    expect(await enrol('t1', 'key')).toEqual(enrolled);
    expect(await enrol('t1', 'key 2')).toEqual({ kind: 'refused' });
    expect(await enrol('t2', 'key')).toEqual({ kind: 'keyTaken' });
    expect(
      await store.enrolGate({ tokenHash: 't2', publicKey: utf8('key 2'), nowMs: NOW_MS + 10 }),
    ).toEqual({ kind: 'refused' });
  });

  test('a new key is the first to be tried, the old one keeps the time that it had', async () => {
    await token('t1', 'M1');
    await token('t2', 'M2');
    await store.enrolGate({ tokenHash: 't1', publicKey: utf8('key 1'), nowMs: NOW_MS });
    await store.enrolGate({ tokenHash: 't2', publicKey: utf8('key 2'), nowMs: NOW_MS + 5 });
    const keys = await store.findGateKeys('g1');
    expect(keys?.map(({ publicKey, untilMs }) => [toHex(publicKey), untilMs])).toEqual([
      [toHex(utf8('key 2')), null],
      [toHex(utf8('key 1')), NOW_MS + 5],
    ]);
    expect((await store.listGates())[0]).toMatchObject({ line: 'M2', scope: 3 });
  });

  test('denials become versions whose count and digest are those of their ids', async () => {
    const ids = [3, 1, 2].map((serial) =>
      denyId({ issuer: ISSUER, account: accountOf('a'), serial }),
    );
    for (const id of ids) await store.setDenied({ id, note: 'lost', nowMs: NOW_MS });
    expect(await store.advanceDenyList(2, { salt: DENY_SALT, nowMs: NOW_MS })).toBe(true);
    expect(await store.advanceDenyList(2, { salt: DENY_SALT, nowMs: NOW_MS })).toBe(false);
    expect(await store.advanceDenyList(2, { salt: DENY_SALT, nowMs: NOW_MS })).toBe(false);
    const { denyHead } = await store.readListFacts();
    const idsDigest = updateSetDigest(EMPTY_SET_DIGEST, { adds: ids, removes: [], sha256 });
    const version = denyVersionOf({ version: 2, count: 3, idsDigest, salt: DENY_SALT }, sha256);
    expect(await store.findDenyVersion(2)).toEqual(version);
    expect(await store.findDenyVersion(3)).toBeNull();
    expect(denyHead).toEqual(denyHeadOf(version));
    const sorted = ids.map(toHex).sort();
    expect(toHex(await store.readDenyPage({ version: 2, after: null, limit: 9 }))).toBe(
      sorted.join(''),
    );
    const first = await store.readDenyPage({ version: 2, after: null, limit: 2 });
    expect(toHex(first)).toBe(sorted.slice(0, 2).join(''));
    expect(
      toHex(await store.readDenyPage({ version: 2, after: first.subarray(14), limit: 9 })),
    ).toBe(sorted[2]);
  });

  test('a step is the net of what came and went, and too long a one is none', async () => {
    const [x, y] = [1, 2].map((serial) =>
      denyId({ issuer: ISSUER, account: accountOf('a'), serial }),
    );
    if (x === undefined || y === undefined) throw new Error('two ids');
    await store.setDenied({ id: x, note: 'lost', nowMs: NOW_MS });
    await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
    await store.setDenied({ id: y, note: 'lost', nowMs: NOW_MS });
    await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
    await store.liftDenied(x, NOW_MS);
    await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
    expect(await store.findDenyDelta({ from: 0, to: 3, idsMax: 9 })).toEqual({
      adds: [toHex(y)],
      removes: [],
    });
    expect(await store.findDenyDelta({ from: 1, to: 3, idsMax: 9 })).toEqual({
      adds: [toHex(y)],
      removes: [toHex(x)],
    });
    expect(await store.findDenyDelta({ from: 1, to: 3, idsMax: 1 })).toBeUndefined();
    expect(await store.findDenyDelta({ from: 4, to: 3, idsMax: 9 })).toBeUndefined();
    expect(toHex(await store.readDenyPage({ version: 1, after: null, limit: 9 }))).toBe(toHex(x));
    expect(toHex(await store.readDenyPage({ version: 3, after: null, limit: 9 }))).toBe(toHex(y));
  });

  test('a request to publish that comes while one is served is not lost', async () => {
    expect(await store.findPublishRequest()).toBeUndefined();
    await store.requestPublish(NOW_MS);
    const generation = await store.findPublishRequest();
    await store.requestPublish(NOW_MS);
    await store.closePublishRequest(generation ?? 0);
    const later = await store.findPublishRequest();
    expect(later).toBeDefined();
    await store.closePublishRequest(later ?? 0);
    expect(await store.countWork()).toEqual({
      waiting: 0,
      waitingSinceMs: null,
      failed: 0,
      failedSinceMs: null,
    });
  });

  test('one issuer key is active', async () => {
    const key = { issuer: ISSUER, publicKey: 'a'.repeat(64), notBeforeS: 0, notAfterS: 9 };
    const rest = { status: 'active' as const, ceilingExponent: 0, notAfterS: 0xffffffff };
    await store.addIssuerKey({ ...key, ...rest, keyId: 1, signsFromS: 0 }, NOW_MS);
    await store.addIssuerKey({ ...key, ...rest, keyId: 2, signsFromS: 1 }, NOW_MS);
    const { issuerKeys } = await store.readListFacts();
    expect(issuerKeys.map(({ keyId, status }) => `${keyId} ${status}`)).toEqual([
      '1 retired',
      '2 active',
    ]);
  });
}
