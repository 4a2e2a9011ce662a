/**
 * Signs passes with the issuer's active key and changes that key. The private halves are files; the
 * database knows the public ones and which of them is active.
 */
import type { SigningKey } from '@stile/crypto/sign.ts';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { concatBytes, fromHex, toHex } from '@stile/protocol/bytes.ts';
import { assert, Fault } from '@stile/protocol/fault.ts';
import { deviceAlgorithm } from '@stile/protocol/signature.ts';
import { encodePass, issuerMessage, type Suite } from '@stile/protocol/transit-code.ts';
import { ceilingCentsOf, ceilingFieldOf, type IssuerKey } from '@stile/protocol/trust-list.ts';
import type { SettlementFile } from '../config.ts';
import type { PassIssue, PassRow } from '../core/access/rider-changes.ts';
import type { PassOffer } from '../core/access/standing.ts';
import type { KnownIssuerKey } from '../core/logs/check-record.ts';
import { ensureKey, issuerKeyFile, readKey } from '../data-dir.ts';
import type { Store } from '../store/port.ts';

const KEY_ID_MAX = 0xff;
/** A gate's clock may be behind when a new key reaches it. */
const KEY_HEAD_START_S = 86_400;

export type PassParts = {
  dataDir: string;
  config: SettlementFile;
  store: Store;
  clock: Clock;
};

type Signing = { keyId: number; key: SigningKey; notAfterS: number; ceilingExponent: number };

export type IssuedPass = PassIssue & { bytes: Uint8Array };
export type Passes = Awaited<ReturnType<typeof openPasses>>;

/** @throws Fault FILE_UNREADABLE if the active key's file is missing or is not its own. */
export async function openPasses(parts: PassParts) {
  const { dataDir, config, store, clock } = parts;
  const { issuer } = config;
  let keys = await readKeys(store);
  let signing = openActive();

  function openActive(): Signing {
    const active = keys.find((key) => key.issuer === issuer && key.status === 'active');
    if (active === undefined) throw new Fault('FILE_UNREADABLE', 'there is no active issuer key');
    const file = issuerKeyFile(dataDir, { issuer, keyId: active.keyId });
    const key = readKey(file);
    if (toHex(key.publicKey) !== active.publicKey) {
      throw new Fault('FILE_UNREADABLE', `${file} is not the key that was published`);
    }
    const { keyId, notAfterS, ceilingExponent } = active;
    return { keyId, key, notAfterS, ceilingExponent };
  }

  return {
    /** All published keys, for checking codes. */
    get keys(): readonly KnownIssuerKey[] {
      return keys;
    },
    /** `offer`: what stands behind the account allows it (core/access/standing.ts). */
    issue({ account, serial, algorithm, publicKey }: PassRow, offer: PassOffer): IssuedPass {
      const suite: Suite = algorithm === 'Ed25519' ? 0 : 1;
      assert(deviceAlgorithm(suite) === algorithm, 'the suite is that of the key');
      const deviceKey = fromHex(publicKey);
      assert(deviceKey !== undefined, 'an enrolled key is hex');
      const { lifetimeMin, allowance } = offer;
      const { codeLifetimeS, scope, product } = config.pass;
      // The key keeps the exponent that it was made with, whatever the settings say now: the amount is meant.
      const ceiling = ceilingFieldOf(ceilingCentsOf(offer, config.pass), signing);
      const limits = { lifetimeMin, ceiling, allowance, codeLifetimeS, scope, product };
      const issuedAtS = wallS(clock);
      const { keyId } = signing;
      const names = { suite, issuer, issuerKeyId: keyId, account, serial, issuedAtS, deviceKey };
      const fields = encodePass({ ...limits, ...names, ceiling });
      const bytes = concatBytes(fields, signing.key.sign(issuerMessage(fields)));
      return { bytes, issuer, keyId, issuedAtS, expiresAtS: issuedAtS + limits.lifetimeMin * 60 };
    },
    /** A new active key; the one before is retired, so its passes stay good. */
    async rotate(): Promise<IssuerKey> {
      const last = Math.max(...keys.map((key) => (key.issuer === issuer ? key.keyId : 0)));
      if (last >= KEY_ID_MAX)
        throw new Fault('CONFLICT', 'all 255 key ids of this issuer are used');
      const key = await addIssuerKey(parts, last + 1);
      keys = await readKeys(store);
      signing = openActive();
      return key;
    },
  };
}

/** Makes a key file, then its row: a crash in between leaves a key that nobody knows, not the reverse. */
export async function addIssuerKey(
  { dataDir, config, store, clock }: PassParts,
  keyId: number,
): Promise<IssuerKey> {
  const key = ensureKey(issuerKeyFile(dataDir, { issuer: config.issuer, keyId }));
  const nowS = wallS(clock);
  const row: IssuerKey = {
    issuer: config.issuer,
    keyId,
    publicKey: toHex(key.publicKey),
    notBeforeS: Math.max(0, nowS - KEY_HEAD_START_S),
    notAfterS: nowS + config.lists.issuerKeyLifetimeS,
    status: 'active',
    ceilingExponent: config.pass.ceilingExponent,
  };
  await store.addIssuerKey(row);
  await store.requestPublish(clock.now().wallMs);
  return row;
}

async function readKeys(store: Store): Promise<readonly KnownIssuerKey[]> {
  const { issuerKeys } = await store.readListFacts();
  return issuerKeys.map((key) => {
    const publicKeyBytes = fromHex(key.publicKey, 32);
    assert(publicKeyBytes !== undefined, 'a stored key is hex');
    return { ...key, publicKeyBytes };
  });
}
