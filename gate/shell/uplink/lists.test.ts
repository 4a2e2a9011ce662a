/** How lists are fetched: snapshots, deltas, and lists that are refused. */

import { systemClock } from '@stile/host/clock.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { denyIdHex } from '@stile/protocol/deny-list.ts';
import type { TrustList } from '@stile/protocol/trust-list.ts';
import { denyHeadOf } from '@stile/protocol/trust-list.ts';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  gateKey,
  makeTrust,
  rootKey,
  signAsRoot,
  strangerKey,
  trustIn,
} from '../../testing/phone.ts';
import {
  cutOff,
  DELTA_PATH,
  type DenyStep,
  denyOf,
  hangInBody,
  NO_DENY,
  type Respond,
  SNAPSHOT_PATH,
  say,
  signDelta,
  signSnapshot,
  startSettlement,
  TRUST_PATH,
} from '../../testing/settlement.ts';
import { openReferenceStore } from '../store/reference-store.ts';
import { createListsFetcher } from './lists.ts';
import { createUplink } from './uplink.ts';

const ROOT = trustIn(rootKey);
const ACCOUNT = '0000000000000001';
const id = (serial: number) => denyIdHex({ issuer: 7, account: ACCOUNT, serial });
const DENY_3 = denyOf(3, [id(1), id(2)]);
const DENY_4 = denyOf(4, [id(2), id(3)]);

async function openStore(dir: string) {
  const store = await openReferenceStore(dir, ROOT);
  let closed = false;
  const close = () => {
    if (!closed) store.close();
    closed = true;
  };
  onTestFinished(close);
  return { store, close };
}

/** A gate's lists and the settlement that they come from. */
async function world() {
  const settlement = await startSettlement();
  const { responses, requests, url } = settlement;
  const dir = scratchDir();
  const { store, close } = await openStore(dir);
  const uplink = createUplink({
    url,
    timeoutMs: 10_000,
    root: ROOT,
    keepRoot: () => undefined,
    clock: systemClock,
  });
  const lists = createListsFetcher({
    gate: 'g1',
    key: gateKey,
    reference: store,
    uplink,
    onTrust: () => undefined,
  });

  const signTrust = (
    deny: DenyStep,
    { changes = {}, key = rootKey }: { changes?: Partial<TrustList>; key?: typeof rootKey } = {},
  ) => signAsRoot('stile-trust-list+jws', makeTrust({ deny: deny.head, ...changes }), { key });
  async function publish(deny: DenyStep, changes: Partial<TrustList> = {}): Promise<void> {
    const jws = await signTrust(deny, { changes });
    responses.set(TRUST_PATH, ifChanged(jws, `"v${changes.version ?? 5}"`));
    responses.set(SNAPSHOT_PATH, say(200, await signSnapshot(deny)));
    responses.set(DELTA_PATH, say(410));
  }
  /** All that a gate goes by. */
  const inForce = () => ({
    trust: store.trust,
    deny: store.denyHead,
    denied: [0, 1, 2, 3, 4].filter((serial) =>
      store.isDenied({ issuer: 7, account: ACCOUNT, serial }),
    ),
  });
  return { responses, requests, close, dir, inForce, lists, publish, signTrust, store };
}

function ifChanged(body: string, etag: string): Respond {
  return (response, request) => {
    const same = request.headers['if-none-match'] === etag;
    (same ? say(304) : say(200, body, { headers: { etag } }))(response, request);
  };
}

/** The world with trust list 5 and deny list 3 in force. */
async function provisioned() {
  const made = await world();
  await made.publish(DENY_3);
  expect(await made.lists.refresh()).toEqual({ changed: true });
  expect(made.inForce()).toMatchObject({ trust: { version: 5 }, denied: [1, 2] });
  made.requests.length = 0;
  return made;
}

