/**
 * Signs passes with the issuer's key and changes that key: by an operator's word, and by itself ahead of its end.
 * The private halves are files; the database knows the public ones, and when each of them signs.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { concatBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { deviceAlgorithm } from '@stile/protocol/signature.ts';
import { encodePass, issuerMessage, type Suite } from '@stile/protocol/transit-code.ts';
import { ceilingCentsOf, ceilingFieldOf } from '@stile/protocol/trust-list.ts';
import type { SettlementFile } from '../config.ts';
import type { PassIssue, PassRow } from '../core/access/rider-changes.ts';
import type { PassOffer } from '../core/access/standing.ts';
import {
  findSigningKey,
  planIssuerKey,
  type RotationTerms,
  rotationDue,
} from '../core/lists/issuer-keys.ts';
import type { StoredIssuerKey } from '../core/lists/list-changes.ts';
import type { KnownIssuerKey } from '../core/logs/check-record.ts';
import { ensureKey, issuerKeyFile, readKey } from '../data-dir.ts';
import type { Store } from '../store/port.ts';

const KEY_ID_MAX = 0xff;

export type PassParts = {
  dataDir: string;
  config: SettlementFile;
  store: Store;
  clock: Clock;
};

type KnownKey = KnownIssuerKey & StoredIssuerKey;

export type IssuedPass = PassIssue & { bytes: Uint8Array };
export type Passes = Awaited<ReturnType<typeof openPasses>>;

/** @throws Fault FILE_UNREADABLE if an active key's file is missing or is not its own. */
export async function openPasses(parts: PassParts) {
  const { dataDir, config, store, clock } = parts;
  const { issuer } = config;
  let keys = await readKeys(store);
  const signers = new Map<number, SigningKey>();
  const own = keys.filter((key) => key.issuer === issuer && key.status === 'active');
  for (const key of own) openSigner(key);

  function openSigner({ keyId, publicKey }: KnownKey): SigningKey {
    const known = signers.get(keyId);
    if (known !== undefined) return known;
    const file = issuerKeyFile(dataDir, { issuer, keyId });
    const key = readKey(file);
    if (toHex(key.publicKey) !== publicKey) {
      throw new Fault('FILE_UNREADABLE', `${file} is another key: restore it from the backup`);
    }
    signers.set(keyId, key);
    return key;
  }

  /** @throws Fault KEY_ENDED: nothing is signed past an end. */
  function signing(nowS: number): KnownKey {
    const key = findSigningKey(keys, { issuer, nowS });
    if (key !== undefined) return key;
    throw new Fault('KEY_ENDED', 'no key of the issuer may sign now: rotate it ("keys rotate")');
  }

  async function add(announceS: number): Promise<StoredIssuerKey> {
    const last = Math.max(0, ...keys.map((key) => (key.issuer === issuer ? key.keyId : 0)));
    if (last >= KEY_ID_MAX) throw new Fault('CONFLICT', 'all 255 key ids of this issuer are used');
    const key = await addIssuerKey(parts, { keyId: last + 1, announceS });
    keys = await readKeys(store);
    return key;
  }

  return {
    /** All published keys, for checking codes. */
    get keys(): readonly KnownKey[] {
      return keys;
    },
    /** `offer`: what stands behind the account allows it; `atS`: when that was read (core/access/standing.ts). */
    issue(
      { account, serial, algorithm, publicKey }: PassRow,
      { offer, atS: issuedAtS }: { offer: PassOffer; atS: number },
    ): IssuedPass {
      const suite: Suite = algorithm === 'Ed25519' ? 0 : 1;
      assert(deviceAlgorithm(suite) === algorithm, 'the suite is that of the key');
      const deviceKey = fromHex(publicKey);
      assert(deviceKey !== undefined, 'an enrolled key is hex');
      const key = signing(issuedAtS);
      const { keyId } = key;
      const limits = limitsOf(config, { offer, key, issuedAtS });
      const names = { suite, issuer, issuerKeyId: keyId, account, serial, issuedAtS, deviceKey };
      const fields = encodePass({ ...limits, ...names });
      const bytes = concatBytes(fields, openSigner(key).sign(issuerMessage(fields)));
      return { bytes, issuer, keyId, issuedAtS, expiresAtS: issuedAtS + limits.lifetimeMin * 60 };
    },
    /** A new key: it is published now and signs when it was announced for so long, 0 seconds is at once. */
    rotate: async (announceS = config.lists.keyAnnounceS): Promise<StoredIssuerKey> =>
      await add(announceS),
    /**
     * Ends a key. If it is the one that signs and none is announced, a new one is made first.
     * @throws Fault NOT_FOUND if there is no such key.
     */
    async revoke(keyId: number): Promise<void> {
      const revocation = { issuer, keyId, nowMs: clock.now().wallMs };
      let result = await store.revokeIssuerKey(revocation);
      if (result === 'needsFollower') await add(0);
      if (result === 'needsFollower') result = await store.revokeIssuerKey(revocation);
      keys = await readKeys(store);
      if (result === 'unknown') throw new Fault('NOT_FOUND', `there is no issuer key ${keyId}`);
    },
    /** Another process may have made or ended one. */
    async refresh(): Promise<void> {
      keys = await readKeys(store);
    },
    /** Announces a new key ahead of the end of the one that signs, and retires the one before. */
    async keepAhead(): Promise<StoredIssuerKey | null> {
      const nowS = wallS(clock);
      if (await store.turnIssuerKeys({ issuer, nowMs: clock.now().wallMs })) {
        keys = await readKeys(store);
      }
      const due = rotationDue(keys, { issuer, nowS, terms: termsOf(config) });
      if (due === 'no') return null;
      return await add(due === 'now' ? 0 : config.lists.keyAnnounceS);
    },
  };
}

