/** Lost phones, in any Store: what a recovery code moves, what a block ends, and what neither touches. */
import { denyId } from '@stile/protocol/deny-list.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RecoveryPlan } from '../../core/access/recovery.ts';
import { GRACE_MS } from '../../core/access/recovery-codes.ts';
import { DENY_SALT } from '../../testing/facts.ts';
import { accountOf, addGate, addRider, drain, ISSUER, NOW_MS } from '../../testing/log.ts';
import {
  addSeed as addTillSeed,
  onlineCode,
  paymentCode,
  ScriptedTill,
} from '../../testing/till.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const ISSUES_MAX = 8;
const NOW_S = NOW_MS / 1000;
const ISSUE = { issuer: ISSUER, keyId: 1, issuedAtS: NOW_S, expiresAtS: NOW_S + 1_000 };

export function describeRecovery(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let a: string;
  beforeEach(async () => {
    ({ store, remove } = await open());
    a = await addRider(store, 'a');
    await addCode('paper');
  });
  afterEach(async () => {
    await remove();
  });

  const addCode = (codeHash: string, kind: 'RECOVERY' | 'PHONE' = 'RECOVERY') =>
    store.addRecoveryCode({
      issuer: ISSUER,
      quickHash: null,
      codeHash,
      account: a,
      kind,
      drawnBy: 1,
      madeAtMs: NOW_MS,
      expiresAtMs: kind === 'PHONE' ? NOW_MS + 600_000 : null,
    });
  const addUnconfirmed = (codeHash: string) =>
    store.addRecoveryCode({
      issuer: ISSUER,
      quickHash: null,
      codeHash,
      account: a,
      kind: 'RECOVERY',
      drawnBy: 1,
      madeAtMs: NOW_MS + 1,
      expiresAtMs: NOW_MS + 1_000,
    });
  const confirm = (codeHash: string, nowMs = NOW_MS) =>
    store.confirmRecoveryCode({ account: a, codeHash, nowMs });
  const plan = (codeHash: string, publicKey: string, { nowMs = NOW_MS } = {}) =>
    store.planRecovery({ codeHash, publicKey, issuesMax: ISSUES_MAX, nowMs });

  type Claim = { codeHash: string; publicKey: string; nextCodeHash: string };

  async function recover(codeHash: string, publicKey: string): Promise<string> {
    return await recoverInto(`next ${codeHash}`, { codeHash, publicKey });
  }

  async function recoverInto(nextCodeHash: string, of: Omit<Claim, 'nextCodeHash'>) {
    const { codeHash, publicKey } = of;
    const planned = await plan(codeHash, publicKey);
    if (planned === undefined) return 'unknown';
    return (await recoverAs(planned, { codeHash, publicKey, nextCodeHash })).kind;
  }

  async function recoverAs(
    { account, serial, hasRides }: Pick<RecoveryPlan, 'account' | 'serial' | 'hasRides'>,
    of: Claim,
  ) {
    const { codeHash, publicKey, nextCodeHash } = of;
    const next = { codeHash: nextCodeHash, quickHash: null };
    const pass = { account, serial, algorithm: 'Ed25519' as const, publicKey };
    const terms = { issuesMax: ISSUES_MAX, nowMs: NOW_MS };
    return await store.recover({ codeHash, pass, issue: ISSUE, hasRides, next, ...terms });
  }

  const openSession = (tokenHash: string, serial: number) =>
    store.openSession({ issuer: 1, tokenHash, account: a, serial, expiresAtS: NOW_S + 100 });
  const causesOf = async (serial: number) =>
    (await store.findDenials(ISSUER, { account: a, serial })).map(({ cause }) => cause);
  const addSeed = (handle: string, serial: number) =>
    store.addSeed({
      handle,
      account: a,
      serial,
      keyId: 'k',
      sealed: new Uint8Array([1]),
      nowMs: NOW_MS,
      expiresAtMs: NOW_MS + 1_000,
    });

  test('a recovery moves the account, and the old phone reaches nothing', async () => {
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 500, nowMs: NOW_MS });
    await openSession('old session', 1);
    await addSeed('11111111', 1);
    const online = { codeHash: 'online', account: a, serial: 1, boundCents: null };
    await store.addOnlineCode({ ...online, nowMs: NOW_MS, expiresAtMs: NOW_MS + 60_000 });
    expect(await recover('paper', 'second key')).toBe('recovered');
    expect(await store.findSession('old session', NOW_S)).toBeUndefined();
    expect(await openSession('another of the old', 1)).toBe('ended');
    expect(await store.findSeed('11111111', NOW_MS)).toBeUndefined();
    const to = { account: a, serial: 1, issue: ISSUE, hasRides: true };
    const renewal = { ...to, issuesMax: 99, nowMs: NOW_MS };
    expect(await store.addPassIssue(renewal)).toBe('ended');
    expect(await store.addPassIssue({ ...renewal, serial: 2 })).toBe('issued');
    expect(await causesOf(1)).toEqual(['RIDER']);
    expect(await causesOf(2)).toEqual([]);
    expect(await openSession('new session', 2)).toBe('opened');
    const rider = await store.readRider(ISSUER, a);
    expect(rider).toMatchObject({ balanceCents: 500, denied: [] });
    expect(rider?.passes.map(({ serial, denied, ended }) => [serial, denied, ended])).toEqual([
      [1, true, 'MOVED'],
      [2, false, null],
    ]);
    expect((await store.findPass(a, 1))?.endedAtMs).toBe(NOW_MS);
    expect(await store.findPassOfKey('second key')).toEqual(await store.findPass(a, 2));
  });

  test('the deny list has the old pass, and an operator cannot lift it', async () => {
    await recover('paper', 'second key');
    await store.advanceDenyList(9, { salt: DENY_SALT, nowMs: NOW_MS });
    const id = denyId({ issuer: ISSUER, account: a, serial: 1 });
    const page = await store.readDenyPage({ version: 1, after: null, limit: 9 });
    expect(new Uint8Array(page)).toEqual(id);
    expect(await store.liftDenied(id, NOW_MS)).toBe(false);
    expect(await causesOf(1)).toEqual(['RIDER']);
  });

  test('nothing that the old phone shows pays any more', async () => {
    const till = await ScriptedTill.open(store, 'kiosk');
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 500, nowMs: NOW_MS });
    await addTillSeed(store, { account: a, handle: '12345678' });
    const shown = await onlineCode(store, { account: a, atMs: NOW_MS });
    await recover('paper', 'second key');
    expect(await till.reasonOf(shown)).toBe('CODE_EXPIRED');
    expect(await till.reasonOf(paymentCode('12345678', 1))).toBe('CODE_REFUSED');
    // One that its session fetched in the very moment: the pass is denied.
    expect(await till.reasonOf(await onlineCode(store, { account: a, atMs: NOW_MS }))).toBe(
      'DENIED',
    );
  });

  test('a code on paper lives for a time of grace behind the next one, and all are shown', async () => {
    const shown = async () => {
      const rider = await store.readRider(ISSUER, a);
      return [rider?.recoveryCodeMadeAtMs, rider?.unconfirmedCodeMadeAtMs];
    };
    expect(await shown()).toEqual([NOW_MS, null]);
    await addUnconfirmed('fresh');
    expect(await shown()).toEqual([NOW_MS, NOW_MS + 1]);
    expect(await plan('paper', 'second key')).toMatchObject({ account: a });
    expect([await confirm('never made'), await confirm('fresh', NOW_MS + 1_000)]).toEqual([
      false,
      false,
    ]);
    expect([await confirm('fresh'), await confirm('fresh')]).toEqual([true, true]);
    expect(await shown()).toEqual([NOW_MS + 1, null]);
    expect((await store.readRider(ISSUER, a))?.earlierCodeUntilMs).toBe(NOW_MS + GRACE_MS);
    expect(await plan('paper', 'second key')).toMatchObject({ account: a });
    expect(await plan('paper', 'second key', { nowMs: NOW_MS + GRACE_MS })).toBeUndefined();
    expect(await plan('fresh', 'second key')).toMatchObject({ account: a });
    // Who blocks with it has it: it stays, and the younger one ends.
    await store.blockPhones({ codeHash: 'paper', meant: a, issuer: ISSUER, nowMs: NOW_MS });
    expect(await shown()).toEqual([NOW_MS, null]);
    expect((await store.readRider(ISSUER, a))?.earlierCodeUntilMs).toBeNull();
    expect(await plan('fresh', 'second key')).toBeUndefined();
  });

  test('a used code works until the next one is confirmed', async () => {
    expect(await recover('paper', 'second key')).toBe('recovered');
    expect(await recoverInto('next', { codeHash: 'paper', publicKey: 'third key' })).toBe(
      'recovered',
    );
    expect(await recover('next paper', 'fourth key')).toBe('unknown');
    expect(await confirm('next')).toBe(true);
    expect(await plan('paper', 'fourth key', { nowMs: NOW_MS + GRACE_MS })).toBeUndefined();
    expect(await recover('next', 'fourth key')).toBe('recovered');
    expect(await causesOf(2)).toEqual(['RIDER']);
    expect(await recover('never made', 'fourth key')).toBe('unknown');
    const b = await addRider(store, 'b');
    expect((await store.readRider(ISSUER, b))?.recoveryCodeMadeAtMs).toBeNull();
  });

  test('a response that was lost is asked for again by the same key, and makes no second phone', async () => {
    const of = { codeHash: 'paper', publicKey: 'second key' };
    await recoverInto('lost', of);
    expect(await recoverInto('heard', of)).toBe('recovered');
    expect((await store.readRider(ISSUER, a))?.passes).toHaveLength(2);
    expect(await plan('lost', 'third key')).toBeUndefined();
    expect(await plan('heard', 'third key')).toMatchObject({ account: a, serial: 3 });
  });

  test('two that come at once are one', async () => {
    const planned = { account: a, serial: 2, hasRides: true };
    const kinds = await Promise.all(
      ['one', 'two'].map((publicKey) =>
        recoverAs(planned, { codeHash: 'paper', publicKey, nextCodeHash: `of ${publicKey}` }),
      ),
    );
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(['changed', 'recovered']);
    const key = 'key of another';
    await store.addRecoveryCode({
      issuer: ISSUER,
      quickHash: null,
      codeHash: 'again',
      account: a,
      kind: 'RECOVERY',
      drawnBy: 2,
      madeAtMs: NOW_MS,
      expiresAtMs: null,
    });
    expect(
      (await recoverAs(planned, { codeHash: 'again', publicKey: key, nextCodeHash: 'x' })).kind,
    ).toBe('changed');
  });

  test('debts and denials of the account go along', async () => {
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    const gate = await addGate(store, { gate: 'g1', line: 'M1' });
    gate.ride({ account: a, counter: 1, atMs: NOW_MS });
    await gate.send(store);
    await drain(store);
    const id = denyId({ issuer: ISSUER, account: a, serial: 0 });
    await store.setDenied({ id, note: 'stolen', nowMs: NOW_MS });
    expect(await recover('paper', 'second key')).toBe('recovered');
    const rider = await store.readRider(ISSUER, a);
    expect(rider?.debtCents).toBe(250);
    expect(rider?.denied.map(({ cause }) => cause)).toEqual(['DEBT', 'OPERATOR']);
    expect(await causesOf(2)).toEqual(['DEBT', 'OPERATOR']);
    await store.topUp({ issuer: ISSUER, account: a, key: 'k', amountCents: 300, nowMs: NOW_MS });
    expect(await causesOf(2)).toEqual(['OPERATOR']);
    expect(await causesOf(1)).toEqual(['OPERATOR', 'RIDER']);
  });

  test('a block ends every phone, moves nothing, and leaves the code', async () => {
    await addCode('pair', 'PHONE');
    expect(await recover('pair', 'second key')).toBe('recovered');
    expect(await causesOf(1)).toEqual([]);
    await openSession('of 1', 1);
    await openSession('of 2', 2);
    const block = (codeHash: string, meant: string | null = null) =>
      store.blockPhones({ codeHash, meant, issuer: ISSUER, nowMs: NOW_MS });
    expect(await block('pair')).toBe('refused');
    expect(await block('paper', 'f'.repeat(16))).toBe('otherAccount');
    expect(await causesOf(1)).toEqual([]);
    expect(await block('paper', a)).toEqual({ account: a, phones: 2 });
    expect(await block('paper')).toEqual({ account: a, phones: 0 });
    for (const of of ['of 1', 'of 2']) expect(await store.findSession(of, NOW_S)).toBeUndefined();
    expect([await causesOf(1), await causesOf(2)]).toEqual([['RIDER'], ['RIDER']]);
    expect(await recover('paper', 'third key')).toBe('recovered');
    expect(await causesOf(3)).toEqual([]);
  });

  test('a phone that is blocked or denied has drawn nothing that works', async () => {
    const openCodes = async (...hashes: string[]) => {
      const plans = await Promise.all(hashes.map((hash) => plan(hash, `key ${hash}`)));
      return hashes.filter((_hash, at) => plans[at] !== undefined);
    };
    const draw = async () => {
      await addUnconfirmed('fresh');
      await addCode('pair', 'PHONE');
    };
    await addCode('join', 'PHONE');
    expect(await recover('join', 'second key')).toBe('recovered');
    await draw();
    expect(await openCodes('paper', 'fresh', 'pair')).toEqual(['paper', 'fresh', 'pair']);
    await store.blockPhones({ codeHash: 'paper', meant: null, issuer: ISSUER, nowMs: NOW_MS });
    expect(await openCodes('paper', 'fresh', 'pair')).toEqual(['paper']);
    const of = { issuer: ISSUER, account: a, quickHash: null, drawnBy: 1, madeAtMs: NOW_MS };
    const drawn = { ...of, kind: 'PHONE' } as const;
    const late = { ...drawn, codeHash: 'late', expiresAtMs: NOW_MS + 1_000 };
    expect(await store.addRecoveryCode(late)).toBe('ended');
    expect(await store.addRecoveryCode({ ...late, drawnBy: null })).toBe('drawn');
  });

  test('what an operator denies or another phone blocks has drawn nothing either', async () => {
    for (const how of ['deny', 'block']) {
      const [key, join] = [`key ${how}`, `join ${how}`];
      a = await addRider(store, how);
      await addCode(join, 'PHONE');
      expect(await recover(join, key)).toBe('recovered');
      await addUnconfirmed(`fresh ${how}`);
      await addCode(`pair ${how}`, 'PHONE');
      const of = { account: a, serial: 1 };
      const id = denyId({ issuer: ISSUER, ...of });
      if (how === 'deny') await store.setDenied({ id, note: 'lost', nowMs: NOW_MS, pass: of });
      else await store.blockPass({ ...of, by: 2, issuer: ISSUER, nowMs: NOW_MS });
      for (const code of ['fresh', 'pair']) {
        expect(await plan(`${code} ${how}`, 'of a thief'), how).toBeUndefined();
      }
      expect(await causesOf(2)).toEqual([]);
    }
  });

  test('a second phone blocks the first', async () => {
    await addCode('pair', 'PHONE');
    await recover('pair', 'second key');
    const block = (serial: number) =>
      store.blockPass({ account: a, serial, by: 2, issuer: ISSUER, nowMs: NOW_MS });
    expect([await block(1), await block(1), await block(9)]).toEqual([true, false, false]);
    expect([await causesOf(1), await causesOf(2)]).toEqual([['RIDER'], []]);
    expect((await store.readRider(ISSUER, a))?.passes[0]?.ended).toBe('BLOCKED');
  });

  test('with four eyes another person confirms a move, once', async () => {
    const asked = {
      account: a,
      note: 'card seen',
      fourEyes: true,
      quickHash: null,
      nowMs: NOW_MS,
    };
    const move = (by: string, codeHash: string) => store.moveAccount({ ...asked, by, codeHash });
    const approve = (id: number, by: string) => store.approve({ id, by, nowMs: NOW_MS });
    expect(await move('Vera', 'm1')).toEqual({ kind: 'waits', approval: 1 });
    expect(await move('Vera', 'm1')).toEqual({ kind: 'waits', approval: 1 });
    expect(await approve(1, 'Vera')).toBe('samePerson');
    expect(await approve(2, 'Ben')).toBe('unknown');
    expect(await store.listApprovals(NOW_MS)).toMatchObject([{ id: 1, by: 'Vera' }]);
    expect(await approve(1, 'Ben')).toBe('approved');
    expect(await move('Ben', 'm2')).toEqual({ kind: 'waits', approval: 2 });
    expect(await move('Vera', 'm3')).toMatchObject({ kind: 'code' });
    expect(await store.listApprovals(NOW_MS)).toMatchObject([{ id: 2 }]);
    // Whoever has confirmed it hears that it is done.
    expect(await approve(1, 'Ben')).toBe('approved');
    expect(await approve(1, 'Ada')).toBe('over');
    expect(await move('Vera', 'm4')).toEqual({ kind: 'waits', approval: 3 });
    expect(await plan('m1', 'second key')).toBeUndefined();
    expect(await recover('m3', 'second key')).toBe('recovered');
    expect(await causesOf(1)).toEqual(['RIDER']);
    const other = { ...asked, account: accountOf('z'), by: 'Vera' };
    expect(await store.moveAccount({ ...other, codeHash: 'm5' })).toEqual({
      kind: 'unknown',
    });
  });
}
