/** Every file of a gate zeroed, cut and flipped: its stores open all the same, or a sentence says what to do. */
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '@stile/host/clock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { fromHex } from '@stile/protocol/bytes.ts';
import { DENY_ID_BYTES, denyIdHex } from '@stile/protocol/deny-list.ts';
import { Fault } from '@stile/protocol/fault.ts';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import {
  gateKey,
  makeTap,
  makeTrust,
  makeUse,
  rootKey,
  signAsRoot,
  trustIn,
} from '../testing/phone.ts';
import { denyOf } from '../testing/settlement.ts';
import { parseConfig } from './config.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { openStores } from './stores.ts';

const DENIED = { issuer: 7, account: '0000000000000001', serial: 1 };
const LIST = denyOf(2, [denyIdHex(DENIED)]);
const PAGE_BYTES = 4_096;

async function open(dataDir: string) {
  const device = { path: '/nowhere' };
  const settlement = { url: 'https://settlement.example' };
  const text = JSON.stringify({ dataDir, scanner: device, barrier: device, settlement });
  const config = parseConfig(text, 'gate.json');
  const parts = { config, clock: systemClock, random: systemRandom, root: trustIn(rootKey) };
  const identity = readIdentity(dataDir);
  return await openStores({ ...parts, identity, log: pino({ level: 'silent' }) });
}

/** As a clean stop leaves a gate's files, and as a kill does, with their journals. */
async function soundDirs(): Promise<string[]> {
  const dir = join(scratchDir(), 'data');
  mkdirSync(dir, { mode: 0o700 });
  const own = { gate: 'g1', line: 'M1', scope: 1, operator: 'Test operator' };
  writeIdentity(dir, { ...own, root: trustIn(rootKey).state, key: gateKey.privateJwk });
  const { taps, reference } = await open(dir);
  const body = fromHex(LIST.ids[0] ?? '', DENY_ID_BYTES) ?? new Uint8Array();
  await reference.applySnapshot({ head: LIST.head, body }, async () => undefined);
  const list = makeTrust({ deny: LIST.head });
  reference.applyTrust(list, { jws: await signAsRoot('stile-trust-list+jws', list) });
  for (let n = 1; n <= 3; n += 1) {
    taps.append(makeTap(n), { at: { wallMs: n, monoMs: n }, use: makeUse(n) });
  }
  const killed = join(scratchDir(), 'killed');
  cpSync(dir, killed, { recursive: true });
  reference.close();
  taps.close();
  return [dir, killed];
}

type Damage = [name: string, of: (bytes: Buffer) => Buffer];

const zeroPage = (page: number) => (bytes: Buffer) =>
  Buffer.from(bytes.map((byte, at) => (Math.floor(at / PAGE_BYTES) === page ? 0 : byte)));

const DAMAGES: Damage[] = [
  ['emptied', () => Buffer.alloc(0)],
  ['all zeros', (bytes) => Buffer.alloc(bytes.length)],
  ['first page zero', zeroPage(0)],
  ['second page zero', zeroPage(1)],
  ['third page zero', zeroPage(2)],
  ['cut to 100', (bytes) => bytes.subarray(0, 100)],
  ['cut to 5000', (bytes) => bytes.subarray(0, 5_000)],
  ['half', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ['every byte flipped', (bytes) => bytes.map((byte) => byte ^ 0xff) as Buffer],
  [
    'some bytes flipped',
    (bytes) => bytes.map((byte, at) => (at % 97 ? byte : byte ^ 0x10)) as Buffer,
  ],
];

test('a damaged file never keeps a gate from its start without a word', async () => {
  for (const sound of await soundDirs()) {
    const names = readdirSync(sound).filter((name) => statSync(join(sound, name)).isFile());
    expect(names).toEqual(expect.arrayContaining(['identity.json', 'reference.db', 'taps.db']));
    for (const name of names) {
      for (const [how, damage] of DAMAGES) {
        const dir = join(scratchDir(), 'copy');
        cpSync(sound, dir, { recursive: true });
        writeFileSync(join(dir, name), damage(readFileSync(join(dir, name))), { mode: 0o600 });
        await expectStartOrWords(dir, `${name} ${how}`);
        rmSync(dir, { recursive: true });
      }
    }
  }
}, 60_000);

async function expectStartOrWords(dir: string, what: string): Promise<void> {
  try {
    const { taps, reference } = await open(dir);
    // Nobody is let in by a list that is not whole.
    const { trust, denyHead } = reference;
    expect(trust === null || denyHead.version === LIST.head.version, what).toBe(true);
    taps.close();
    reference.close();
  } catch (error) {
    expect(error, what).toBeInstanceOf(Fault);
    // A store is put aside; who it is only an enrolment can say.
    expect((error as Fault).message, what).toContain('identity.json');
  }
}

test('what has the place of a file or of the quarantine is put aside, or named', async () => {
  const [sound = ''] = await soundDirs();
  for (const name of ['taps.db', 'reference.db', 'deny-x.db']) {
    const dir = join(scratchDir(), 'copy');
    cpSync(sound, dir, { recursive: true });
    rmSync(join(dir, name), { force: true });
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, 'quarantine'), 'a file');
    await expectStartOrWords(dir, name);
    expect(readFileSync(join(dir, 'quarantine'), 'utf8')).toBe('a file');
  }
});
