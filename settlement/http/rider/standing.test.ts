/**
 * Who may enrol, what a pass then stands for, and how money comes in: with the settings that a new settlement
 * has, and with those that open it.
 */
import { generateKey, type SigningKey } from '@stile/crypto/sign.ts';
import { toHex } from '@stile/protocol/bytes.ts';
import type { EnrolledRider, Rider } from '@stile/protocol/http/rider-api.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import { afterEach, describe, expect, test } from 'vitest';
import type { SettlementOptions } from '../../config.ts';
import type { SettlementConfig } from '../../main.ts';
import { ScriptedTown } from '../../testing/town.ts';
import type { TopUpProvider } from '../../work/top-up-provider.ts';

let town: ScriptedTown | undefined;
afterEach(async () => {
  await town?.close();
  town = undefined;
});

/** As a new settlement is, but for these settings. */
async function open(
  settings: SettlementOptions = {},
  config: Partial<SettlementConfig> = {},
): Promise<ScriptedTown> {
  const closed = { enrolment: {}, offline: {}, topUps: {} };
  town = await ScriptedTown.open({ settings: { ...closed, ...settings }, config });
  return town;
}

async function enrol(
  at: ScriptedTown,
  { invite, key }: { invite?: string; key?: SigningKey } = {},
) {
  const device = key ?? generateKey('Ed25519');
  const publicKey = toHex(device.publicKey);
  const proof = await at.prove(device, { purpose: 'enrol-rider', subject: publicKey });
  const given = invite === undefined ? {} : { invite };
  const body = { algorithm: 'Ed25519', publicKey, ...proof, ...given };
  const { status, body: answer } = await at.ask('/v1/riders', { body });
  const { code = '', ...rider } = answer as EnrolledRider & { code?: string };
  return { result: `${status} ${code}`.trim(), rider, key: device };
}

async function invite(at: ScriptedTown, body: { kind?: string; person?: string } = {}) {
  return (await at.operate<{ invite: string }>('POST', 'invites', { body })).invite;
}

function passOf(hex: string) {
  const reading = readSignedPass(Buffer.from(hex, 'hex'));
  if (!reading.ok) throw new Error('settlement issues passes');
  const { allowance, ceiling, lifetimeMin } = reading.value.pass;
  return { allowance, ceiling, lifetimeMin };
}

type Enrolled = Awaited<ReturnType<typeof enrol>>;

async function renew(at: ScriptedTown, { rider, key }: Enrolled) {
  const { account, serial } = rider;
  const proof = await at.prove(key, { purpose: 'renew-pass', subject: `${account}/${serial}` });
  const { status, body } = await at.ask('/v1/passes', { body: { account, serial, ...proof } });
  const { code = '', pass = '' } = body as { code?: string; pass?: string };
  return { result: `${status} ${code}`.trim(), pass };
}

async function topUp(
  at: ScriptedTown,
  { by, cents, id = 'k' }: { by: Enrolled; cents: number; id?: string },
) {
  const { rider } = by;
  const body = { amountCents: cents, idempotencyKey: id };
  const answer = await at.ask('/v1/riders/me/top-ups', { body, token: rider.session.token });
  return `${answer.status} ${(answer.body as { code?: string }).code ?? ''}`.trim();
}

async function read(at: ScriptedTown, { rider }: Enrolled): Promise<Rider> {
  return await at.get<Rider>('/v1/riders/me', { token: rider.session.token });
}

