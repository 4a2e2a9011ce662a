/** Random damage: whatever is changed, both implementations give one answer, and it is no. */
import { concatBytes, equalBytes, toHex } from '@stile/protocol/bytes.ts';
import type { Algorithm } from '@stile/protocol/signature.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isKeyOfPrimeOrder, verifyWithNoble } from './noble-verify.ts';
import { importPublicKey, KEYS_CACHED_MAX } from './node-verify.ts';
import { generateKey, type SigningKey } from './sign.ts';
import { answer, verifyWithNode } from './testing/both-answers.ts';

const ALGORITHMS: [Algorithm][] = [['Ed25519'], ['P-256']];
const MESSAGE = Uint8Array.from({ length: 40 }, (_, at) => at);

function good(algorithm: Algorithm) {
  const key: SigningKey = generateKey(algorithm);
  return { key: key.publicKey, message: MESSAGE, signature: key.sign(MESSAGE) };
}

test.each(ALGORITHMS)('%s: every byte of key, message and signature changed', (algorithm) => {
  const { key, message, signature } = good(algorithm);
  expect(answer({ algorithm, publicKey: key, message, signature })).toEqual({
    raw: true,
    holds: true,
  });
  for (const part of [key, message, signature]) {
    for (let at = 0; at < part.length; at += 1) {
      const flip = 1 << (at & 7);
      const bad = part.with(at, (part[at] ?? 0) ^ flip);
      const use = (original: Uint8Array) => (original === part ? bad : original);
      expect(
        answer({ algorithm, publicKey: use(key), message: use(message), signature: use(signature) })
          .holds,
        `byte ${at}`,
      ).toBe(false);
    }
  }
});

test.each(ALGORITHMS)('%s: random damage of any kind', (algorithm) => {
  const sound = good(algorithm);
  const damage = fc.record({
    part: fc.constantFrom('key', 'message', 'signature'),
    at: fc.nat({ max: 80 }),
    remove: fc.nat({ max: 3 }),
    insert: fc.uint8Array({ maxLength: 34 }),
  } as const);
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 3 }), (changes) => {
      const parts: Record<keyof typeof sound, Uint8Array> = { ...sound };
      for (const { part, at, remove, insert } of changes) {
        const old = parts[part];
        parts[part] = concatBytes(old.slice(0, at), insert, old.slice(at + remove));
      }
      const same = (['key', 'message', 'signature'] as const).every((part) =>
        equalBytes(parts[part], sound[part]),
      );
      expect(
        answer({
          algorithm,
          publicKey: parts.key,
          message: parts.message,
          signature: parts.signature,
        }).holds,
      ).toBe(same);
    }),
    { numRuns: 150 },
  );
});

test.each(ALGORITHMS)('%s: random keys are keys to both, or to neither', (algorithm) => {
  const length = algorithm === 'Ed25519' ? 32 : 33;
  const anyKey = fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => {
    if (algorithm === 'P-256') bytes[0] = 2 + ((bytes[0] ?? 0) & 1);
    return bytes;
  });
  const anySignature = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(anyKey, anySignature, (key, signature) => {
      expect(answer({ algorithm, publicKey: key, message: MESSAGE, signature }).holds).toBe(false);
      if (algorithm === 'P-256') {
        expect(importPublicKey('P-256', key) !== undefined).toBe(isKeyOfPrimeOrder('P-256', key));
      }
    }),
    { numRuns: 100 },
  );
});

test.each(ALGORITHMS)('%s: a hundred fresh keys and messages hold on both', (algorithm) => {
  for (let count = 0; count < 100; count += 1) {
    const key = generateKey(algorithm);
    const message = key.publicKey.subarray(0, count % 33);
    expect(isKeyOfPrimeOrder(algorithm, key.publicKey), toHex(key.publicKey)).toBe(true);
    expect(
      answer({ algorithm, publicKey: key.publicKey, message, signature: key.sign(message) }).holds,
    ).toBe(true);
  }
});

test.each(ALGORITHMS)('%s: a byte behind a signature or a key is never ignored', (algorithm) => {
  const { key, message, signature } = good(algorithm);
  const more = (bytes: Uint8Array) => concatBytes(bytes, Uint8Array.of(0));
  const no = { raw: false, holds: false };
  expect(answer({ algorithm, publicKey: key, message, signature: more(signature) })).toEqual(no);
  expect(
    answer({ algorithm, publicKey: key, message, signature: signature.subarray(0, 63) }),
  ).toEqual(no);
  expect(answer({ algorithm, publicKey: more(key), message, signature })).toEqual(no);
});

test('a check neither throws on empty nor on huge input', () => {
  for (const verify of [verifyWithNode, verifyWithNoble]) {
    for (const [algorithm] of ALGORITHMS) {
      for (const bytes of [new Uint8Array(0), new Uint8Array(100_000).fill(1)]) {
        expect(verify({ algorithm, publicKey: bytes, message: bytes, signature: bytes })).toBe(
          false,
        );
      }
    }
  }
});

test('the answers stay right when more keys come by than are kept', () => {
  const first = generateKey('Ed25519');
  const signature = first.sign(MESSAGE);
  expect(
    verifyWithNode({
      algorithm: 'Ed25519',
      publicKey: first.publicKey,
      message: MESSAGE,
      signature,
    }),
  ).toBe(true);
  const other = first.publicKey.slice();
  for (let count = 0; count <= KEYS_CACHED_MAX; count += 1) {
    new DataView(other.buffer).setUint32(0, count);
    if (verifyWithNode({ algorithm: 'Ed25519', publicKey: other, message: MESSAGE, signature }))
      throw new Error('a key mixed up');
  }
  expect(
    verifyWithNode({
      algorithm: 'Ed25519',
      publicKey: first.publicKey,
      message: MESSAGE,
      signature,
    }),
  ).toBe(true);
});

test('a key whose bytes the caller overwrites does not stay behind in the cache', () => {
  const [one, two] = [generateKey('Ed25519'), generateKey('Ed25519')];
  const buffer = one.publicKey.slice();
  expect(
    verifyWithNode({
      algorithm: 'Ed25519',
      publicKey: buffer,
      message: MESSAGE,
      signature: one.sign(MESSAGE),
    }),
  ).toBe(true);
  buffer.set(two.publicKey);
  expect(
    verifyWithNode({
      algorithm: 'Ed25519',
      publicKey: buffer,
      message: MESSAGE,
      signature: one.sign(MESSAGE),
    }),
  ).toBe(false);
  expect(
    verifyWithNode({
      algorithm: 'Ed25519',
      publicKey: buffer,
      message: MESSAGE,
      signature: two.sign(MESSAGE),
    }),
  ).toBe(true);
});
