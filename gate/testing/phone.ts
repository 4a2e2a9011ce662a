/** An issuer and a phone that make passes and codes with whatever fields a test asks for,
 * honest or forged, in both suites, and the trust list under which the honest ones are good.
 */
import { generateKey, keyFromSeed, type SigningKey } from '@stile/crypto/sign.ts';
import { concatBytes } from '@stile/protocol/bytes.ts';
import { EMPTY_SET_DIGEST } from '@stile/protocol/deny-list.ts';
import type { Reason } from '@stile/protocol/reasons.ts';
import { pinnedRoot, type RootStatement, RootTrust } from '@stile/protocol/root-trust.ts';
import { type RootKey, type SignedType, type Signer, signObject } from '@stile/protocol/signed.ts';
import {
  deviceMessage,
  encodeCodeFields,
  encodePass,
  issuerMessage,
  type Pass,
  readTransitCode,
  SIGNATURE_BYTES,
  type Suite,
  type TransitCode,
  writeTransitCode,
} from '@stile/protocol/transit-code.ts';
import { denyHeadOf, type TrustList } from '@stile/protocol/trust-list.ts';
import type { Use } from '../core/tap.ts';
import type { RecordDraft } from '../shell/store/taps-store.ts';

/** The instant of every test that does not say otherwise: 2026-03-02T08:00:00Z. */
export const NOW_S = Date.UTC(2026, 2, 2, 8) / 1000;
const DAY_S = 86_400;
const ED25519_L = (1n << 252n) + 27742317777372353535851937790883648493n;
const P256_N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const seeded = (fill: number) => keyFromSeed(new Uint8Array(32).fill(fill));
export const rootKey = seeded(1);
export const issuerKey = seeded(2);
export const gateKey = seeded(3);
/** A key of the right kind that nobody has certified. */
export const strangerKey = seeded(4);
export const deviceKeys: Readonly<Record<Suite, SigningKey>> = {
  0: seeded(5),
  1: generateKey('P-256'),
};
export const strangerDevices: Readonly<Record<Suite, SigningKey>> = {
  0: seeded(6),
  1: generateKey('P-256'),
};

export type CodeFields = Omit<Pass, 'deviceKey'> & {
  generatedAtS: number;
  counter: number;
  flags: number;
};

/** A good code at NOW_S, generated two seconds before on a pass of one day. */
export const GOOD: CodeFields = {
  suite: 0,
  product: 1,
  issuer: 7,
  issuerKeyId: 3,
  account: '0123456789abcdef',
  serial: 42,
  issuedAtS: NOW_S - DAY_S,
  lifetimeMin: 7 * 24 * 60,
  codeLifetimeS: 60,
  ceiling: 35,
  allowance: 12,
  scope: 1,
  generatedAtS: NOW_S - 2,
  counter: 10,
  flags: 0,
};

export type Signers = { issuer?: SigningKey; device?: SigningKey; certified?: SigningKey };

/** The bytes of a pass, signed by its issuer. */
export function makePassBytes(changes: Partial<CodeFields> = {}, signers: Signers = {}) {
  const { generatedAtS: _at, counter: _counter, flags: _flags, ...pass } = { ...GOOD, ...changes };
  const { publicKey: deviceKey } = signers.certified ?? deviceKeys[pass.suite];
  const fields = encodePass({ ...pass, deviceKey });
  return concatBytes(fields, (signers.issuer ?? issuerKey).sign(issuerMessage(fields)));
}

/** The bytes of a code; `signers` may put wrong keys to work. */
export function makeCodeBytes(changes: Partial<CodeFields> = {}, signers: Signers = {}) {
  const { generatedAtS, counter, flags, suite } = { ...GOOD, ...changes };
  const device = signers.device ?? deviceKeys[suite];
  const fresh = { generatedAtS, counter, flags };
  const codeFields = encodeCodeFields(makePassBytes(changes, signers), fresh);
  return concatBytes(codeFields, device.sign(deviceMessage(codeFields)));
}

/** The text that the phone would draw. */
export function makeText(changes: Partial<CodeFields> = {}, signers: Signers = {}): string {
  return writeTransitCode(makeCodeBytes(changes, signers));
}

/** A code as the gate's reader gives it. */
export function makeCode(changes: Partial<CodeFields> = {}, signers: Signers = {}): TransitCode {
  return codeOf(makeCodeBytes(changes, signers));
}

/** Reads bytes the way they arrive, as text; what is not well-formed has no place here. */
export function codeOf(bytes: Uint8Array): TransitCode {
  const reading = readTransitCode(writeTransitCode(bytes));
  if (!reading.ok) throw new Error(`a scripted code must be readable: ${reading.detail}`);
  return reading.value;
}

/** Every way to cheat with signatures, by name: whose reason it must be, and the bytes. */
export function forgeries(
  suite: Suite,
): [string, 'BAD_ISSUER_SIGNATURE' | 'BAD_DEVICE_SIGNATURE', Uint8Array][] {
  const good = makeCodeBytes({ suite });
  const deviceAt = good.length - SIGNATURE_BYTES;
  const issuerAt = deviceAt - 9 - SIGNATURE_BYTES;
  const issuer = 'BAD_ISSUER_SIGNATURE';
  const device = 'BAD_DEVICE_SIGNATURE';
  const all: ReturnType<typeof forgeries> = [
    ['a pass of a stranger', issuer, makeCodeBytes({ suite }, { issuer: strangerKey })],
    ['a pass without signature', issuer, blank(good, issuerAt)],
    ['an issuer signature with S + L', issuer, addToS(good, { at: issuerAt, change: plusL })],
    ['a code of another phone', device, makeCodeBytes({ suite }, other(suite))],
    ['a code without signature', device, blank(good, deviceAt)],
    ['a code signed by the issuer', device, makeCodeBytes({ suite }, { device: issuerKey })],
  ];
  if (suite === 0)
    all.push([
      'a device signature with S + L',
      device,
      addToS(good, { at: deviceAt, change: plusL }),
    ]);
  else
    all.push([
      'a device signature with high S',
      device,
      addToS(good, { at: deviceAt, change: highS }),
    ]);
  return all;
}

