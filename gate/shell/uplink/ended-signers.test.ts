/**
 * Lists of a thief: signed by an online key that was stolen, or under a root that was, of a higher version than
 * any. Before a gate has heard that the key has ended it takes them; from then on it takes none, and what it had
 * taken goes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyFromSeed, type SigningKey } from '@stile/crypto/sign.ts';
import { systemClock } from '@stile/host/clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import { type RootState, RootTrust, SignerUnknown } from '@stile/protocol/root-trust.ts';
import { fingerprintOf, type Signer, signObject } from '@stile/protocol/signed.ts';
import { denyHeadOf, type TrustList } from '@stile/protocol/trust-list.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  gateKey,
  makeTrust,
  onlineSignerOf,
  rootKey,
  rootKeyOf,
  statementOf,
  trustIn,
} from '../../testing/phone.ts';
import {
  DELTA_PATH,
  denyOf,
  SNAPSHOT_PATH,
  say,
  signSnapshot,
  startSettlement,
  TRUST_PATH,
} from '../../testing/settlement.ts';
import { openReferenceStore } from '../store/reference-store.ts';
import { createListsFetcher } from './lists.ts';
import { createUplink } from './uplink.ts';

const seeded = (fill: number) => keyFromSeed(new Uint8Array(32).fill(fill));
const nextRoot = seeded(21);
const thirdRoot = seeded(22);
const NOBODY = denyOf(90, []);
const DENY_3 = denyOf(3, [denyIdHex({ issuer: 7, account: '0000000000000001', serial: 1 })]);
/** Far above anything that was published, so that no version of the operator's is ever newer. */
const VERSION = 4_000_000_000;

const nextOf = async (key: SigningKey) => await fingerprintOf(rootKeyOf(key));
const first = async () => await statementOf(rootKey, { next: await nextOf(nextRoot) });
/** The stolen key, number 1, has ended. */
const revocation = async () =>
  await statementOf(rootKey, { number: 2, next: await nextOf(nextRoot), floor: 2 });
const rotation = async () =>
  await statementOf(nextRoot, { generation: 2, next: await nextOf(thirdRoot), floor: 1 });

type Offer = { by: Signer; deny?: typeof NOBODY; changes?: Partial<TrustList> };

/** A gate that has the operator's trust list 5 and deny list 3, and whoever answers it from then on. */
async function world() {
  const { responses, url } = await startSettlement();
  const dir = scratchDir();
  const root = trustIn(rootKey);
  const kept: RootState[] = [];
  const open = async (trust: RootTrust) => {
    const store = await openReferenceStore(dir, trust);
    let isOpen = true;
    const close = () => {
      if (isOpen) store.close();
      isOpen = false;
    };
    onTestFinished(close);
    return { store, close };
  };
  const { store, close } = await open(root);
  const clock = systemClock;
  const keepRoot = (state: RootState) => kept.push(state);
  const uplink = createUplink({ url, timeoutMs: 300_000, root, keepRoot, clock });
  const onTrust = () => undefined;
  const parts = { gate: 'g1', key: gateKey, reference: store, uplink, onTrust };
  const lists = createListsFetcher(parts);
  async function offer({ by, deny = DENY_3, changes = {} }: Offer): Promise<void> {
    const list = makeTrust({ deny: deny.head, ...changes });
    responses.set(TRUST_PATH, say(200, await signObject('stile-trust-list+jws', list, by)));
    responses.set(SNAPSHOT_PATH, say(200, await signSnapshot(deny, { by })));
    responses.set(DELTA_PATH, say(410));
  }
  const inForce = () => ({
    trust: store.trust,
    deny: store.denyHead,
    root: root.state,
    kept: kept.length,
    onDisk: readFileSync(join(dir, 'reference.db')).toString('latin1').includes(String(VERSION)),
  });
  /** As after a restart, by what is on the card. */
  const reopened = async () => {
    close();
    const { store: again } = await open(new RootTrust(kept.at(-1) ?? root.state));
    return { trust: again.trust, deny: again.denyHead };
  };
  const stolen = await onlineSignerOf(rootKey);
  await offer({ by: stolen, changes: { roots: [await first()] } });
  await lists.refresh();
  expect(inForce()).toMatchObject({ trust: { version: 5 }, deny: denyHeadOf(DENY_3.head) });
  return { lists, offer, inForce, reopened, stolen };
}