function limitsOf(
  { pass }: SettlementFile,
  { offer, key, issuedAtS }: { offer: PassOffer; key: KnownKey; issuedAtS: number },
) {
  const { codeLifetimeS, scope, product } = pass;
  // The key keeps the exponent that it was made with, whatever the settings say now: the amount is meant.
  const ceiling = ceilingFieldOf(ceilingCentsOf(offer, pass), key);
  // A pass does not outlive the key that signed it.
  const leftMin = Math.floor((key.notAfterS - issuedAtS) / 60);
  const lifetimeMin = Math.min(offer.lifetimeMin, leftMin);
  return { lifetimeMin, ceiling, allowance: offer.allowance, codeLifetimeS, scope, product };
}

function termsOf({ lists, pass }: SettlementFile): RotationTerms {
  const { issuerKeyLifetimeS: lifetimeS, keyAnnounceS: announceS } = lists;
  return { lifetimeS, announceS, passLifetimeS: pass.lifetimeMin * 60 };
}

/** Makes a key file, then its row: a crash in between leaves a key that nobody knows, not the reverse. */
export async function addIssuerKey(
  { dataDir, config, store, clock }: PassParts,
  { keyId, announceS }: { keyId: number; announceS: number },
): Promise<StoredIssuerKey> {
  const file = ensureKey(issuerKeyFile(dataDir, { issuer: config.issuer, keyId }));
  const key = planIssuerKey({
    issuer: config.issuer,
    keyId,
    publicKey: toHex(file.publicKey),
    ceilingExponent: config.pass.ceilingExponent,
    nowS: wallS(clock),
    lifetimeS: config.lists.issuerKeyLifetimeS,
    announceS,
  });
  await store.addIssuerKey(key, clock.now().wallMs);
  return key;
}

async function readKeys(store: Store): Promise<readonly KnownKey[]> {
  const { issuerKeys } = await store.readListFacts();
  return issuerKeys.map((key) => {
    const publicKeyBytes = fromHex(key.publicKey, 32);
    assert(publicKeyBytes !== undefined, 'a stored key is hex');
    return { ...key, publicKeyBytes };
  });
}
