/** What any Store must do with parked records that a person resolves: replay, adopt, accept, write off. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey, keyFromSeed, type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes, toHex, utf8 } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage } from '@stile/protocol/transit-code.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredIssuerKey } from '../../core/lists/list-changes.ts';
import { checkBatch } from '../../core/logs/check-batch.ts';
import type { ResolutionHow } from '../../core/parked/resolution-changes.ts';
import { ScriptedGate } from '../../testing/gate.ts';
import { accountOf, addGate, drain, ISSUER, NOW_MS, readBooks } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const NOW_S = NOW_MS / 1000;
const LIFETIME_MIN = 60;
const issuer = keyFromSeed(new Uint8Array(32).fill(2));
const device = generateKey('Ed25519');
const stranger = generateKey('Ed25519');
const account = accountOf('a');

const KEY: StoredIssuerKey = {
  issuer: ISSUER,
  keyId: 1,
  publicKey: toHex(issuer.publicKey),
  status: 'active',
  notBeforeS: NOW_S - 1000,
  notAfterS: NOW_S + 1000,
  ceilingExponent: 4,
  signsFromS: 0,
};

type CodeOf = { serial?: number; issuedAtS?: number; phone?: SigningKey };

function code(counter: number, { serial = 1, issuedAtS = NOW_S, phone = device }: CodeOf = {}) {
  const names = { suite: 0, issuer: ISSUER, issuerKeyId: 1, account, serial } as const;
  const times = { issuedAtS, lifetimeMin: LIFETIME_MIN, codeLifetimeS: 60 };
  const limits = { product: 1, ceiling: 1, allowance: 9, scope: 1 };
  const fields = encodePass({ ...names, ...times, ...limits, deviceKey: phone.publicKey });
  const pass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  const fresh = { generatedAtS: NOW_S, counter, flags: 0 };
  return makeTransitCode(pass, { fresh, sign: phone.sign });
}

export function describeParked(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedGate;
  beforeEach(async () => {
    ({ store, remove } = await open());
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    await addGate(store, { gate: 'g1', line: 'M1' });
    gate = new ScriptedGate('g1', 'M1');
    await store.addIssuerKey(KEY, NOW_MS);
  });
  afterEach(async () => {
    const { rows, debitsCents, creditsCents } = await store.readTrialBalance();
    expect(debitsCents, JSON.stringify(rows)).toBe(creditsCents);
    await remove();
  });

  const enrol = () =>
    store.addRider({
      account,
      serial: 1,
      algorithm: 'Ed25519',
      publicKey: toHex(device.publicKey),
      issuer: ISSUER,
      keyId: 1,
      issuedAtS: NOW_S,
      expiresAtS: NOW_S + LIFETIME_MIN * 60,
      enrolledBy: 'open',
      personHash: null,
      inviteHash: null,
      nowMs: NOW_MS,
    });

  type From = { from?: ScriptedGate; toSeq?: number };

  async function send(fromSeq: number, { from = gate, toSeq }: From = {}): Promise<string[]> {
    const { issuerKeys } = await store.readListFacts();
    const check = checkBatch(
      {
        body: from.batch(fromSeq, toSeq ?? from.lastSeq),
        gate: 'g1',
        gateKeys: [{ id: 1, publicKey: from.key.publicKey, untilMs: null, revokedAtMs: null }],
        issuerKeys: issuerKeys.map((key) => ({ ...key, publicKeyBytes: issuer.publicKey })),
      },
      { verify: createNodeVerify(), sha256, verifiedPasses: null },
    );
    if (!check.ok) throw new Error(check.detail);
    const taken = await store.ingestBatch(check.batch, NOW_MS);
    if (typeof taken === 'string') throw new Error(taken);
    await drain(store);
    return taken.reply.items.map(({ ruling, reason }) => `${ruling} ${reason ?? ''}`.trim());
  }

  type To = { seq?: number; epoch?: string; fromSeq?: number; limit?: number };

  async function resolve(how: ResolutionHow, of: To = {}) {
    const { seq = null, epoch = gate.epoch, fromSeq = 1, limit = 9 } = of;
    const query = { gate: 'g1', epoch, fromSeq, seq, hash: null, limit };
    const request = { how, by: 'Vera', note: 'looked at', nowMs: NOW_MS };
    const { records, nextSeq } = await store.resolveParked({ query, request });
    await drain(store);
    const told = records.map(({ seq: at, result }) =>
      result.kind === 'refused' ? `${at} ${result.reason}` : `${at} ${result.kind}`,
    );
    return nextSeq === null ? told : [...told, `from ${nextSeq}`];
  }

  const ends = async () =>
    (await store.listTaps({ gate: null, after: 0, limit: 9 })).map(({ outcome }) => outcome);
  const parked = async () => (await store.listParked(9)).map(({ seq, why }) => `${seq} ${why}`);
  const books = async () => {
    const { debts, revenue } = await readBooks(store, ['a']);
    const { rows } = await store.readTrialBalance();
    const loss = rows.find((row) => row.account === 'loss')?.debitsCents ?? 0;
    return { debt: debts.a, revenue: revenue.M1 ?? 0, loss };
  };
  const decided = async () =>
    (await store.listResolutions({ after: 0, limit: 9 })).map(
      ({ seq, how, why, by, note, fareCents }) => [seq, how, why, by, note, fareCents],
    );
  const alarms = async () => (await store.listGates())[0]?.alarms;

  describe('a parked record that is written off', () => {
    test('is a loss of its fare, once, by a person who is named, and final', async () => {
      gate.tap(code(1), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked ACCOUNT_UNKNOWN']);
      expect(await resolve('WRITE_OFF', { seq: 1 })).toEqual(['1 resolved']);
      expect(await resolve('WRITE_OFF', { seq: 1 })).toEqual(['1 already']);
      expect(await resolve('REPLAY', { seq: 1 })).toEqual(['1 RESOLVED_OTHERWISE']);
      expect(await parked()).toEqual([]);
      const by = [1, 'WRITE_OFF', 'ACCOUNT_UNKNOWN', 'Vera', 'looked at', 250];
      expect(await decided()).toEqual([by]);
      await enrol();
      await store.judgeAllAgain();
      await drain(store);
      expect(await ends()).toEqual(['WRITTEN_OFF']);
      expect(await books()).toEqual({ debt: 0, revenue: 250, loss: 250 });
    });

    test('is never charged by another record of the same use, and no loss twice', async () => {
      gate.tap(code(1), { atMs: NOW_MS });
      await send(1);
      const again = new ScriptedGate('g1', 'M1');
      again.key = gate.key;
      again.tap(code(1), { atMs: NOW_MS });
      await send(1, { from: again });
      expect(await resolve('WRITE_OFF')).toEqual(['1 resolved']);
      expect(await resolve('WRITE_OFF', { epoch: again.epoch })).toEqual(['1 resolved']);
      expect(await books()).toMatchObject({ revenue: 250, loss: 250 });
      await enrol();
      const third = new ScriptedGate('g1', 'M1');
      third.key = gate.key;
      third.tap(code(1), { atMs: NOW_MS });
      await send(1, { from: third });
      expect(await ends()).toEqual(['WRITTEN_OFF', 'WRITTEN_OFF', 'WRITTEN_OFF']);
      expect(await books()).toEqual({ debt: expect.anything(), revenue: 250, loss: 250 });
    });

    test('costs nothing if its ride is charged already, was taken back, or cannot be read', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS });
      await send(1);
      const other = gate.fork();
      other.tap(code(1), { atMs: NOW_MS });
      other.tap(code(2), { atMs: NOW_MS });
      other.voidOf(3, NOW_MS);
      other.raw(utf8('what is this'));
      gate.note(NOW_MS);
      await send(2);
      await send(2, { from: other });
      expect(await parked()).toEqual(['2 OTHER_BYTES', '3 FORK', '4 FORK', '5 FORK']);
      const all = ['2 resolved', '3 resolved', '4 resolved', '5 resolved'];
      expect(await resolve('WRITE_OFF')).toEqual(all);
      expect(await books()).toEqual({ debt: 250, revenue: 250, loss: 0 });
      expect(await parked()).toEqual([]);
      expect(await alarms()).toMatchObject({ conflicts: 0, forks: 0, rejected: 0 });
    });

    test('of a line without a fare stays so when the fare comes', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS, line: 'M9' });
      expect(await send(1)).toEqual(['parked FARE_UNKNOWN']);
      expect(await resolve('WRITE_OFF')).toEqual(['1 resolved']);
      expect(await alarms()).toMatchObject({ fareUnknown: 0 });
      await addGate(store, { gate: 'g1', line: 'M9' });
      await store.setFare({ line: 'M9', fareCents: 100, fromS: 0 }, NOW_MS);
      await drain(store);
      expect(await ends()).toEqual(['WRITTEN_OFF']);
      expect(await books()).toEqual({ debt: 0, revenue: 0, loss: 0 });
    });

    test('goes by parts, as many as asked for at once', async () => {
      for (const counter of [1, 2, 3]) gate.tap(code(counter), { atMs: NOW_MS });
      await send(1);
      expect(await resolve('WRITE_OFF', { limit: 2 })).toEqual([
        '1 resolved',
        '2 resolved',
        'from 3',
      ]);
      expect(await resolve('WRITE_OFF', { limit: 2, fromSeq: 3 })).toEqual(['3 resolved']);
      expect(await books()).toMatchObject({ revenue: 750, loss: 750 });
    });
  });

  describe('a parked record that is judged again by a person', () => {
    test('counts if what it waited for is known, and stays parked if not', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS, line: 'M9' });
      gate.raw(utf8('what is this'));
      expect(await send(1)).toEqual(['parked FARE_UNKNOWN', 'parked UNREADABLE']);
      expect(await resolve('REPLAY')).toEqual(['1 resolved', '2 NOT_OFFERED']);
      expect(await parked()).toEqual(['1 FARE_UNKNOWN', '2 UNREADABLE']);
      expect(await resolve('REPLAY', { seq: 1 })).toEqual(['1 already']);
      expect(await decided()).toHaveLength(1);
      // What did not help may be followed by another.
      expect(await resolve('WRITE_OFF')).toEqual(['1 resolved', '2 resolved']);
      expect(await parked()).toEqual([]);
    });

    test('stays a fork or a conflict if it contradicts the log', async () => {
      await enrol();
      gate.note(NOW_MS);
      const other = gate.fork();
      gate.note(NOW_MS);
      for (const counter of [1, 2, 3]) other.tap(code(counter), { atMs: NOW_MS });
      await send(1);
      await send(2, { from: other });
      expect(await resolve('REPLAY')).toEqual(['2 resolved', '3 resolved', '4 resolved']);
      expect(await parked()).toEqual(['2 OTHER_BYTES', '3 FORK', '4 FORK']);
    });
  });

  describe('what is parked beside a log and adopted', () => {
    test('is charged, but what is charged already only once', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS });
      const other = gate.fork();
      gate.tap(code(2), { atMs: NOW_MS });
      await send(1);
      other.tap(code(3), { atMs: NOW_MS });
      other.tap(code(2), { atMs: NOW_MS });
      other.tap(code(4), { atMs: NOW_MS });
      other.voidOf(4, NOW_MS);
      expect(await send(2, { from: other })).toEqual([
        'conflict OTHER_BYTES',
        ...Array(3).fill('parked FORK'),
      ]);
      expect(await resolve('ADOPT', { seq: 3 })).toEqual(['3 EARLIER_FIRST']);
      const all = ['2 resolved', '3 resolved', '4 resolved', '5 resolved'];
      expect(await resolve('ADOPT')).toEqual(all);
      expect(await resolve('ADOPT', { seq: 2 })).toEqual(['2 already']);
      expect(await resolve('WRITE_OFF', { seq: 2 })).toEqual(['2 RESOLVED_OTHERWISE']);
      expect(await ends()).toEqual(['CHARGED', 'CHARGED', 'CHARGED', 'EXTRA_USE', 'VOIDED', null]);
      expect(await books()).toEqual({ debt: 750, revenue: 750, loss: 0 });
      expect(await parked()).toEqual([]);
      expect(await alarms()).toMatchObject({ conflicts: 0, forks: 0 });
      const epochs = (await store.listGates())[0]?.epochs.map(({ epoch }) => epoch);
      expect(epochs).toEqual([gate.epoch, `${gate.epoch}+1`]);
      // The gate goes on in its own log, and what it sends again is known.
      expect(await send(2, { from: other })).toEqual([
        'conflict OTHER_BYTES',
        ...Array(3).fill('parked FORK'),
      ]);
      expect(await parked()).toEqual([]);
    });

    test.each(['its first record', 'a later record'])(
      'takes back a ride before it: %s',
      async (at) => {
        await enrol();
        for (const counter of [1, 2]) gate.tap(code(counter), { atMs: NOW_MS });
        const other = gate.fork();
        gate.note(NOW_MS);
        await send(1);
        if (at === 'a later record') other.tap(code(3), { atMs: NOW_MS });
        other.voidOf(2, NOW_MS);
        await send(3, { from: other });
        expect(await books()).toMatchObject({ debt: 500 });
        await resolve('ADOPT');
        const adopted = at === 'a later record' ? ['CHARGED', null] : [null];
        expect(await ends()).toEqual(['CHARGED', 'VOIDED', null, ...adopted]);
        expect(await books()).toMatchObject({ debt: 250 * (1 + adopted.length - 1) });
        const third = new ScriptedGate('g1', 'M1');
        third.key = gate.key;
        third.tap(code(2), { atMs: NOW_MS + 1 });
        expect(await send(1, { from: third })).toEqual(['accepted']);
      },
    );

    test('takes back nothing of the log that its own number does not mean', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS });
      const other = gate.fork();
      gate.tap(code(2), { atMs: NOW_MS });
      await send(1);
      other.tap(code(3), { atMs: NOW_MS });
      const third = other.fork();
      other.note(NOW_MS);
      third.voidOf(2, NOW_MS);
      await send(2, { from: other });
      await resolve('ADOPT');
      await send(3, { from: third });
      await resolve('ADOPT');
      expect(await ends()).toEqual(['CHARGED', 'CHARGED', 'VOIDED', null, null]);
      expect(await books()).toMatchObject({ debt: 500, revenue: 500 });
    });

    test('takes back a ride before it that was not known then', async () => {
      gate.tap(code(1), { atMs: NOW_MS });
      const other = gate.fork();
      gate.note(NOW_MS);
      expect(await send(1)).toEqual(['parked ACCOUNT_UNKNOWN', 'accepted']);
      other.voidOf(1, NOW_MS);
      await send(2, { from: other });
      expect(await resolve('ADOPT', { seq: 2 })).toEqual(['2 resolved']);
      await enrol();
      await drain(store);
      expect(await ends()).toEqual(['VOIDED', null, null]);
      expect(await books()).toMatchObject({ debt: 0, revenue: 0 });
    });

    test('may be what waits for a part that never comes, and is charged once if it does', async () => {
      await enrol();
      for (const counter of [1, 2, 3]) gate.tap(code(counter), { atMs: NOW_MS });
      expect(await send(2, { toSeq: 3 })).toEqual(['parked GAP', 'parked GAP']);
      expect(await resolve('ADOPT')).toEqual(['2 resolved', '3 resolved']);
      expect(await books()).toMatchObject({ debt: 500 });
      expect((await store.listGates())[0]?.gaps).toEqual([]);
      expect(await send(1)).toEqual(['accepted', 'accepted', 'accepted']);
      expect(await books()).toEqual({ debt: 750, revenue: 750, loss: 0 });
    });

    test('waits on for what settlement does not know, or is written off then', async () => {
      gate.note(NOW_MS);
      for (const counter of [1, 2]) gate.tap(code(counter), { atMs: NOW_MS });
      expect(await send(2)).toEqual(['parked GAP', 'parked GAP']);
      expect(await resolve('ADOPT')).toEqual(['2 resolved', '3 resolved']);
      expect(await parked()).toEqual(['2 ACCOUNT_UNKNOWN', '3 ACCOUNT_UNKNOWN']);
      const epoch = `${gate.epoch}+1`;
      expect(await resolve('WRITE_OFF', { epoch, seq: 3 })).toEqual(['3 resolved']);
      await enrol();
      await drain(store);
      expect(await ends()).toEqual(['CHARGED', 'WRITTEN_OFF']);
      expect(await books()).toEqual({ debt: 250, revenue: 500, loss: 250 });
    });
  });

  describe('a pass that settlement does not know it gave out', () => {
    test('counts for the phone that is enrolled', async () => {
      await enrol();
      gate.tap(code(1, { issuedAtS: NOW_S - 60 }), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked PASS_NOT_ISSUED']);
      expect(await alarms()).toMatchObject({ notIssued: 1 });
      expect(await resolve('ADOPT')).toEqual(['1 NOT_OFFERED']);
      expect(await resolve('ACCEPT')).toEqual(['1 resolved']);
      expect(await resolve('ACCEPT', { seq: 1 })).toEqual(['1 already']);
      expect(await ends()).toEqual(['CHARGED']);
      expect(await books()).toEqual({ debt: 250, revenue: 250, loss: 0 });
      expect(await alarms()).toMatchObject({ notIssued: 0 });
    });

    test('makes its account again if that is not here, under the key of the pass', async () => {
      for (const counter of [1, 2]) gate.tap(code(counter), { atMs: NOW_MS });
      await send(1);
      expect(await resolve('ACCEPT')).toEqual(['1 resolved', '2 resolved']);
      expect(await ends()).toEqual(['CHARGED', 'CHARGED']);
      expect(await books()).toMatchObject({ debt: 500 });
      expect(await store.findPass(account, 1)).toMatchObject({
        account,
        serial: 1,
        algorithm: 'Ed25519',
        publicKey: toHex(device.publicKey),
      });
      const rider = await store.readRider(ISSUER, account);
      expect(rider).toMatchObject({ enrolledBy: 'open', balanceCents: 0, debtCents: 500 });
    });

    test.each([
      ['of another phone on an account that is here', { serial: 2, phone: stranger }, 'active'],
      ['by a key of ours that was revoked', {}, 'revoked'],
    ] as const)('%s can only be written off', async (_name, of, status) => {
      if (status === 'active') await enrol();
      gate.tap(code(1, of), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked ACCOUNT_UNKNOWN']);
      if (status === 'revoked') {
        const next = { ...KEY, keyId: 2, publicKey: 'ff'.repeat(32), signsFromS: NOW_S + 9 };
        await store.addIssuerKey(next, NOW_MS);
        const revocation = { issuer: ISSUER, keyId: 1, nowMs: NOW_MS };
        expect(await store.revokeIssuerKey(revocation)).toBe('revoked');
      }
      expect(await resolve('ACCEPT')).toEqual(['1 PASS_NOT_SAFE']);
      expect(await resolve('WRITE_OFF')).toEqual(['1 resolved']);
    });
  });
}