describe('a refresh', () => {
  test('brings both lists in, the first time by snapshot', async () => {
    const { requests } = await provisioned();
    expect(requests).toEqual([]);
  });

  test('brings a newer pair in by delta', async () => {
    const { responses, requests, inForce, lists, publish } = await provisioned();
    await publish(DENY_4, { version: 6 });
    responses.set(DELTA_PATH, say(200, await signDelta(DENY_3, DENY_4)));
    expect(await lists.refresh()).toMatchObject({ changed: true });
    expect(inForce()).toMatchObject({
      trust: { version: 6 },
      deny: denyHeadOf(DENY_4.head),
      denied: [2, 3],
    });
    expect(requests.map(({ path }) => path)).toEqual([TRUST_PATH, DELTA_PATH]);
    expect(requests[1]?.query.get('from')).toBe('3');
  });

  test('that finds nothing new asks once and changes nothing', async () => {
    const { requests, inForce, lists } = await provisioned();
    const before = inForce();
    expect(await lists.refresh()).toEqual({ changed: false });
    expect(inForce()).toEqual(before);
    expect(requests.map(({ path }) => path)).toEqual([TRUST_PATH]);
  });

  test('takes the snapshot where the delta does not fit what is here', async () => {
    const { responses, requests, inForce, lists, publish } = await provisioned();
    await publish(DENY_4, { version: 6 });
    responses.set(DELTA_PATH, say(200, await signDelta(NO_DENY, DENY_4, { changes: { from: 3 } })));
    await lists.refresh();
    expect(inForce()).toMatchObject({ deny: denyHeadOf(DENY_4.head), denied: [2, 3] });
    expect(requests.map(({ path }) => path)).toEqual([TRUST_PATH, DELTA_PATH, SNAPSHOT_PATH]);
  });

  test.each([
    ['a wrong salt', { salt: '0'.repeat(64) }],
    ['no salt', { salt: null }],
  ])('takes neither a delta nor a snapshot with %s', async (_what, wrong) => {
    const { responses, inForce, lists, publish } = await provisioned();
    await publish(DENY_4, { version: 6 });
    responses.set(DELTA_PATH, say(200, await signDelta(DENY_3, DENY_4, { changes: wrong })));
    const { head, ids } = DENY_4;
    responses.set(
      SNAPSHOT_PATH,
      say(200, await signSnapshot({ head: { ...head, ...wrong }, ids })),
    );
    await expect(lists.refresh()).rejects.toMatchObject({
      code: 'LIST_REFUSED',
      message: expect.stringContaining('salt'),
    });
    expect(inForce()).toMatchObject({ deny: denyHeadOf(DENY_3.head), denied: [1, 2] });
  });

  test('takes the snapshot where the same version is another list', async () => {
    const { responses, inForce, lists, publish } = await provisioned();
    const other = denyOf(3, [id(4)]);
    await publish(other, { version: 6 });
    responses.set(DELTA_PATH, say(204));
    await lists.refresh();
    expect(inForce()).toMatchObject({ deny: denyHeadOf(other.head), denied: [4] });
  });

  test('tries again where the lists change between two requests', async () => {
    const { responses, inForce, lists, publish } = await provisioned();
    await publish(DENY_4, { version: 6 });
    const delta = await signDelta(DENY_3, DENY_4);
    const late = responses.get(TRUST_PATH) ?? say(500);
    const old = await signAsRoot('stile-trust-list+jws', makeTrust({ version: 6 }));
    let asks = 0;
    // The first trust list names a deny list that is already history when the delta is asked for.
    responses.set(TRUST_PATH, (response, request) => {
      asks += 1;
      (asks === 1 ? say(200, old) : late)(response, request);
    });
    responses.set(DELTA_PATH, say(200, delta));
    await lists.refresh();
    expect(asks).toBe(2);
    expect(inForce()).toMatchObject({ trust: { version: 6 }, deny: denyHeadOf(DENY_4.head) });
  });
});

type Spoil = (made: Awaited<ReturnType<typeof provisioned>>) => Promise<unknown>;

