/** Enrolling a gate at a scripted settlement. */
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeGateToken } from '@stile/crypto/gate-token.ts';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { keyFromSeed, type SigningKey } from '@stile/crypto/sign.ts';
import { lockDataDir } from '@stile/host/data-dir-lock.ts';
import { systemRandom } from '@stile/host/random.ts';
import { scratchDir } from '@stile/host/testing/scratch-folder.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { RootTrust } from '@stile/protocol/root-trust.ts';
import { fingerprintOf } from '@stile/protocol/signed.ts';
import { expect, onTestFinished, test } from 'vitest';
import { enrolGate } from './enrol.ts';
import { keepRoot, readIdentity, readIdentityFile } from './shell/identity.ts';
import { openReferenceStore } from './shell/store/reference-store.ts';
import { openTapsStore } from './shell/store/taps-store.ts';
import {
  makeTrust,
  NOW_S,
  rootKey,
  rootKeyOf,
  signAsRoot,
  statementOf,
  strangerKey,
} from './testing/phone.ts';
import { type Respond, say, startSettlement, TRUST_PATH } from './testing/settlement.ts';

const ENROLMENTS_PATH = '/v1/gates/enrolments';
const GRANTED = {
  gate: 'g1',
  line: 'M1',
  scope: 1,
  operator: 'Test operator',
};

const SECRET = new Uint8Array(32).fill(9);

/** Grants what is asked for, signed; `lie` may change what, and by which key. */
function granted(
  lie: { gate?: string; key?: SigningKey; publicKey?: string; roots?: SigningKey[] } = {},
): Respond {
  return (response, request) => {
    const { publicKey } = JSON.parse(String(request.body));
    const { line, scope, operator } = GRANTED;
    const { gate = GRANTED.gate } = lie;
    const names = { gate, line, scope, operator, publicKey: lie.publicKey ?? publicKey };
    const payload = { stile: 'gate-enrolment/1', ...names, issuedAtS: NOW_S };
    const { key = rootKey, roots = [rootKey] } = lie;
    const words = roots.map((root) => statementOf(root));
    const signed = signAsRoot('stile-gate-enrolment+jws', payload, { key });
    void Promise.all([signed, ...words]).then(([identity, ...statements]) =>
      say(201, JSON.stringify({ ...GRANTED, statements, identity }))(response, request),
    );
  };
}

async function settlementThat(answer: Respond) {
  const settlement = await startSettlement();
  settlement.responses.set(ENROLMENTS_PATH, answer);
  const trust = await signAsRoot('stile-trust-list+jws', makeTrust());
  settlement.responses.set(TRUST_PATH, say(200, trust));
  const dataDir = join(scratchDir(), 'data');
  const token = writeGateToken(await fingerprintOf(rootKeyOf(rootKey)), SECRET);
  const enrol = () => enrolGate({ dataDir, settlementUrl: settlement.url, token });
  return { ...settlement, dataDir, enrol, token };
}

const KNOWN = { root: rootKeyOf(rootKey), generation: 1, number: 1, floor: 0, earlier: [] };

test('a box proves its new key, becomes the gate it is told to be, and has its lists', async () => {
  const { requests, dataDir, enrol } = await settlementThat(granted());
  const enrolled = await enrol();
  expect(enrolled).toEqual({ gate: 'g1', line: 'M1', trustVersion: 5, denyVersion: 0 });
  const { tokenKey, publicKey, proof } = JSON.parse(String(requests[0]?.body));
  expect(tokenKey).toBe(toHex(keyFromSeed(SECRET).publicKey));
  // The secret of the token is nowhere in what was sent.
  const sent = String(requests[0]?.body);
  expect(sent).not.toContain(toHex(SECRET));
  expect(sent).not.toContain(Buffer.from(SECRET).toString('base64url'));
  const message = proofMessage('enrol-gate', { challenge: tokenKey, subject: publicKey });
  const [key, signature] = [fromHex(publicKey, 32), fromHex(proof, 64)];
  if (key === undefined || signature === undefined) throw new Error('both are hex');
  expect(createNodeVerify()({ algorithm: 'Ed25519', publicKey: key, message, signature })).toBe(
    true,
  );

  const identity = readIdentity(dataDir);
  expect(identity).toMatchObject({ gate: 'g1', line: 'M1', scope: 1, root: KNOWN });
  expect(toHex(identity.key.publicKey)).toBe(publicKey);
  expect(String(requests[0]?.body)).not.toContain(identity.key.privateJwk.d);
  expect(statSync(join(dataDir, 'identity.json')).mode & 0o077).toBe(0);
  expect(statSync(dataDir).mode & 0o077).toBe(0);
  const reference = await openReferenceStore(dataDir, new RootTrust(identity.root));
  onTestFinished(() => reference.close());
  expect(reference.trust?.version).toBe(5);
});