function other(suite: Suite): Signers {
  return { device: strangerDevices[suite] };
}

function blank(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.slice().fill(0, at, at + SIGNATURE_BYTES);
}

function addToS(
  bytes: Uint8Array,
  { at, change }: { at: number; change: (s: Uint8Array) => Uint8Array },
): Uint8Array {
  const changed = bytes.slice();
  changed.set(change(changed.slice(at + 32, at + SIGNATURE_BYTES)), at + 32);
  return changed;
}

function plusL(s: Uint8Array): Uint8Array {
  return numberBytes(bytesNumber(s.toReversed()) + ED25519_L).toReversed();
}

function highS(s: Uint8Array): Uint8Array {
  return numberBytes(P256_N - bytesNumber(s));
}

function bytesNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function numberBytes(value: bigint): Uint8Array {
  return new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
}

type TapChanges = { scan?: string; reason?: Reason | null };

/** A tap for a code with this counter, as the store takes it: it opened, unless there is a reason. */
export function makeTap(
  counter: number,
  { scan = `a code, number ${counter}`, reason = null }: TapChanges = {},
): RecordDraft {
  return {
    kind: 'tap',
    verdict: reason === null ? 'open' : 'refuse',
    reason,
    scan,
    scanHex: null,
    scanBytes: scan.length,
    line: 'M1',
    fareCents: 320,
    trust: 5,
    deny: 0,
    tariff: 2,
    clock: 'HOLDOVER',
  };
}

/** What such a tap leaves behind. */
export function makeUse(counter: number, changes: Partial<Use> = {}): Use {
  const { issuer, account, serial, issuedAtS, lifetimeMin } = GOOD;
  const expiresAtS = issuedAtS + lifetimeMin * 60;
  return { issuer, account, serial, counter, issuedAtS, expiresAtS, ...changes };
}

/** The trust list under which GOOD opens: one issuer key, one line at 3.20, exponent 1. */
export function makeTrust(changes: Partial<TrustList> = {}): TrustList {
  return {
    stile: 'trust-list/1',
    operator: 'Test operator',
    currency: 'EUR',
    version: 5,
    issuedAtS: NOW_S - 3_600,
    expiresAtS: NOW_S + 30 * DAY_S,
    issuers: [
      {
        issuer: GOOD.issuer,
        keyId: GOOD.issuerKeyId,
        publicKey: Buffer.from(issuerKey.publicKey).toString('hex'),
        notBeforeS: NOW_S - 100 * DAY_S,
        notAfterS: NOW_S + 100 * DAY_S,
        status: 'active',
        ceilingExponent: 1,
      },
    ],
    limits: { codeLifetimeSMax: 120, skewS: 20 },
    tariff: { version: 2, lines: [{ line: 'M1', fareCents: 320, fromS: 0 }] },
    roots: [],
    ...changes,
    deny: denyHeadOf(changes.deny ?? { version: 0, count: 0, setDigest: EMPTY_SET_DIGEST }),
  };
}

export function rootKeyOf(key: SigningKey): RootKey {
  return { kty: 'OKP', crv: 'Ed25519', x: key.privateJwk.x };
}

/** Somebody who believes this root, and has heard nothing of it yet. */
export function trustIn(key: SigningKey): RootTrust {
  return new RootTrust(pinnedRoot(rootKeyOf(key)));
}

/** A root's word on itself; by default the first, which announces no root that anybody has. */
export async function statementOf(
  root: SigningKey,
  says: Partial<RootStatement> = {},
): Promise<string> {
  const statement: RootStatement = {
    stile: 'root/1',
    generation: 1,
    number: 1,
    root: rootKeyOf(root),
    next: 'n'.repeat(43),
    floor: 0,
    issuedAtS: NOW_S,
    ...says,
  };
  return await signObject('stile-root+jws', statement, {
    privateKey: root.privateJwk,
    publicKey: rootKeyOf(root),
  });
}

const signers = new Map<string, Promise<Signer>>();

/** An online key that this root has certified for ever. */
export async function onlineSignerOf(
  root: SigningKey,
  { number = 1, notBeforeS = 0, notAfterS = 0xffffffff } = {},
): Promise<Signer> {
  const online = seeded(40 + number);
  const key = { stile: 'online-key/1', number, notBeforeS, notAfterS };
  const publicKey = rootKeyOf(online);
  const certificate = await signObject(
    'stile-online-key+jws',
    { ...key, publicKey },
    { privateKey: root.privateJwk, publicKey: rootKeyOf(root) },
  );
  return { privateKey: online.privateJwk, publicKey, certificate };
}

/** Signs a list as the operator does, by an online key of this root, or as a stranger would. */
export async function signAsRoot(
  type: SignedType,
  payload: unknown,
  { key = rootKey }: { key?: SigningKey } = {},
): Promise<string> {
  const known = signers.get(key.privateJwk.x) ?? onlineSignerOf(key);
  signers.set(key.privateJwk.x, known);
  return await signObject(type, payload, await known);
}
