/**
 * The drill of docs/operations.md, "The root key", with a settlement, a gate and a phone as processes and by the
 * commands that are written there: the root is taken out, an online key followed, the root rotated twice while the
 * gate is off; the gate comes back and follows, rides settle, and the old root is not believed any more.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callText } from '@stile/host/http-client.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { makeTransitCode } from '@stile/phone/code.ts';
import type { GateView } from '@stile/protocol/http/operator-api.ts';
import { openSigned, RootTrust, SignerUnknown } from '@stile/protocol/root-trust.ts';
import { trustListSchema } from '@stile/protocol/trust-list.ts';
import { expect, test } from 'vitest';
import { readIdentity } from './shell/identity.ts';
import { FARE_CENTS, openTown, runStile } from './testing/town.ts';

type Roots = {
  root: { generation: number; isHere: boolean };
  onlineKeys: { number: number; state: string }[];
};

async function openDrill() {
  const town = await openTown();
  const media = scratchDir();
  const at = (name: string) => join(media, name);
  let counter = 0;
  return {
    ...town,
    at,
    async ride(): Promise<void> {
      counter += 1;
      const fresh = { generatedAtS: Math.floor(Date.now() / 1000), counter, flags: 0 };
      const { pass, key } = town.phone;
      await town.show(makeTransitCode(pass, { fresh, sign: key.sign }));
      expect((await town.log.next('tap')).verdict).toBe('open');
    },
    async charged(): Promise<void> {
      const left = 2_000 - counter * FARE_CENTS;
      while ((await town.phone.balanceCents()) > left) {
        await new Promise((resume) => setImmediate(resume));
      }
      expect(await town.phone.balanceCents()).toBe(left);
    },
    keys: (...args: string[]) => town.stile('keys', ...args),
    /** Where the root is; `stile root` speaks to nobody. */
    root: (...args: string[]) => runStile('root', ...args),
    gates: () => town.operate('GET', 'gates'),
    roots: async () => (await town.operate('GET', 'roots')) as unknown as Roots,
    trustList: () => callText(town.wire.url, 'v1/trust-list'),
  };
}

type Drill = Awaited<ReturnType<typeof openDrill>>;

/** Request, rotation at the next root, installation: as the runbook has it. */
async function rotate({ at, keys, root }: Drill, of: { by: string; next: string }): Promise<void> {
  const [request, grant] = [at(`request-${of.by}`), at(`grant-${of.by}`)];
  await keys('request-online-key', '--out', request);
  const files = ['--root', at(of.by), '--next-to', at(of.next)];
  await root('rotate', ...files, '--request', request, '--out', grant);
  await keys('install', grant);
}

test('the root goes away, online keys and roots follow, and nobody enrols anew', async () => {
  const drill = await openDrill();
  const { at, keys, root, dataDir } = drill;
  await drill.ride();
  drill.gate.syncNow();
  await drill.charged();

  // Out of the directory, while settlement is down.
  await drill.restartSettlement(async (data) => {
    const to = ['--to', at('root'), '--next-to', at('next')];
    await runStile('keys', 'export-root', '--data', data, ...to);
  });
  expect((await drill.roots()).root).toMatchObject({ generation: 1, isHere: false });

  // An online key, carried by hand; the one before is said to be stolen.
  await keys('request-online-key', '--out', at('request'));
  const files = ['--root', at('root'), '--request', at('request')];
  await root('sign', ...files, '--out', at('grant'), '--end-others');
  await keys('install', at('grant'));
  expect((await drill.roots()).onlineKeys.map(({ state }) => state)).toEqual(['revoked', 'signs']);
  await drill.ride();
  drill.gate.syncNow();
  await drill.charged();
  expect(readIdentity(dataDir).root).toMatchObject({ generation: 1, floor: 2 });
  const old = await drill.trustList();

  // Two rotations while the gate is off.
  const gate = await drill.restartGate(async () => {
    await rotate(drill, { by: 'next', next: 'third' });
    await rotate(drill, { by: 'third', next: 'fourth' });
  });
  expect((await drill.roots()).root.generation).toBe(3);
  await drill.ride();
  gate.syncNow();
  await drill.charged();
  const state = readIdentity(dataDir).root;
  expect(state).toMatchObject({ generation: 3, earlier: [{}, {}] });
  expect(state.root.x).toBe(JSON.parse(readFileSync(at('third'), 'utf8')).x);

  // What was signed under the old root is not believed any more, wherever it comes from.
  const opening = openSigned('stile-trust-list+jws', old, {
    root: new RootTrust(state),
    schema: trustListSchema,
  });
  await expect(opening).rejects.toMatchObject({ cause: expect.any(SignerUnknown) });
  drill.wire.trustList = old;
  gate.syncNow();
  const alarm =
    'ALARM: lists are offered that no key has signed which is believed; the cached ones stay in force';
  await drill.log.next(alarm, ({ error }) => String(error).includes('ended'));
  drill.wire.trustList = null;
  await keys('request-online-key', '--out', at('request-again'));
  const again = ['--request', at('request-again'), '--out', at('grant-again')];
  await expect(root('sign', '--root', at('root'), ...again)).rejects.toThrow(
    /not the one in force/,
  );

  // The third root is on the card: it is believed after another start.
  const last = await drill.restartGate(async () => undefined);
  await drill.ride();
  last.syncNow();
  await drill.charged();
  // It says so with its batches: by that a restored settlement knows how far gates are.
  const [held] = (await drill.gates()) as unknown as GateView[];
  expect(held).toMatchObject({ rootGeneration: 3, rootNumber: 1, refusesSigner: false });
});