test("a directory that is a gate's gets a new key of this gate, and is never another's", async () => {
  const { requests, responses, dataDir, enrol } = await settlementThat(granted());
  await enrol();
  const { key } = readIdentity(dataDir);
  const before = readFileSync(join(dataDir, 'identity.json'));
  requests.length = 0;
  for (const refusing of [say(400, '{"message":"of gate g2"}'), granted({ gate: 'g2' })]) {
    responses.set(ENROLMENTS_PATH, refusing);
    await expect(enrol()).rejects.toThrow(/of gate g2|for gate g2/);
    expect(readFileSync(join(dataDir, 'identity.json'))).toEqual(before);
  }
  expect(requests.map(({ body }) => JSON.parse(String(body)).gate)).toEqual(['g1', 'g1']);
  responses.set(ENROLMENTS_PATH, granted());
  await enrol();
  expect(readIdentity(dataDir).gate).toBe('g1');
  expect(readIdentity(dataDir).key.privateJwk.x).not.toBe(key.privateJwk.x);
});

test('without an identity it is the log that says whose the directory is', async () => {
  const { requests, responses, dataDir, enrol } = await settlementThat(granted());
  await enrol();
  const limits = { quotaMb: 64, unconfirmedMax: 100, ringMax: 0 };
  const log = {
    file: join(dataDir, 'taps.db'),
    gate: 'g1',
    boot: '0000aaaa',
    random: systemRandom,
  };
  openTapsStore({ ...log, ...limits }).close();
  rmSync(join(dataDir, 'identity.json'));
  requests.length = 0;
  responses.set(ENROLMENTS_PATH, granted({ gate: 'g2' }));
  await expect(enrol()).rejects.toMatchObject({ code: 'ANSWER_REFUSED' });
  expect(JSON.parse(String(requests[0]?.body)).gate).toBe('g1');
  expect(readdirSync(dataDir)).not.toContain('identity.json');
});

test('the gate is not enrolled anew while it runs', async () => {
  const { requests, dataDir, enrol } = await settlementThat(granted());
  await enrol();
  requests.length = 0;
  onTestFinished(lockDataDir(dataDir, 'gate'));
  await expect(enrol()).rejects.toMatchObject({ code: 'CONFLICT' });
  expect(requests).toEqual([]);
});

test.each<[string, Respond, object]>([
  [
    'a token that is not good',
    say(403, '{"message":"token used"}'),
    { code: 'UPLINK_REFUSED', message: expect.stringContaining('403): token used') },
  ],
  [
    'a server that fails',
    say(500, 'oops'),
    { code: 'UPLINK_REFUSED', message: expect.stringContaining('500') },
  ],
  ['a page of a captive portal', say(200, '<html>'), { code: 'UPLINK_REFUSED' }],
  [
    'who answers with a root key of their own',
    granted({ key: strangerKey, roots: [strangerKey] }),
    { code: 'ANSWER_REFUSED', message: expect.stringContaining('Is this the address') },
  ],
  [
    'who puts a key of their own beside the true one',
    granted({ key: strangerKey, roots: [strangerKey, rootKey] }),
    { code: 'ANSWER_REFUSED' },
  ],
  [
    'an identity of another box',
    granted({ publicKey: 'a'.repeat(64) }),
    { code: 'ANSWER_REFUSED' },
  ],
  [
    'an answer with a part missing',
    say(200, JSON.stringify({ ...GRANTED, statements: [] })),
    { code: 'UPLINK_REFUSED' },
  ],
])('%s enrols nothing', async (_name, answer, expected) => {
  const { dataDir, enrol } = await settlementThat(answer);
  await expect(enrol()).rejects.toMatchObject(expected);
  expect(() => readIdentity(dataDir)).toThrow('this gate is not enrolled');
});

test('a settlement that is not there is said to be so', async () => {
  const { enrol, stop } = await settlementThat(say(500));
  await stop();
  await expect(enrol()).rejects.toMatchObject({ code: 'UPLINK_UNREACHABLE' });
});

test.each([
  ['no JSON', 'half a file {'],
  ['something else', '{"gate":"g1"}'],
])('an identity that is %s is damaged, not believed', async (_name, text) => {
  const dir = scratchDir();
  writeFileSync(join(dir, 'identity.json'), text);
  expect(() => readIdentity(dir)).toThrow('Enrol the gate again');
});