describe('a failed refresh leaves the deny list as it is', () => {
  test.each<[string, object, Spoil]>([
    [
      'an older trust list',
      { code: 'LIST_REFUSED', message: expect.stringContaining('older than 5') },
      ({ publish }) => publish(DENY_3, { version: 4 }),
    ],
    [
      'an older trust list with a newer deny list',
      { code: 'LIST_REFUSED', message: expect.stringContaining('older than 5') },
      ({ publish }) => publish(DENY_4, { version: 4 }),
    ],
    [
      'a trust list signed by a stranger',
      { code: 'LIST_REFUSED' },
      async ({ responses, signTrust }) =>
        responses.set(
          TRUST_PATH,
          say(200, await signTrust(DENY_4, { changes: { version: 6 }, key: strangerKey })),
        ),
    ],
    [
      'a trust list that names an older deny list',
      {
        code: 'LIST_REFUSED',
        message: expect.stringContaining('not the one that the trust list names'),
      },
      ({ publish }) => publish(denyOf(2, []), { version: 6 }),
    ],
    [
      'a delta to another list than the trust list names',
      {
        code: 'LIST_REFUSED',
        message: expect.stringContaining('not the one that the trust list names'),
      },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(DELTA_PATH, say(200, await signDelta(DENY_3, denyOf(5, [id(4)]))));
      },
    ],
    [
      'a delta signed by a stranger',
      { code: 'LIST_REFUSED' },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(DELTA_PATH, say(200, await signDelta(DENY_3, DENY_4, { key: strangerKey })));
      },
    ],
    [
      'a snapshot of another list than the trust list names',
      {
        code: 'LIST_REFUSED',
        message: expect.stringContaining('not the one that the trust list names'),
      },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(SNAPSHOT_PATH, say(200, await signSnapshot(denyOf(4, [id(4)]))));
      },
    ],
    [
      'a snapshot with another body',
      { code: 'LIST_REFUSED' },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        const file = await signSnapshot(DENY_4);
        responses.set(SNAPSHOT_PATH, say(200, file.subarray(0, -14)));
      },
    ],
    [
      'a snapshot in which an id stands twice',
      { code: 'LIST_REFUSED' },
      ({ publish }) => publish(denyOf(4, [id(3), id(3)]), { version: 6 }),
    ],
    [
      'a snapshot cut off in its body',
      { code: 'UPLINK_UNREACHABLE' },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(SNAPSHOT_PATH, cutOff(await signSnapshot(DENY_4)));
      },
    ],
    [
      'a snapshot that hangs',
      { code: 'UPLINK_UNREACHABLE' },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(SNAPSHOT_PATH, hangInBody);
      },
    ],
    [
      'a delta that fails',
      { code: 'UPLINK_UNREACHABLE' },
      async ({ responses, publish }) => {
        await publish(DENY_4, { version: 6 });
        responses.set(DELTA_PATH, say(500));
      },
    ],
    [
      'a server that is busy',
      { code: 'UPLINK_BUSY', retryAfterMs: 9_000 },
      async ({ responses }) =>
        responses.set(TRUST_PATH, say(429, '', { headers: { 'retry-after': '9' } })),
    ],
  ])('%s', async (name, expected, spoil) => {
    const ofDeny = /delta|snapshot|names an older/;
    const made = await provisioned();
    const before = made.inForce();
    await spoil(made);
    await expect(made.lists.refresh()).rejects.toMatchObject(expected);
    // A trust list that is good comes into force even if its deny list can't: a revoked key must not wait.
    const isApplied = made.store.trust?.version === 6;
    const { trust, ...denied } = made.inForce();
    expect(isApplied ? denied : { trust, ...denied }).toEqual(
      isApplied ? { deny: before.deny, denied: before.denied } : before,
    );
    expect(isApplied).toBe(ofDeny.test(name));
    // What is wrong once must not stick: the next good pair is taken.
    await made.publish(DENY_4, { version: 7 });
    expect(await made.lists.refresh()).toMatchObject({ changed: true });
    expect(made.inForce()).toMatchObject({ trust: { version: 7 }, denied: [2, 3] });
    made.close();
    const { store } = await openStore(made.dir);
    expect(store.trust?.version).toBe(7);
    expect(store.denyHead).toEqual(denyHeadOf(DENY_4.head));
  });

  test('a list that grows insanely is refused, unless it is signed with force', async () => {
    const { responses, inForce, lists, publish, store } = await provisioned();
    const before = inForce();
    const huge = denyOf(
      4,
      Array.from({ length: 10_003 }, (_, at) => id(at + 10)),
    );
    await publish(huge, { version: 6 });
    await expect(lists.refresh()).rejects.toMatchObject({
      code: 'LIST_REFUSED',
      message: expect.stringContaining('without force'),
    });
    const { deny, denied } = before;
    expect(inForce()).toMatchObject({ trust: { version: 6 }, deny, denied });
    expect(store.denyAtS).toBe(before.trust?.issuedAtS);
    responses.set(SNAPSHOT_PATH, say(200, await signSnapshot(huge, { force: true })));
    await lists.refresh();
    expect(inForce()).toMatchObject({ trust: { version: 6 }, deny: denyHeadOf(huge.head) });
  });

  test.each([
    ['from where this gate is', 3, true],
    ['only from later on', 4, false],
  ])(
    'a gate that was away takes a grown list if each step was judged %s',
    async (_name, saneFrom, taken) => {
      const { responses, inForce, lists, publish } = await provisioned();
      const grown = denyOf(
        9,
        Array.from({ length: 10_003 }, (_, at) => id(at + 10)),
      );
      await publish(grown, { version: 8 });
      responses.set(SNAPSHOT_PATH, say(200, await signSnapshot(grown, { saneFrom })));
      const refused = await lists.refresh().then(
        () => null,
        ({ code }) => code,
      );
      expect(refused).toBe(taken ? null : 'LIST_REFUSED');
      expect(inForce()).toMatchObject({
        trust: { version: 8 },
        deny: { version: taken ? 9 : 3 },
      });
    },
  );

  test('a deny list that is behind its trust list is no loss, also after a restart', async () => {
    const { responses, dir, close, lists, publish } = await provisioned();
    await publish(DENY_4, { version: 6 });
    responses.set(SNAPSHOT_PATH, say(500));
    await expect(lists.refresh()).rejects.toMatchObject({ code: 'UPLINK_UNREACHABLE' });
    close();
    const { store } = await openStore(dir);
    expect(store.trust?.version).toBe(6);
    expect(store.denyHead).toEqual(denyHeadOf(DENY_3.head));
  });
});

test('the lists outlive any number of restarts without a network', async () => {
  const made = await provisioned();
  const before = made.inForce();
  made.close();
  for (let restart = 0; restart < 3; restart += 1) {
    const { store, close } = await openStore(made.dir);
    expect(store.trust).toEqual(before.trust);
    expect(store.denyHead).toEqual(before.deny);
    expect(store.isDenied({ issuer: 7, account: ACCOUNT, serial: 1 })).toBe(true);
    expect(store.isDenied({ issuer: 7, account: ACCOUNT, serial: 3 })).toBe(false);
    close();
  }
});
