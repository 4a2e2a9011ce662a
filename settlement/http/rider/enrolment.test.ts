/** An enrolment whose response is lost: the same key asks again, and it is its own account that it hears of. */
import { generateKey, type SigningKey } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import type { EnrolledRider } from '@stile/protocol/http/rider-api.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import { afterEach, expect, test } from 'vitest';
import type { SettlementOptions } from '../../config.ts';
import type { SettlementConfig } from '../../main.ts';
import { ScriptedTown, START_MS } from '../../testing/town.ts';

let town: ScriptedTown;
afterEach(async () => {
  await town.close();
});

async function open(settings: SettlementOptions = {}, config: Partial<SettlementConfig> = {}) {
  town = await ScriptedTown.open({ settings, config });
}

async function bodyOf(key: SigningKey) {
  const publicKey = toHex(key.publicKey);
  const proof = await town.prove(key, { purpose: 'enrol-rider', subject: publicKey });
  return { algorithm: key.algorithm, publicKey, ...proof };
}

async function enrol(key: SigningKey, given: { invite?: string } = {}) {
  const { status, body } = await town.ask('/v1/riders', {
    body: { ...(await bodyOf(key)), ...given },
  });
  const { code = '', ...rider } = body as EnrolledRider & { code?: string };
  return { result: `${status} ${code}`.trim(), ...rider };
}

const invite = async () =>
  (await town.operate<{ invite: string }>('POST', 'invites', { body: {} })).invite;

function passOf({ pass: hex }: { pass: string }) {
  const reading = readSignedPass(Buffer.from(hex, 'hex'));
  if (!reading.ok) throw new Error('settlement issues passes');
  return reading.value.pass;
}

async function inviteIsOpen(code: string): Promise<boolean> {
  return (await enrol(generateKey('Ed25519'), { invite: code })).result === '201';
}

test.each(['Ed25519', 'P-256'] as const)(
  'a %s key that was not heard is answered again, about the same account',
  async (algorithm) => {
    await open({ enrolment: { policy: 'invite' } });
    const key = generateKey(algorithm);
    const code = await invite();
    // Nobody hears what is said to this.
    await town.ask('/v1/riders', { body: { ...(await bodyOf(key)), invite: code } });
    town.clock.advance(5_000);
    const again = await enrol(key, { invite: code });
    expect(again).toMatchObject({ result: '201', serial: 1 });
    expect(passOf(again)).toMatchObject({
      account: again.account,
      serial: 1,
      issuedAtS: (START_MS + 5_000) / 1000,
    });
    const { token } = again.session;
    expect(await town.get('/v1/riders/me', { token })).toMatchObject({
      account: again.account,
      passes: [{ serial: 1 }],
    });
    // Nor does it need one any more.
    expect(await enrol(key)).toMatchObject({ result: '201', account: again.account, serial: 1 });
  },
);

test('no invitation is used up for it, and the address is not counted', async () => {
  await open({ enrolment: { policy: 'invite', perAddressPerHour: 2 } });
  const key = generateKey('Ed25519');
  const { account } = await enrol(key, { invite: await invite() });
  const other = await invite();
  for (let n = 0; n < 3; n += 1) {
    expect(await enrol(key, { invite: other })).toMatchObject({ result: '201', account });
  }
  expect(await inviteIsOpen(other)).toBe(true);
  expect(await enrol(key)).toMatchObject({ result: '201', account });
  expect((await enrol(generateKey('Ed25519'), { invite: await invite() })).result).toBe(
    '429 TOO_MANY_REQUESTS',
  );
});

test('a key that came to an account by a recovery gets that one', async () => {
  await open();
  const first = await town.addRider();
  const key = generateKey('P-256');
  await town.recover(await first.drawCode(), key);
  expect(await enrol(key)).toMatchObject({ result: '201', account: first.account, serial: 2 });
  // The one before it has ended, and makes no other account either.
  expect((await enrol(first.key)).result).toBe('403 PASS_ENDED');
});

test('a phone or an account that the operator has denied is refused, as at a renewal', async () => {
  await open();
  const { key, account } = await town.addRider();
  for (const denial of [{ account }, { account, serial: 1 }]) {
    await town.operate('POST', 'denials', { body: { ...denial, note: 'lent it out' } });
    expect((await enrol(key)).result).toBe('403 ACCOUNT_DENIED');
    await town.operate('DELETE', 'denials', { body: denial });
  }
  expect(await enrol(key)).toMatchObject({ result: '201', account });
});

test('who owes gets a pass without rides, and pays what is owed', async () => {
  await open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.send(gate);
  await town.settled();
  const again = await enrol(rider.key);
  expect(passOf(again).allowance).toBe(0);
  const body = { amountCents: 250, idempotencyKey: 'k' };
  await town.get('/v1/riders/me/top-ups', { body, token: again.session.token });
  expect((await rider.money()).denied).toBe(false);
  expect(passOf(await enrol(rider.key)).allowance).toBeGreaterThan(0);
});

test('however often it asks, no more passes with rides are good than may be', async () => {
  await open({ offline: { creditCents: { open: 100_000 }, issuesMax: 2 } });
  const key = generateKey('Ed25519');
  const allowances: number[] = [];
  for (let n = 0; n < 4; n += 1) allowances.push(passOf(await enrol(key)).allowance);
  expect(allowances).toEqual([12, 12, 0, 0]);
});

test('the same key twice at once is one account', async () => {
  const waiting: (() => void)[] = [];
  const both = async () => {
    // Both are past the look for the key before either is stored.
    await new Promise<void>((go) => {
      waiting.push(go);
      if (waiting.length === 2) for (const one of waiting) one();
    });
    return { kind: 'accepted', enrolledBy: 'open', personHash: null, inviteHash: null } as const;
  };
  await open({}, { enrolmentPolicy: both });
  const key = generateKey('Ed25519');
  const [one, other] = await Promise.all([enrol(key), enrol(key)]);
  expect([one.result, other.result]).toEqual(['201', '201']);
  expect(other.account).toBe(one.account);
});
