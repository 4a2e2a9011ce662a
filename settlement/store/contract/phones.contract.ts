/** Phones of an account, in any Store: who takes whom along, what a doubted code still does, and what has an end. */
import { denyId } from '@stile/protocol/deny-list.ts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GRACE_MS } from '../../core/access/recovery-codes.ts';
import { addRider, ISSUER, NOW_MS } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const ISSUES_MAX = 8;
const NOW_S = NOW_MS / 1000;
const ISSUE = { issuer: ISSUER, keyId: 1, issuedAtS: NOW_S, expiresAtS: NOW_S + 1_000 };

export function describePhones(open: OpenStore): void {
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
  const plan = (codeHash: string, publicKey: string, { nowMs = NOW_MS } = {}) =>
    store.planRecovery({ codeHash, publicKey, issuesMax: ISSUES_MAX, nowMs });
  const causesOf = async (serial: number) =>
    (await store.findDenials(ISSUER, { account: a, serial })).map(({ cause }) => cause);

  async function recover(codeHash: string, publicKey: string): Promise<string> {
    const planned = await plan(codeHash, publicKey);
    if (planned === undefined) return 'unknown';
    const { serial, hasRides } = planned;
    const pass = { account: a, serial, algorithm: 'Ed25519' as const, publicKey };
    const next = { codeHash: `next ${codeHash}`, quickHash: null };
    const terms = { issue: ISSUE, hasRides, issuesMax: ISSUES_MAX, nowMs: NOW_MS };
    return (await store.recover({ codeHash, pass, next, ...terms })).kind;
  }

  test('a code is told from made-up ones by a few bits, as long as it may do something', async () => {
    const add = (
      codeHash: string,
      { quickHash, kind }: { quickHash: string; kind: 'MOVE' | 'PHONE' },
    ) =>
      store.addRecoveryCode({
        issuer: ISSUER,
        codeHash,
        quickHash,
        account: a,
        kind,
        drawnBy: null,
        madeAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 1,
      });
    await addCode('of before');
    const known = { isKnown: true, hasOlder: true };
    const older = { isKnown: false, hasOlder: true };
    await add('first', { quickHash: '0a0b0c0d', kind: 'PHONE' });
    expect(await store.matchCode('0a0b0c0d')).toEqual(known);
    expect(await store.matchCode('0a0b0c0e')).toEqual(older);
    await add('second', { quickHash: '11111111', kind: 'PHONE' });
    expect(await store.matchCode('0a0b0c0d')).toEqual(older);
    // Its response may be lost: what was used is asked about again.
    expect(await recover('second', 'second key')).toBe('recovered');
    expect(await store.matchCode('11111111')).toEqual(known);
    await add('move', { quickHash: '22222222', kind: 'MOVE' });
    expect(await recover('move', 'third key')).toBe('recovered');
    expect(await store.matchCode('22222222')).toEqual(known);
  });

  test('a phone takes along whom it let join behind the phone that blocks it', async () => {
    await addCode('second', 'PHONE');
    expect(await recover('second', 'second key')).toBe('recovered');
    await addCode('third', 'PHONE');
    expect(await recover('third', 'third key')).toBe('recovered');
    const shown = async () =>
      (await store.readRider(ISSUER, a))?.passes.map(({ addedBy, ended }) => [addedBy, ended]);
    expect(await shown()).toEqual([
      [null, null],
      [1, null],
      [1, null],
    ]);
    const block = { account: a, serial: 1, by: 2, issuer: ISSUER, nowMs: NOW_MS };
    expect(await store.blockPass(block)).toBe(true);
    expect(await shown()).toEqual([
      [null, 'BLOCKED'],
      [1, null],
      [1, 'BLOCKED'],
    ]);
    expect(await causesOf(3)).toEqual(['RIDER']);
  });

  test('a phone that is blocked or denied blocks none, also in the moment in which it asks', async () => {
    await addCode('second', 'PHONE');
    expect(await recover('second', 'second key')).toBe('recovered');
    const block = { account: a, issuer: ISSUER, nowMs: NOW_MS };
    const pass = { account: a, serial: 2 };
    const id = denyId({ issuer: ISSUER, ...pass });
    await store.setDenied({ id, note: 'a thief', nowMs: NOW_MS, pass });
    expect(await store.blockPass({ ...block, serial: 1, by: 2 })).toBe(false);
    await store.liftDenied(id, NOW_MS);
    expect(await store.blockPass({ ...block, serial: 2, by: 1 })).toBe(true);
    expect(await store.blockPass({ ...block, serial: 1, by: 2 })).toBe(false);
    expect(await causesOf(1)).toEqual([]);
  });

  test('a code that the blocked phone drew long ago, beside the other one, only blocks', async () => {
    await addCode('pair', 'PHONE');
    expect(await recover('pair', 'second key')).toBe('recovered');
    await addCode('doubted');
    const lateMs = NOW_MS + 2 * GRACE_MS;
    const block = { account: a, serial: 1, by: 2, issuer: ISSUER, nowMs: lateMs };
    expect(await store.blockPass(block)).toBe(true);
    expect(await plan('doubted', 'third key', { nowMs: lateMs })).toBeUndefined();
    const rider = await store.readRider(ISSUER, a);
    expect(rider).toMatchObject({ recoveryCodeMadeAtMs: null, earlierCodeUntilMs: null });
    const all = { codeHash: 'doubted', meant: null, issuer: ISSUER };
    const overMs = lateMs + GRACE_MS;
    expect(await store.blockPhones({ ...all, nowMs: overMs })).toBe('refused');
    expect(await store.blockPhones({ ...all, nowMs: overMs - 1 })).toMatchObject({ phones: 1 });
  });

  test('a phone that an operator has denied meanwhile draws nothing', async () => {
    const id = denyId({ issuer: ISSUER, account: a, serial: 1 });
    const pass = { account: a, serial: 1 };
    const late = {
      issuer: ISSUER,
      codeHash: 'late',
      quickHash: null,
      account: a,
      kind: 'RECOVERY',
      drawnBy: 1,
      madeAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 1_000,
    } as const;
    // Whichever is first, none is left.
    const [result] = await Promise.all([
      store.addRecoveryCode(late),
      store.setDenied({ id, note: 'lost', nowMs: NOW_MS, pass }),
    ]);
    expect(['drawn', 'denied']).toContain(result);
    expect(await plan('late', 'second key')).toBeUndefined();
    const after = { ...late, codeHash: 'after' };
    expect(await store.addRecoveryCode(after)).toBe('denied');
    expect(await store.addRecoveryCode({ ...after, drawnBy: null })).toBe('drawn');
    await store.liftDenied(id, NOW_MS);
    expect(await store.addRecoveryCode({ ...late, codeHash: 'lifted' })).toBe('drawn');
  });

  test('a pass without rides is given beside those with rides, and not without end', async () => {
    const issue = { issuer: ISSUER, keyId: 1, issuedAtS: 0, expiresAtS: 100 };
    const next = { account: a, serial: 1, issue, issuesMax: 1, nowMs: 0 };
    expect(await store.addPassIssue({ ...next, hasRides: true })).toBe('tooMany');
    const given: string[] = [];
    for (let asked = 0; asked < 10; asked += 1) {
      given.push(await store.addPassIssue({ ...next, hasRides: false }));
    }
    const eight = Array.from({ length: 8 }, () => 'issued');
    expect(given).toEqual([...eight, 'tooMany', 'tooMany']);
  });
}
