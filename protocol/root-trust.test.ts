/** Whose signature counts: certificates, what roots say of each other, and everything that does not count. */
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Fault } from './fault.ts';
import {
  claimedRootKey,
  openSigned,
  pinnedRoot,
  type RootState,
  type RootStatement,
  RootTrust,
  rootWordsIn,
  SignerUnknown,
} from './root-trust.ts';
import {
  fingerprintOf,
  type RootKey,
  SIGNED_BYTES_MAX,
  type SignedType,
  type Signer,
  signObject,
} from './signed.ts';

const TYPE = 'stile-trust-list+jws';
const schema = z.strictObject({ version: z.int(), issuedAtS: z.int() });
const LIFE = { notBeforeS: 1_000, notAfterS: 2_000 };
const payload = { version: 7, issuedAtS: 1_500 };

type Key = Signer & { publicKey: RootKey };
const [r1, r2, r3, stranger, online, thief] = [1, 2, 3, 4, 5, 6].map(newKey) as [
  Key,
  Key,
  Key,
  Key,
  Key,
  Key,
];

function newKey(): Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { kty, crv, x, d } = privateKey.export({ format: 'jwk' }) as Record<string, string>;
  const publicKey: RootKey = { kty: 'OKP', crv: 'Ed25519', x: x ?? '' };
  return { privateKey: { kty: kty ?? '', crv: crv ?? '', x: x ?? '', d: d ?? '' }, publicKey };
}

async function certified(
  key: Key,
  { by = r1, number = 1, type = 'stile-online-key+jws' as SignedType, ...life } = {},
): Promise<Signer> {
  const says = { stile: 'online-key/1', number, publicKey: key.publicKey, ...LIFE, ...life };
  return { ...key, certificate: await signObject(type, says, by) };
}

async function statement(of: Key, says: Partial<RootStatement> & { next: string }) {
  return await signObject('stile-root+jws', statementOf(of, says), of);
}

function statementOf(of: Key, says: Partial<RootStatement> & { next: string }): RootStatement {
  const numbers = { generation: 1, number: 1, floor: 0, issuedAtS: 1_000 };
  return { stile: 'root/1', root: of.publicKey, ...numbers, ...says };
}

const trusting = (root = r1) => new RootTrust(pinnedRoot(root.publicKey));
const open = async (jws: string, root = trusting()) =>
  await openSigned(TYPE, jws, { root, schema });

async function refusal(opening: Promise<unknown>): Promise<Fault> {
  const error = await opening.then(
    () => 'it was taken',
    (reason: unknown) => reason,
  );
  if (error instanceof Fault && error.code === 'LIST_REFUSED') return error;
  throw new Error(`expected LIST_REFUSED, got ${error}`);
}

describe('a certificate', () => {
  test('makes an online key good for everything, and says which root stands behind it', async () => {
    const jws = await signObject(TYPE, payload, await certified(online));
    expect(await open(jws)).toEqual(payload);
    expect(await open(`\n${jws}\r\n`)).toEqual(payload);
    expect(claimedRootKey(jws)).toEqual(r1.publicKey);
  });

  test.each([
    [1_000, true],
    [2_000, true],
    [999, false],
    [2_001, false],
  ])('of 1000 to 2000: what is dated %i is taken: %s', async (issuedAtS, isTaken) => {
    const jws = await signObject(TYPE, { ...payload, issuedAtS }, await certified(online));
    if (isTaken) expect(await open(jws)).toMatchObject({ issuedAtS });
    else expect((await refusal(open(jws))).message).toContain('outside the life');
  });

  test('what says no time is refused', async () => {
    const jws = await signObject(TYPE, { version: 1 }, await certified(online));
    const opening = openSigned(TYPE, jws, {
      root: trusting(),
      schema: z.object({ version: z.int() }),
    });
    expect((await refusal(opening)).message).toContain('does not say when');
  });

  test.each<[string, () => Promise<string>, string]>([
    ['none', () => signObject(TYPE, payload, r1), 'no certificate'],
    [
      "a stranger's",
      async () => signObject(TYPE, payload, await certified(online, { by: stranger })),
      'no root that is believed',
    ],
    [
      'one by an online key',
      async () => {
        const middle = await certified(online);
        const says = { stile: 'online-key/1', number: 2, publicKey: thief.publicKey, ...LIFE };
        const certificate = await signObject('stile-online-key+jws', says, middle);
        return await signObject(TYPE, payload, { ...thief, certificate });
      },
      'not signed by a root itself',
    ],
    [
      'one by an online key that leaves its own away',
      async () => {
        const { certificate = '' } = await certified(thief, { by: online });
        return await signObject(TYPE, payload, { ...thief, certificate });
      },
      'no root that is believed',
    ],
    [
      'that of another key',
      async () => {
        const { certificate = '' } = await certified(online);
        return await signObject(TYPE, payload, { ...thief, certificate });
      },
      'signature',
    ],
    [
      'a list of the root in its place',
      async () =>
        signObject(TYPE, payload, await certified(online, { type: 'stile-trust-list+jws' })),
      'typ is',
    ],
    [
      'one with a field more',
      async () => {
        const { certificate = '' } = await certified(online, { more: 1 } as object);
        return await signObject(TYPE, payload, { ...online, certificate });
      },
      'more',
    ],
    [
      'one that is longer than any',
      async () => {
        const { certificate = '' } = await certified(online);
        const long = `${certificate}${' '.repeat(2_048)}`;
        return await signObject(TYPE, payload, { ...online, certificate: long });
      },
      'too long',
    ],
  ])('%s is refused', async (_what, make, why) => {
    expect((await refusal(open(await make()))).message).toContain(why);
  });

  test('a checked one is remembered, and no more than eight are', async () => {
    const root = trusting();
    const jws = await signObject(TYPE, payload, await certified(online));
    await open(jws, root);
    const { certificate = '' } = await certified(online);
    const known = await root.openCertificate(certificate, { isKept: false });
    expect(await root.openCertificate(certificate, { isKept: false })).toBe(known);
    for (let number = 2; number <= 9; number += 1) {
      await open(await signObject(TYPE, payload, await certified(online, { number })), root);
    }
    expect(await root.openCertificate(certificate, { isKept: false })).not.toBe(known);
  });
});

