/** Riders, an operator and a provisioned gate for the benchmark, made from seeds, without a network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey, keyFromSeed, type SigningKey, sha256 } from '@stile/crypto/sign.ts';
import { writeIdentity } from '@stile/gate/shell/identity.ts';
import { openReferenceStore } from '@stile/gate/shell/store/reference-store.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import { concatBytes, toHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES, EMPTY_SET_DIGEST, updateSetDigest } from '@stile/protocol/deny-list.ts';
import { type OnlineKey, pinnedRoot, RootTrust } from '@stile/protocol/root-trust.ts';
import { type RootKey, type Signer, signObject } from '@stile/protocol/signed.ts';
import { encodePass, issuerMessage } from '@stile/protocol/transit-code.ts';
import {
  type DenyHead,
  type DenyVersion,
  denyHeadOf,
  type TrustList,
} from '@stile/protocol/trust-list.ts';

export const ISSUER = 1;
const SCOPE = 1;
const LINE = 'L1';

export type Operator = { root: SigningKey; issuer: SigningKey };

export function benchOperator(): Operator {
  return {
    root: keyFromSeed(new Uint8Array(32).fill(1)),
    issuer: keyFromSeed(new Uint8Array(32).fill(2)),
  };
}

/** Texts of fresh codes, each of another rider, half of them on each suite. */
export function makeCodes(
  operator: Operator,
  { count, nowS }: { count: number; nowS: number },
): string[] {
  const phones = [generateKey('Ed25519'), generateKey('P-256')] as const;
  return Array.from({ length: count }, (_, index) => {
    const suite = index % 2 === 0 ? 0 : 1;
    const phone = phones[suite];
    const fields = encodePass({
      suite,
      product: 1,
      issuer: ISSUER,
      issuerKeyId: 1,
      account: toHex(sha256(Uint8Array.of(index >> 16, index >> 8, index, 1)).subarray(0, 8)),
      serial: 1,
      issuedAtS: nowS - 60,
      lifetimeMin: 10_080,
      codeLifetimeS: 3_600,
      ceiling: 3_500,
      allowance: 12,
      scope: SCOPE,
      deviceKey: phone.publicKey,
    });
    const pass = concatBytes(fields, operator.issuer.sign(issuerMessage(fields)));
    return makeTransitCode(pass, {
      fresh: { generatedAtS: nowS, counter: 1, flags: 0 },
      sign: phone.sign,
    });
  });
}

/** Sorted random-looking deny ids, none of which is one of ours. */
export function denyBody(count: number): Uint8Array {
  const body = Buffer.alloc(count * DENY_ID_BYTES);
  for (let index = 0; index < count; index += 1) {
    const at = index * DENY_ID_BYTES;
    body.writeUInt16BE(ISSUER, at);
    // Ascending first half, mixed second half: sorted as a snapshot is, spread as accounts are.
    body.writeUInt32BE(Math.floor((index / count) * 0xffffffff), at + 2);
    body.writeUInt32BE(Math.imul(index, 0x9e3779b1) >>> 0, at + 6);
  }
  return body;
}

function* idsIn(body: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < body.length; at += DENY_ID_BYTES)
    yield body.subarray(at, at + DENY_ID_BYTES);
}

/** Writes a gate's data directory as enrolment and a first fetch would have left it. */
export async function provisionGate(
  dataDir: string,
  { operator, deniedCount, nowS }: { operator: Operator; deniedCount: number; nowS: number },
): Promise<void> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const root = publicOf(operator.root);
  const identity = { gate: 'bench', line: LINE, scope: SCOPE, operator: 'Bench' };
  writeIdentity(dataDir, {
    ...identity,
    root: pinnedRoot(root),
    key: generateKey('Ed25519').privateJwk,
  });
  const reference = await openReferenceStore(dataDir, new RootTrust(pinnedRoot(root)));
  const body = denyBody(deniedCount);
  // The gate reads its whole list and compares: without a salt the two digests are one.
  const digest = updateSetDigest(EMPTY_SET_DIGEST, { adds: idsIn(body), removes: [], sha256 });
  const digests = { setDigest: digest, idsDigest: digest };
  const head: DenyVersion = { version: 1, count: deniedCount, ...digests, salt: null };
  await reference.applySnapshot({ head, body }, async () => undefined);
  const list = trustList(operator, { deny: denyHeadOf(head), nowS });
  const signer = await onlineSignerOf(operator.root, nowS);
  const jws = await signObject('stile-trust-list+jws', list, signer);
  reference.applyTrust(list, { jws });
  reference.close();
}

function publicOf({ privateJwk }: SigningKey): RootKey {
  return { kty: 'OKP', crv: 'Ed25519', x: privateJwk.x };
}

async function onlineSignerOf(root: SigningKey, nowS: number): Promise<Signer> {
  const online = generateKey('Ed25519');
  const publicKey = publicOf(online);
  const life = { notBeforeS: nowS - 86_400, notAfterS: nowS + 86_400 };
  const key: OnlineKey = { stile: 'online-key/1', number: 1, publicKey, ...life };
  const signer = { privateKey: root.privateJwk, publicKey: publicOf(root) };
  const certificate = await signObject('stile-online-key+jws', key, signer);
  return { privateKey: online.privateJwk, publicKey, certificate };
}

function trustList(
  operator: Operator,
  { deny, nowS }: { deny: DenyHead; nowS: number },
): TrustList {
  return {
    stile: 'trust-list/1',
    operator: 'Bench',
    currency: 'EUR',
    version: 1,
    issuedAtS: nowS - 60,
    expiresAtS: nowS + 86_400,
    issuers: [
      {
        issuer: ISSUER,
        keyId: 1,
        publicKey: toHex(operator.issuer.publicKey),
        notBeforeS: nowS - 86_400,
        notAfterS: nowS + 86_400,
        status: 'active',
        ceilingExponent: 0,
      },
    ],
    limits: { codeLifetimeSMax: 3_600, skewS: 20 },
    tariff: { version: 1, lines: [{ line: LINE, fareCents: 250, fromS: 0 }] },
    deny,
    roots: [],
  };
}

/** A gate configuration on two virtual ports; settlement is out of reach on purpose. */
export function writeGateConfig(
  folder: string,
  ports: { scanner: string; barrier: string },
): string {
  const file = join(folder, 'gate.json');
  const content = {
    dataDir: './data',
    scanner: { path: ports.scanner, baud: 115_200 },
    barrier: { path: ports.barrier, baud: 115_200, channel: 1, openMs: 60_000 },
    settlement: { url: 'http://127.0.0.1:9', syncEveryMs: 3_600_000, listsEveryMs: 3_600_000 },
    log: { level: 'info' },
  };
  writeFileSync(file, JSON.stringify(content));
  return file;
}
