/** What any Store must do with taps whose ruling hung on what it did not know: judge them again, and settle them. */
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey, keyFromSeed, sha256 } from '@stile/crypto/sign.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes, toHex } from '@stile/protocol/bytes.ts';
import { encodePass, issuerMessage } from '@stile/protocol/transit-code.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StoredIssuerKey } from '../../core/lists/list-changes.ts';
import { checkBatch } from '../../core/logs/check-batch.ts';
import { ScriptedGate } from '../../testing/gate.ts';
import { accountOf, addGate, drain, ISSUER, NOW_MS, readBooks } from '../../testing/log.ts';
import type { Store } from '../port.ts';
import type { OpenStore } from './ingest.contract.ts';

const NOW_S = NOW_MS / 1000;
const LIFETIME_MIN = 60;
const issuer = keyFromSeed(new Uint8Array(32).fill(2));
const device = generateKey('Ed25519');
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

function code(counter: number): string {
  const names = { suite: 0, issuer: ISSUER, issuerKeyId: 1, account, serial: 1 } as const;
  const times = { issuedAtS: NOW_S, lifetimeMin: LIFETIME_MIN, codeLifetimeS: 60 };
  const limits = { product: 1, ceiling: 1, allowance: 9, scope: 1 };
  const fields = encodePass({ ...names, ...times, ...limits, deviceKey: device.publicKey });
  const pass = concatBytes(fields, issuer.sign(issuerMessage(fields)));
  return makeTransitCode(pass, {
    fresh: { generatedAtS: NOW_S, counter, flags: 0 },
    sign: device.sign,
  });
}

export function describeJudgeAgain(open: OpenStore): void {
  let store: Store;
  let remove: () => Promise<void>;
  let gate: ScriptedGate;
  beforeEach(async () => {
    ({ store, remove } = await open());
    await store.setFare({ line: 'M1', fareCents: 250, fromS: 0 }, NOW_MS);
    await addGate(store, { gate: 'g1', line: 'M1' });
    gate = new ScriptedGate('g1', 'M1');
  });
  afterEach(async () => {
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

  /** Sends what is new, checked against the keys that the store then has. */
  async function send(fromSeq: number, toSeq = gate.lastSeq): Promise<string[]> {
    const { issuerKeys } = await store.readListFacts();
    const check = checkBatch(
      {
        body: gate.batch(fromSeq, toSeq),
        gate: 'g1',
        gateKeys: [{ id: 1, publicKey: gate.key.publicKey, untilMs: null, revokedAtMs: null }],
        issuerKeys: issuerKeys.map((key) => ({ ...key, publicKeyBytes: issuer.publicKey })),
      },
      { verify: createNodeVerify(), sha256, verifiedPasses: null },
    );
    if (!check.ok) throw new Error(check.detail);
    const taken = await store.ingestBatch(check.batch, NOW_MS);
    if (typeof taken === 'string') throw new Error(taken);
    return taken.reply.items.map(({ ruling, reason }) => `${ruling} ${reason ?? ''}`.trim());
  }

  const ends = async () =>
    (await store.listTaps({ gate: null, after: 0, limit: 9 })).map(({ outcome }) => outcome);
  const debt = async () => (await readBooks(store, ['a'])).debts.a;

  describe('a ruling that hung on what settlement did not know', () => {
    test('is made again when the account is known', async () => {
      await store.addIssuerKey(KEY, NOW_MS);
      gate.tap(code(1), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked ACCOUNT_UNKNOWN']);
      await drain(store);
      expect(await store.listParked(9)).toMatchObject([{ seq: 1, why: 'ACCOUNT_UNKNOWN' }]);
      await enrol();
      await drain(store);
      expect(await ends()).toEqual(['CHARGED']);
      expect(await debt()).toBe(250);
      expect(await store.listParked(9)).toEqual([]);
    });

    test('is made again when the key is known, and changes once', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS });
      gate.tap(code(2), { atMs: NOW_MS });
      gate.voidOf(2, NOW_MS);
      expect(await send(1)).toEqual(['parked KEY_UNKNOWN', 'parked KEY_UNKNOWN', 'accepted']);
      await store.judgeAllAgain();
      await drain(store);
      expect(await ends()).toEqual(['KEY_UNKNOWN', 'KEY_UNKNOWN', null]);
      await store.addIssuerKey(KEY, NOW_MS);
      await store.judgeAllAgain();
      await drain(store);
      // The ride that did not happen is not charged, although its void came before its use was known.
      expect(await ends()).toEqual(['CHARGED', 'VOIDED', null]);
      expect(await debt()).toBe(250);
      await store.judgeAllAgain();
      await drain(store);
      expect(await debt()).toBe(250);
      expect(await send(1)).toEqual(Array(3).fill('duplicate'));
    });

    test('may wait for one thing after the other', async () => {
      gate.tap(code(1), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked KEY_UNKNOWN']);
      await store.addIssuerKey(KEY, NOW_MS);
      await store.judgeAllAgain();
      await drain(store);
      expect(await ends()).toEqual(['ACCOUNT_UNKNOWN']);
      await enrol();
      await drain(store);
      expect(await ends()).toEqual(['CHARGED']);
    });

    test('is made again for a record that waited behind a gap meanwhile', async () => {
      await enrol();
      gate.note(NOW_MS);
      gate.tap(code(1), { atMs: NOW_MS });
      expect(await send(2)).toEqual(['parked GAP']);
      await store.addIssuerKey(KEY, NOW_MS);
      expect(await send(1, 1)).toEqual(['accepted']);
      await drain(store);
      expect(await ends()).toEqual([null, 'CHARGED']);
    });

    test('stays where a code is forged, whatever becomes known', async () => {
      await enrol();
      gate.tap(code(1), { atMs: NOW_MS });
      expect(await send(1)).toEqual(['parked KEY_UNKNOWN']);
      const stranger = keyFromSeed(new Uint8Array(32).fill(9));
      await store.addIssuerKey({ ...KEY, publicKey: toHex(stranger.publicKey) }, NOW_MS);
      await store.judgeAllAgain();
      await drain(store);
      expect(await ends()).toEqual(['BAD_ISSUER_SIGNATURE']);
      expect(await store.listParked(9)).toEqual([]);
      expect(await debt()).toBe(0);
    });
  });
}