describe('what roots say', () => {
  let [n1, n2, n3, n4] = ['', '', '', ''];
  let words: string[] = [];
  beforeAll(async () => {
    [n1, n2, n3, n4] = (await Promise.all(
      [r1, r2, r3, stranger].map(({ publicKey }) => fingerprintOf(publicKey)),
    )) as [string, string, string, string];
    words = [
      await statement(r1, { next: n2 }),
      await statement(r2, { generation: 2, next: n3, floor: 4 }),
      await statement(r3, { generation: 3, next: n4 }),
    ];
  });

  async function after(state: RootState, ...said: string[]): Promise<RootState | null> {
    return await new RootTrust(state).follow(said);
  }

  test('the announced root is followed, also over two that were missed, in one step', async () => {
    const state = await after(pinnedRoot(r1.publicKey), ...words);
    expect(state).toEqual({
      root: r3.publicKey,
      generation: 3,
      number: 1,
      next: n4,
      floor: 0,
      earlier: [r1.publicKey, r2.publicKey],
    });
    expect(await after(state as RootState, ...words)).toBeNull();
  });

  test('an earlier root is not believed any more, but what was kept stays', async () => {
    const root = trusting();
    const jws = await signObject(TYPE, payload, await certified(online));
    await open(jws, root);
    root.adopt((await root.follow(words.slice(0, 2))) as RootState);
    const fault = await refusal(open(jws, root));
    expect(fault.cause).toBeInstanceOf(SignerUnknown);
    expect(await root.isBelieved(jws)).toBe(false);
    expect(await openSigned(TYPE, jws, { root, schema, isKept: true })).toEqual(payload);
    const now = await signObject(TYPE, payload, await certified(online, { by: r2, number: 4 }));
    expect(await open(now, root)).toEqual(payload);
  });

  test('online keys below the floor have ended, those above are good', async () => {
    const root = trusting();
    const stolen = await signObject(TYPE, payload, await certified(thief));
    const good = await signObject(TYPE, payload, await certified(online, { number: 2 }));
    await open(stolen, root);
    root.adopt((await root.follow([await statement(r1, { next: n2, floor: 2 })])) as RootState);
    expect((await refusal(open(stolen, root))).message).toContain('has been ended');
    expect(await open(good, root)).toEqual(payload);
  });

  test.each<[string, () => Promise<string>]>([
    [
      'names another root than the announced one',
      () => statement(stranger, { generation: 2, next: n4 }),
    ],
    ['is of a generation too far', () => statement(r2, { generation: 3, next: n3 })],
    ['announces another root than before', () => statement(r1, { number: 2, next: n4 })],
    ['is older', () => statement(r1, { number: 1, next: n2, floor: 9 })],
    ['takes an end back', () => statement(r1, { number: 3, next: n2, floor: 1 })],
    [
      'is of another generation of the same root',
      () => statement(r1, { generation: 2, number: 9, next: n2 }),
    ],
  ])('a statement that %s changes nothing', async (_what, make) => {
    const known = await after(
      pinnedRoot(r1.publicKey),
      words[0] ?? '',
      await statement(r1, { number: 2, next: n2, floor: 2 }),
    );
    expect(known).toMatchObject({ number: 2, floor: 2, next: n2 });
    expect(await after(known as RootState, await make())).toBeNull();
  });

  test.each<[string, () => Promise<string>]>([
    [
      'signed by another root',
      () => signObject('stile-root+jws', statementOf(r1, { next: n4, number: 9 }), stranger),
    ],
    [
      'signed by an online key',
      async () =>
        signObject(
          'stile-root+jws',
          statementOf(r1, { next: n4, number: 9 }),
          await certified(online),
        ),
    ],
    [
      'of another type',
      () => signObject('stile-online-key+jws', statementOf(r1, { next: n4 }), r1),
    ],
    ['that is no statement', async () => 'not one'],
  ])('a statement %s is refused', async (_what, make) => {
    await refusal(trusting().follow([await make()]));
  });

  test('they are read off a list before it is believed, and of anything else are none', async () => {
    const jws = await signObject(
      TYPE,
      { ...payload, roots: words },
      await certified(online, { by: r3 }),
    );
    expect(rootWordsIn(jws)).toEqual(words);
    for (const text of ['', '..', 'a.b.c', `${'x'.repeat(SIGNED_BYTES_MAX)}x`, words[0] ?? '']) {
      expect(rootWordsIn(text)).toEqual([]);
    }
    expect(n1).toHaveLength(43);
  });
});