describe('who may enrol', () => {
  test('a new settlement takes nobody without an invitation', async () => {
    expect((await enrol(await open())).result).toBe('403 INVITE_NEEDED');
  });

  test('an invitation makes one account, once', async () => {
    const at = await open();
    const code = await invite(at);
    expect((await enrol(at, { invite: code })).result).toBe('201');
    expect((await enrol(at, { invite: code })).result).toBe('403 INVITE_REFUSED');
    expect((await enrol(at, { invite: 'made up' })).result).toBe('403 INVITE_REFUSED');
    const late = await invite(at);
    at.clock.advance(14 * 86_400_000);
    expect((await enrol(at, { invite: late })).result).toBe('403 INVITE_REFUSED');
  });

  test.each([
    ['deposit', { invite: 403, deposit: 201, verified: 201 }],
    ['verified', { invite: 403, deposit: 403, verified: 201 }],
  ] as const)('policy %s wants an invitation that says so', async (policy, statuses) => {
    const at = await open({ enrolment: { policy } });
    for (const [kind, status] of Object.entries(statuses)) {
      const { result } = await enrol(at, { invite: await invite(at, { kind }) });
      expect(result, kind).toMatch(new RegExp(`^${status}`));
    }
  });

  test('a program of its own may decide', async () => {
    const at = await open(
      {},
      {
        enrolmentPolicy: async ({ invite: code }) =>
          code === 'from elsewhere'
            ? { kind: 'accepted', enrolledBy: 'verified', personHash: 'p', inviteHash: null }
            : { kind: 'refused', code: 'INVITE_REFUSED', message: 'not known there' },
      },
    );
    expect((await enrol(at, { invite: 'from elsewhere' })).result).toBe('201');
    expect((await enrol(at)).result).toBe('403 INVITE_REFUSED');
  });

  test('who is denied does not begin anew: neither the key nor the person', async () => {
    const at = await open();
    const person = 'vera';
    const first = await enrol(at, { invite: await invite(at, { person }) });
    const denial = { account: first.rider.account };
    await at.operate('POST', 'denials', { body: { ...denial, note: 'lent it out' } });
    const again = await enrol(at, { invite: await invite(at, { person }), key: first.key });
    expect(again.result).toBe('403 ACCOUNT_DENIED');
    expect((await enrol(at, { invite: await invite(at, { person }) })).result).toBe(
      '403 PERSON_DENIED',
    );
    const other = await enrol(at, { invite: await invite(at, { person: 'wanda' }) });
    expect(other.result).toBe('201');
    await at.operate('DELETE', 'denials', { body: denial });
    expect((await enrol(at, { invite: await invite(at, { person }) })).result).toBe('201');
  });

  test('a phone that is denied by its serial opens no session, and its open ones end', async () => {
    const at = await open({ enrolment: { policy: 'open' } });
    const rider = await at.addRider();
    const me = async (token: string) => (await at.ask('/v1/riders/me', { token })).status;
    const denial = { account: rider.account, serial: 1 };
    expect(await me(rider.session)).toBe(200);
    await at.operate('POST', 'denials', { body: { ...denial, note: 'lost' } });
    expect(await me(rider.session)).toBe(401);
    await expect(at.openSession(rider)).rejects.toThrow('blocked by the operator');
    await at.operate('DELETE', 'denials', { body: denial });
    const { token } = await at.openSession(rider);
    // An account that is denied as a whole still sees what it owes.
    await at.operate('POST', 'denials', { body: { account: rider.account, note: 'owes' } });
    expect(await me(token)).toBe(200);
    expect(await me((await at.openSession(rider)).token)).toBe(200);
  });

  test('what an operator names and is not there is said so', async () => {
    const at = await open({ enrolment: { policy: 'open' } });
    const asked = { token: at.operatorToken, method: 'DELETE' as const };
    const nobody = await at.ask('/v1/operator/accounts/00000000deadbeef/payment-seeds', asked);
    expect(nobody).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    await at.operate('POST', 'gates', { body: { gate: 'G9', line: 'M1' } });
    const revoked = await at.ask('/v1/operator/gates/G9/revocation', {
      token: at.operatorToken,
      body: {},
    });
    expect(revoked).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  test('from one address as many as the settings say', async () => {
    const enrolment = { policy: 'open', perAddressPerHour: 3 } as const;
    const at = await open({ enrolment });
    const results: string[] = [];
    // What makes no account keeps nobody out.
    for (let n = 0; n < 25; n += 1) {
      expect((await at.ask('/v1/riders', { body: {} })).status).toBe(400);
    }
    for (let n = 0; n < 5; n += 1) results.push((await enrol(at)).result);
    expect(results).toEqual([
      '201',
      '201',
      '201',
      '429 TOO_MANY_REQUESTS',
      '429 TOO_MANY_REQUESTS',
    ]);
    // A restart forgets the tries, not the accounts.
    await at.stop();
    town = await ScriptedTown.open({ dataDir: at.dataDir, settings: { enrolment } });
    const again = town;
    expect((await enrol(again)).result).toBe('429 TOO_MANY_REQUESTS');
    again.clock.advance(3_600_000);
    expect((await enrol(again)).result).toBe('201');
  });
});

describe('what a pass stands for', () => {
  const sandbox = { enrolment: { policy: 'open' }, topUps: { mode: 'sandbox' } } as const;

  test('nothing behind it: no offline rides, and words that say so', async () => {
    const at = await open(sandbox);
    const rider = await enrol(at);
    expect(passOf(rider.rider.pass).allowance).toBe(0);
    const nothing = { allowance: 0, reason: 'NOTHING_BEHIND' };
    expect((await read(at, rider)).offline).toEqual(nothing);
    expect((await renew(at, rider)).result).toBe('409 NOTHING_BEHIND');
  });

  test('money behind it: as many rides as it pays, then all of them', async () => {
    const at = await open(sandbox);
    const rider = await enrol(at);
    await topUp(at, { by: rider, cents: 1_000, id: 'first' });
    expect((await read(at, rider)).offline).toEqual({ allowance: 3, reason: null });
    const some = { allowance: 3, ceiling: 1_000, lifetimeMin: 1_440 };
    expect(passOf((await renew(at, rider)).pass)).toEqual(some);
    await topUp(at, { by: rider, cents: 9_000, id: 'second' });
    const all = { allowance: 12, ceiling: 3_500, lifetimeMin: 10_080 };
    expect(passOf((await renew(at, rider)).pass)).toEqual(all);
  });

  test('credit is for the kind of account that it is given to', async () => {
    const creditCents = { verified: 600 };
    const at = await open({ ...sandbox, offline: { creditCents } });
    const known = await enrol(at, { invite: await invite(at, { kind: 'verified' }) });
    expect(passOf(known.rider.pass)).toMatchObject({ allowance: 2, ceiling: 600 });
    expect(passOf((await enrol(at)).rider.pass).allowance).toBe(0);
  });

  test('renewing again and again gives no end of rides', async () => {
    const at = await open({ ...sandbox, offline: { issuesMax: 3 } });
    const rider = await enrol(at);
    await topUp(at, { by: rider, cents: 1_000 });
    expect((await renew(at, rider)).result).toBe('200');
    expect((await renew(at, rider)).result).toBe('200');
    expect((await renew(at, rider)).result).toBe('409 PASSES_OPEN');
    at.clock.advance(86_401_000);
    expect((await renew(at, rider)).result).toBe('200');
  });
});

describe('how money comes in', () => {
  const enrolment = { policy: 'open' } as const;

  test('not at all, unless the settings say how', async () => {
    const at = await open({ enrolment });
    const rider = await enrol(at);
    expect(await topUp(at, { by: rider, cents: 1_000 })).toBe('403 TOP_UPS_OFF');
    expect((await read(at, rider)).balanceCents).toBe(0);
    expect(await at.get('/v1/health')).toMatchObject({ topUps: 'off' });
  });

  test('a provider is asked until it says yes or no, and pays in once', async () => {
    const answers: (string | Error)[] = ['UNKNOWN', new Error('no network'), 'PAID'];
    const asked: unknown[] = [];
    const topUpProvider: TopUpProvider = {
      async pay({ key, amountCents, currency }) {
        asked.push([key, amountCents, currency]);
        const answer = answers.shift();
        if (answer instanceof Error || answer === undefined) throw answer;
        return answer as 'PAID';
      },
    };
    const at = await open({ enrolment }, { topUpProvider });
    const rider = await enrol(at);
    expect(await at.get('/v1/health')).toMatchObject({ topUps: 'provider' });
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('503 TOP_UP_UNKNOWN');
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('503 TOP_UP_UNKNOWN');
    expect((await read(at, rider)).balanceCents).toBe(0);
    expect(await topUp(at, { by: rider, cents: 701 })).toBe('409 CONFLICT');
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('200');
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('200');
    expect(asked).toEqual([
      ['k', 700, 'EUR'],
      ['k', 700, 'EUR'],
      ['k', 700, 'EUR'],
    ]);
    expect((await read(at, rider)).balanceCents).toBe(700);
  });

  test('a no is for good: no money moves under this key', async () => {
    let asked = 0;
    const topUpProvider: TopUpProvider = {
      async pay() {
        asked += 1;
        return 'FAILED';
      },
    };
    const at = await open({ enrolment }, { topUpProvider });
    const rider = await enrol(at);
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('409 TOP_UP_FAILED');
    expect(await topUp(at, { by: rider, cents: 700 })).toBe('409 TOP_UP_FAILED');
    expect(asked).toBe(1);
    expect((await read(at, rider)).balanceCents).toBe(0);
  });

  test.each<[string, SettlementOptions, Partial<SettlementConfig>, boolean]>([
    ['on this machine', {}, {}, true],
    ['on every address', {}, { host: '0.0.0.0' }, false],
    ['behind a proxy', { http: { trustedProxies: ['127.0.0.1'] } }, {}, false],
    ['under a public name', { http: { publicUrl: 'https://pay.example' } }, {}, false],
    ['under a name of this machine', { http: { publicUrl: 'http://localhost:8080' } }, {}, true],
  ])('made-up money %s', async (_name, settings, config, starts) => {
    const topUps = { mode: 'sandbox' } as const;
    const opening = open({ topUps, ...settings }, config);
    if (starts) await expect(opening).resolves.toBeDefined();
    else await expect(opening).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    const meant = { topUps: { ...topUps, sandboxBeyondLoopback: true }, ...settings };
    await town?.close();
    await expect(open(meant, config)).resolves.toBeDefined();
  });
});
