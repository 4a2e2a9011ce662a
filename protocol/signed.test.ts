/** Objects signed by a key: which open, and everything that does not. Whose keys count is root-trust.test.ts. */
import { generateKeyPairSync } from 'node:crypto';
import { CompactSign } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { utf8 } from './bytes.ts';
import {
  claimedSigner,
  openByKey,
  type RootKey,
  SIGNED_BYTES_MAX,
  type SignedType,
  signObject,
} from './signed.ts';

const TYPE = 'stile-trust-list+jws';
const schema = z.strictObject({ version: z.int(), pad: z.string().optional() });
const payload = { version: 7 };
const root = rootKey();
const other = rootKey();
let good = '';
beforeAll(async () => {
  good = await signObject(TYPE, payload, root);
});

function rootKey() {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { kty, crv, x, d } = privateKey.export({ format: 'jwk' }) as Record<string, string>;
  const publicKey: RootKey = { kty: 'OKP', crv: 'Ed25519', x: x ?? '' };
  return { privateKey: { kty: kty ?? '', crv: crv ?? '', x: x ?? '', d: d ?? '' }, publicKey };
}

function open(
  jws: string,
  { key = root.publicKey, type = TYPE }: { key?: RootKey; type?: SignedType } = {},
) {
  return openByKey(type, jws, { key, schema });
}

async function refusal(opening: Promise<unknown>): Promise<string> {
  const error = await opening.then(
    () => 'it was taken',
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error.message;
  throw new Error(`expected a refusal, got ${error}`);
}

async function signedByHand(header: object, body: string): Promise<string> {
  return await new CompactSign(utf8(body))
    .setProtectedHeader({ alg: 'Ed25519', typ: TYPE, ...header })
    .sign(root.privateKey);
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

test('a list opens with the key that signed it, with space around it', async () => {
  expect(await open(good)).toEqual(payload);
  expect(await open(`\n${good}\r\n`)).toEqual(payload);
});

test('its header is as §4 says', () => {
  const header = JSON.parse(Buffer.from(good.split('.')[0] ?? '', 'base64url').toString());
  expect(header).toEqual({
    alg: 'Ed25519',
    typ: TYPE,
    kid: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    jwk: root.publicKey,
  });
  expect(claimedSigner(good)).toEqual({ key: root.publicKey, certificate: undefined });
});

test('another key does not open it', async () => {
  expect(await refusal(open(good, { key: other.publicKey }))).toContain('signature');
});

test('the key that rides along in the header opens nothing', async () => {
  const forged = await signObject(TYPE, payload, other);
  expect(claimedSigner(forged).key).toEqual(other.publicKey);
  expect(await refusal(open(forged))).toContain('signature');
});

test('a list of one type does not pass for another', async () => {
  for (const type of ['stile-deny-snapshot+jws', 'stile-deny-delta+jws'] as const) {
    expect(await refusal(open(good, { type }))).toContain(`typ is ${TYPE}`);
  }
  expect(await refusal(open(await signedByHand({ typ: undefined }, '{"version":7}')))).toContain(
    'typ is undefined',
  );
});

test.each([
  ['none', { alg: 'none', typ: TYPE }, ''],
  ['HS256 with the public key as its secret', { alg: 'HS256', typ: TYPE }, 'AAAA'],
  ['ES256', { alg: 'ES256', typ: TYPE }, 'A'.repeat(86)],
  ['EdDSA, the old name', { alg: 'EdDSA', typ: TYPE }, undefined],
  ['no algorithm', { typ: TYPE }, 'AAAA'],
])('alg %s is refused', async (_what, header, signature) => {
  const [, body = '', sig = ''] = good.split('.');
  expect(await refusal(open(`${part(header)}.${body}.${signature ?? sig}`))).toMatch(
    /alg|signature|Algorithm/i,
  );
});

test('EdDSA is refused even where its signature is good', async () => {
  expect(await refusal(open(await signedByHand({ alg: 'EdDSA' }, '{"version":7}')))).toMatch(
    /alg/i,
  );
});

test('any character changed is refused', async () => {
  for (let at = 0; at < good.length; at += 1) {
    const changed = good[at] === 'A' ? 'Q' : 'A';
    // A and Q differ in the highest bits, which count even in the last character of a part.
    const bad = good.slice(0, at) + changed + good.slice(at + 1);
    await refusal(open(bad));
  }
});

test.each([
  ['nothing', ''],
  ['garbage', 'not a list'],
  ['dots', '..'],
  ['JSON', '{"version":7}'],
  ['HTML of a captive portal', '<html><body>Sign in to the network</body></html>'],
  ['NULs', '\0\0\0'],
])('%s is refused', async (_what, text) => {
  await refusal(open(text));
  expect(() => claimedSigner(text)).toThrow(Error);
});

test.each([
  ['a field more', '{"version":7,"extra":1}'],
  ['a field less', '{}'],
  ['another type', '{"version":"7"}'],
  ['no object', '7'],
  ['no JSON', 'version 7'],
  ['nothing', ''],
])('a payload with %s is refused though it is signed', async (_what, body) => {
  expect(await refusal(open(await signedByHand({}, body)))).not.toContain('signature');
});

test('an unknown critical header is refused', async () => {
  const [, body = '', sig = ''] = good.split('.');
  const header = part({ alg: 'Ed25519', typ: TYPE, crit: ['x'], x: 1 });
  await refusal(open(`${header}.${body}.${sig}`));
});

test('a list larger than SIGNED_BYTES_MAX is refused before it is looked at', async () => {
  const empty = await signObject(TYPE, { version: 7, pad: '' }, root);
  // Three bytes of payload are four characters.
  const spare = Math.floor(((SIGNED_BYTES_MAX - empty.length) * 3) / 4) - 2;
  const full = await signObject(TYPE, { version: 7, pad: 'x'.repeat(spare) }, root);
  expect(full.length).toBeGreaterThan(SIGNED_BYTES_MAX - 8);
  expect(full.length).toBeLessThanOrEqual(SIGNED_BYTES_MAX);
  expect(await open(full)).toMatchObject({ version: 7 });
  const tooLarge = `${full}${' '.repeat(SIGNED_BYTES_MAX + 1 - full.length)}`;
  expect(await refusal(open(tooLarge))).toContain(`larger than ${SIGNED_BYTES_MAX}`);
});

test('an older list opens: the gate that holds a newer one refuses it', async () => {
  expect(await open(await signObject(TYPE, { version: 1 }, root))).toEqual({ version: 1 });
});