type World = Awaited<ReturnType<typeof world>>;

/** By the operator's own lists, of the version that is next. */
async function hear({ lists, offer }: World, how: 'revocation' | 'rotation'): Promise<void> {
  const isRotation = how === 'rotation';
  const by = await onlineSignerOf(isRotation ? nextRoot : rootKey, { number: isRotation ? 1 : 2 });
  const said = isRotation ? [await first(), await rotation()] : [await revocation()];
  await offer({ by, changes: { version: 6, roots: said } });
  await lists.refresh();
}

const forged: Partial<TrustList> = { version: VERSION, operator: 'A thief' };

/** All that a thief can sign who has the online key, or the root of before. */
const OFFERS: readonly [string, 'revocation' | 'rotation', (made: World) => Promise<Offer>][] = [
  ['a revoked online key', 'revocation', async ({ stolen: by }) => ({ by, changes: forged })],
  [
    'a revoked online key, with the words of before it',
    'revocation',
    async ({ stolen: by }) => ({ by, changes: { ...forged, roots: [await first()] } }),
  ],
  [
    'the online key of a root of before',
    'rotation',
    async ({ stolen: by }) => ({ by, changes: forged }),
  ],
  [
    'a new online key of a root of before',
    'rotation',
    async () => ({ by: await onlineSignerOf(rootKey, { number: 9 }), changes: forged }),
  ],
  [
    'a root of before, which takes its word back',
    'rotation',
    async () => ({
      by: await onlineSignerOf(rootKey, { number: 9 }),
      changes: {
        ...forged,
        roots: [await statementOf(rootKey, { number: VERSION, next: await nextOf(seeded(23)) })],
      },
    }),
  ],
  [
    'a root of before, which ends all keys but its thief’s',
    'rotation',
    async () => ({
      by: await onlineSignerOf(rootKey, { number: 9 }),
      changes: {
        ...forged,
        roots: [
          await statementOf(rootKey, { number: VERSION, next: await nextOf(nextRoot), floor: 9 }),
        ],
      },
    }),
  ],
  [
    'a root of before, which names itself anew',
    'rotation',
    async () => ({
      by: await onlineSignerOf(rootKey, { number: 9 }),
      changes: {
        ...forged,
        roots: [await statementOf(rootKey, { generation: 3, next: await nextOf(rootKey) })],
      },
    }),
  ],
];

describe.each(OFFERS)('a list by %s', (_name, how, offerOf) => {
  test('is refused by a gate that has heard, and nothing of it is kept', async () => {
    const made = await world();
    await hear(made, how);
    const before = made.inForce();
    expect(before).toMatchObject({ trust: { version: 6 }, kept: 2, onDisk: false });
    await made.offer({ ...(await offerOf(made)), deny: NOBODY });
    for (const _again of [1, 2]) {
      await expect(made.lists.refresh()).rejects.toMatchObject({
        code: 'LIST_REFUSED',
        cause: expect.any(SignerUnknown),
      });
    }
    expect(made.inForce()).toEqual(before);
    expect(await made.reopened()).toEqual({ trust: before.trust, deny: before.deny });
  });

  test('is taken by one that has not, and goes when it hears, whatever its version', async () => {
    const made = await world();
    await made.offer({ ...(await offerOf(made)), deny: NOBODY });
    await made.lists.refresh();
    const { trust, deny } = made.inForce();
    expect([trust?.operator, deny]).toEqual(['A thief', denyHeadOf(NOBODY.head)]);
    await hear(made, how);
    const after = made.inForce();
    expect(after).toMatchObject({ trust: { version: 6 }, deny: denyHeadOf(DENY_3.head) });
    expect(await made.reopened()).toEqual({ trust: after.trust, deny: after.deny });
    expect(after.trust?.operator).toBe('Test operator');
  });
});