test.each([
  ['cut', (whole: string) => whole.slice(0, 40)],
  ['emptied', () => ''],
])(
  'an identity that was %s goes aside at a new enrolment, and the waiting taps stay',
  async (_name, damage) => {
    const { dataDir, url, token, enrol, responses } = await settlementThat(granted());
    await enrol();
    const identity = join(dataDir, 'identity.json');
    const damaged = damage(readFileSync(identity, 'utf8'));
    writeFileSync(identity, damaged);
    writeFileSync(join(dataDir, 'taps.db'), 'taps that wait');
    responses.set(ENROLMENTS_PATH, say(403, '{"message":"token used"}'));
    await expect(enrol()).rejects.toMatchObject({ code: 'UPLINK_REFUSED' });
    expect(readFileSync(identity, 'utf8')).toBe(damaged);
    responses.set(ENROLMENTS_PATH, granted());
    const { damagedIdentityIn = '' } = await enrolGate({ dataDir, settlementUrl: url, token });
    expect(readFileSync(join(damagedIdentityIn, 'identity.json'), 'utf8')).toBe(damaged);
    expect(readdirSync(damagedIdentityIn)).toEqual(['identity.json']);
    expect(readIdentity(dataDir).gate).toBe('g1');
    expect(readFileSync(join(dataDir, 'taps.db'), 'utf8')).toBe('taps that wait');
  },
);

test('an identity or a key that others may read is refused with what to do', async () => {
  const { dataDir, url, token } = await settlementThat(granted());
  const keyFile = join(scratchDir(), 'gate-key');
  await enrolGate({ dataDir, settlementUrl: url, token, keyFile });
  const identity = join(dataDir, 'identity.json');
  for (const [file, mode] of [
    [identity, 0o644],
    [identity, 0o640],
    [identity, 0o000],
    [keyFile, 0o644],
  ] as const) {
    chmodSync(file, mode);
    expect(() => readIdentity(dataDir, keyFile), `${file} ${mode}`).toThrow();
    // Whoever may read everything sees it by the mode.
    if (process.getuid?.() === 0 || mode !== 0) {
      expect(() => readIdentity(dataDir, keyFile)).toThrow(`chmod 600 ${file}`);
    }
    chmodSync(file, 0o600);
  }
  chmodSync(keyFile, 0o440);
  expect(readIdentity(dataDir, keyFile).gate).toBe('g1');
});

test('a key in a file of its own is nowhere in the data directory, and the gate starts with it only', async () => {
  const { dataDir, url, token } = await settlementThat(granted());
  const keyFile = join(scratchDir(), 'gate-key');
  await enrolGate({ dataDir, settlementUrl: url, token, keyFile });
  const { d } = JSON.parse(readFileSync(keyFile, 'utf8'));
  expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  for (const name of readdirSync(dataDir)) {
    expect(readFileSync(join(dataDir, name)).includes(d), name).toBe(false);
  }
  const { key } = readIdentity(dataDir, keyFile);
  expect(key.privateJwk.x).toBe(readIdentityFile(dataDir).key.x);
  expect(() => readIdentity(dataDir)).toThrow('say where, with --key-file');
  // Another root is kept beside it, and the key stays where it is.
  keepRoot(dataDir, { ...readIdentityFile(dataDir).root, floor: 3 });
  expect(readIdentity(dataDir, keyFile)).toMatchObject({ root: { floor: 3 } });
  expect(readFileSync(join(dataDir, 'identity.json')).includes(d)).toBe(false);
  await expect(enrolGate({ dataDir, settlementUrl: url, token, keyFile })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('name a file that is not there'),
  });
  const other = join(scratchDir(), 'other-key');
  writeFileSync(other, JSON.stringify(strangerKey.privateJwk));
  expect(() => readIdentity(dataDir, other)).toThrow('is the key of another gate');
  expect(() => readIdentity(dataDir, '/nowhere')).toThrow('holds no key of a gate');
});

test('the key lies as systemd gives a credential: only to be read, in a folder that nobody writes to', async () => {
  const { dataDir, url, token } = await settlementThat(granted());
  const folder = scratchDir();
  const keyFile = join(folder, 'gate-key');
  await enrolGate({ dataDir, settlementUrl: url, token, keyFile });
  const before = readFileSync(keyFile);
  chmodSync(keyFile, 0o400);
  chmodSync(folder, 0o500);
  try {
    expect(readIdentity(dataDir, keyFile).gate).toBe('g1');
    keepRoot(dataDir, { ...readIdentityFile(dataDir).root, floor: 3 });
    expect(readIdentity(dataDir, keyFile)).toMatchObject({ root: { floor: 3 } });
    expect(readdirSync(folder)).toEqual(['gate-key']);
    expect(readFileSync(keyFile)).toEqual(before);
    expect(statSync(keyFile).mode & 0o777).toBe(0o400);
  } finally {
    chmodSync(folder, 0o700);
  }
});
