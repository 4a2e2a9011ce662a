/** A phone's way through the API: enrol, session, renew, pay; and what it is told when it may not. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { createNodeVerify } from '@stile/crypto/node-verify.ts';
import { generateKey } from '@stile/crypto/sign.ts';
import { fromHex, toHex } from '@stile/protocol/bytes.ts';
import { proofMessage } from '@stile/protocol/proof.ts';
import { readSignedPass } from '@stile/protocol/transit-code.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ScriptedRider, ScriptedTown, START_MS } from '../../testing/town.ts';

let town: ScriptedTown;
beforeEach(async () => {
  town = await ScriptedTown.open();
});
afterEach(async () => {
  await town.close();
});

async function codeOf(answer: Promise<{ status: number; body: unknown }>) {
  const { status, body } = await answer;
  return `${status} ${(body as { code?: string }).code ?? ''}`.trim();
}

describe('enrolment', () => {
  test.each(['Ed25519', 'P-256'] as const)(
    'a %s key gets an account and a pass',
    async (algorithm) => {
      const rider = await town.addRider(algorithm);
      const pass = readSignedPass(rider.pass);
      expect(pass.ok && pass.value.pass).toMatchObject({
        suite: algorithm === 'Ed25519' ? 0 : 1,
        issuer: 1,
        issuerKeyId: 1,
        serial: 1,
        account: rider.account,
        lifetimeMin: 10_080,
        codeLifetimeS: 60,
        ceiling: 3500,
        allowance: 12,
        scope: 1,
        product: 1,
        issuedAtS: START_MS / 1000,
      });
      expect(await rider.money()).toEqual({ balanceCents: 0, debtCents: 0, denied: false });
    },
  );

  async function enrol(change: Record<string, unknown> = {}, key = generateKey('Ed25519')) {
    const publicKey = toHex(key.publicKey);
    const given = await town.prove(key, {
      purpose: 'enrol-rider',
      subject: String(change.publicKey ?? publicKey),
    });
    const body = { algorithm: 'Ed25519', publicKey, ...given, ...change };
    return await town.ask('/v1/riders', { body });
  }

  test.each<[string, Record<string, unknown>, string]>([
    ['a proof that is not by the key', { proof: 'b'.repeat(128) }, '403 PROOF_REFUSED'],
    ['a challenge that was never made', { challenge: 'x' }, '403 PROOF_REFUSED'],
    ['a key of small order', { publicKey: `01${'0'.repeat(62)}` }, '403 PROOF_REFUSED'],
    ['a key of the other kind', { algorithm: 'P-256' }, '400 REQUEST_INVALID'],
    ['an unknown algorithm', { algorithm: 'RSA' }, '400 REQUEST_INVALID'],
    ['no proof', { proof: undefined }, '400 REQUEST_INVALID'],
  ])('%s is refused', async (_name, change, answer) => {
    expect(await codeOf(enrol(change))).toBe(answer);
  });

  test('a key with a part of small order is refused although its proof holds', async () => {
    const { publicKey, sign } = mixedOrderKey();
    const { challenge } = await town.get<{ challenge: string }>('/v1/challenges', { body: {} });
    const message = proofMessage('enrol-rider', { challenge, subject: toHex(publicKey) });
    const proof = toHex(sign(message));
    const claim = { algorithm: 'Ed25519', publicKey, message, signature: sign(message) } as const;
    expect(createNodeVerify()(claim)).toBe(true);
    const body = { algorithm: 'Ed25519', publicKey: toHex(publicKey), challenge, proof };
    expect(await codeOf(town.ask('/v1/riders', { body }))).toBe('400 KEY_REFUSED');
  });

  test('a challenge is good once', async () => {
    const key = generateKey('Ed25519');
    const publicKey = toHex(key.publicKey);
    const given = await town.prove(key, { purpose: 'enrol-rider', subject: publicKey });
    const body = { algorithm: 'Ed25519', publicKey, ...given };
    expect(await codeOf(town.ask('/v1/riders', { body }))).toBe('201');
    expect(await codeOf(town.ask('/v1/riders', { body }))).toBe('403 PROOF_REFUSED');
  });

  test('a challenge is good for a short time', async () => {
    const { challenge } = await town.get<{ challenge: string }>('/v1/challenges', { body: {} });
    town.clock.advance(120_000);
    const key = generateKey('Ed25519');
    const publicKey = toHex(key.publicKey);
    const proof = toHex(key.sign(proofMessage('enrol-rider', { challenge, subject: publicKey })));
    const body = { algorithm: 'Ed25519', publicKey, challenge, proof };
    expect(await codeOf(town.ask('/v1/riders', { body }))).toBe('403 PROOF_REFUSED');
  });
});

describe('sessions and renewal', () => {
  let rider: ScriptedRider;
  beforeEach(async () => {
    rider = await town.addRider();
  });

  type Change = { proof?: string; account?: string };

  async function ask(
    url: '/v1/sessions' | '/v1/passes',
    { purpose, ...change }: Change & { purpose: 'open-session' | 'renew-pass' },
  ) {
    const { account, serial, key } = rider;
    const proof = await town.prove(key, { purpose, subject: `${account}/${serial}` });
    return await town.ask(url, { body: { account, serial, ...proof, ...change } });
  }

  test('the key of the pass opens a session, which ends', async () => {
    const { status, body } = await ask('/v1/sessions', { purpose: 'open-session' });
    expect(status).toBe(200);
    const { token } = body as { token: string };
    expect((await town.ask('/v1/riders/me', { token })).status).toBe(200);
    town.clock.advance(31 * 60_000);
    expect((await town.ask('/v1/riders/me', { token })).status).toBe(401);
  });

  test('a proof serves its own purpose and its own pass only', async () => {
    expect(await codeOf(ask('/v1/sessions', { purpose: 'renew-pass' }))).toBe('403 PROOF_REFUSED');
    expect(await codeOf(ask('/v1/passes', { purpose: 'open-session' }))).toBe('403 PROOF_REFUSED');
    const other = await town.addRider();
    const change = { account: other.account };
    expect(await codeOf(ask('/v1/sessions', { purpose: 'open-session', ...change }))).toBe(
      '403 PROOF_REFUSED',
    );
  });

  test('an unknown pass is refused in the words of a wrong key', async () => {
    const wrong = await ask('/v1/sessions', { purpose: 'open-session', proof: 'c'.repeat(128) });
    const unknown = await ask('/v1/sessions', { purpose: 'open-session', account: 'f'.repeat(16) });
    expect(unknown).toMatchObject({ status: wrong.status, body: wrong.body as object });
  });

  test('a renewed pass has the same serial and key, and lasts from now', async () => {
    town.clock.advance(86_400_000);
    const { body } = await ask('/v1/passes', { purpose: 'renew-pass' });
    const renewed = readSignedPass(fromHex((body as { pass: string }).pass) ?? new Uint8Array());
    const before = readSignedPass(rider.pass);
    if (!renewed.ok || !before.ok) throw new Error('both are passes');
    const { issuedAtS } = before.value.pass;
    expect(renewed.value.pass).toEqual({ ...before.value.pass, issuedAtS: issuedAtS + 86_400 });
  });

  test('who owes is told how much, and may renew once it is paid', async () => {
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    await town.send(gate);
    await town.settled();
    const refused = await ask('/v1/passes', { purpose: 'renew-pass' });
    expect(refused).toMatchObject({ status: 403, body: { code: 'ACCOUNT_DENIED' } });
    expect((refused.body as { message: string }).message).toContain('2.50 EUR is owed');
    await rider.topUp(250);
    expect((await ask('/v1/passes', { purpose: 'renew-pass' })).status).toBe(200);
  });

  test('after a rotation of keys a new pass names the new one, the old pass still opens', async () => {
    await town.setFare('M1', 250);
    const old = rider.code(START_MS);
    expect(await town.operate('POST', 'issuer-keys', { body: { now: true } })).toMatchObject({
      keyId: 2,
    });
    const { body } = await ask('/v1/passes', { purpose: 'renew-pass' });
    const pass = readSignedPass(fromHex((body as { pass: string }).pass) ?? new Uint8Array());
    expect(pass.ok && pass.value.pass.issuerKeyId).toBe(2);
    rider.pass = pass.ok ? pass.value.bytes : rider.pass;
    const gate = await town.addGate('g1', 'M1');
    gate.tap(old, { atMs: START_MS });
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    const { items } = await town.send(gate);
    expect(items.map(({ ruling }) => ruling)).toEqual(['accepted', 'accepted']);
  });
});

describe('money', () => {
  test('a statement shows both times of a ride, and the top-ups beside it', async () => {
    await town.setFare('M1', 250);
    const gate = await town.addGate('g1', 'M1');
    const rider = await town.addRider();
    await rider.topUp(300);
    gate.tap(rider.code(START_MS), { atMs: START_MS });
    town.clock.advance(60_000);
    await town.send(gate);
    await town.settled();
    const statement = await town.get('/v1/riders/me/statement', { token: rider.session });
    const ride = { kind: 'ride', line: 'M1', amountCents: 250, owedCents: 0, state: 'WITHHELD' };
    expect(statement).toMatchObject({
      items: [
        { ...ride, riddenAtMs: START_MS, chargedAtMs: START_MS + 60_000, reason: null },
        { kind: 'topUp', riddenAtMs: null, chargedAtMs: START_MS, amountCents: 300 },
      ].sort((a, b) => (a.kind < b.kind ? -1 : 1)),
      next: null,
    });
  });

  test('a page leads to the next one', async () => {
    const rider = await town.addRider();
    for (const cents of [1, 2, 3]) {
      await rider.topUp(cents);
      town.clock.advance(1);
    }
    type Page = { items: { amountCents: number }[]; next: string | null };
    const url = '/v1/riders/me/statement?limit=2';
    const first = await town.get<Page>(url, { token: rider.session });
    expect(first.items.map(({ amountCents }) => amountCents)).toEqual([3, 2]);
    const next = await town.get<Page>(`${url}&after=${first.next}`, { token: rider.session });
    expect(next).toMatchObject({ items: [{ amountCents: 1 }], next: null });
  });

  test.each([
    ['nothing', 0, '400 REQUEST_INVALID'],
    ['less than nothing', -5, '400 REQUEST_INVALID'],
    ['parts of a cent', 1.5, '400 REQUEST_INVALID'],
    ['more than one top-up may bring', 1_000_001, '400 REQUEST_INVALID'],
    ['as much as it may', 1_000_000, '200'],
  ])('topping up by %s', async (_name, amountCents, answer) => {
    const { session: token } = await town.addRider();
    const body = { amountCents, idempotencyKey: 'k' };
    expect(await codeOf(town.ask('/v1/riders/me/top-ups', { body, token }))).toBe(answer);
  });

  test('one key is one top-up; with another amount it is a conflict', async () => {
    const rider = await town.addRider();
    await rider.topUp(500, 'k');
    await rider.topUp(500, 'k');
    expect((await rider.money()).balanceCents).toBe(500);
    const body = { amountCents: 501, idempotencyKey: 'k' };
    const token = rider.session;
    expect(await codeOf(town.ask('/v1/riders/me/top-ups', { body, token }))).toBe('409 CONFLICT');
    const other = await town.addRider();
    await other.topUp(7, 'k');
    expect((await other.money()).balanceCents).toBe(7);
  });
});

/** A key of which platforms may think differently: A = aB + T with T of order 2. It signs all the same,
 * with any nonce for which k is even, because then kT vanishes (RFC 8032 §5.1.7). */
function mixedOrderKey() {
  const { BASE, Fn } = ed25519.Point;
  const a = 0x1234567n;
  const orderTwo = ed25519.Point.fromHex(`ec${'f'.repeat(60)}7f`);
  const publicKey = BASE.multiply(a).add(orderTwo).toBytes();
  const sign = (message: Uint8Array): Uint8Array => {
    for (let nonce = 1n; ; nonce += 1n) {
      const r = BASE.multiply(nonce).toBytes();
      const hash = createHash('sha512').update(r).update(publicKey).update(message).digest();
      const k = BigInt(`0x${toHex(new Uint8Array(hash).reverse())}`) % Fn.ORDER;
      if (k % 2n === 1n) continue;
      const s = ((nonce + k * a) % Fn.ORDER).toString(16).padStart(64, '0');
      return new Uint8Array([...r, ...new Uint8Array(Buffer.from(s, 'hex')).reverse()]);
    }
  };
  return { publicKey, sign };
}

test('a changed ceiling exponent takes effect with the next issuer key; until then the amount stands', async () => {
  const { dataDir } = town;
  await town.stop();
  const file = join(dataDir, 'settlement.json');
  const settings = JSON.parse(readFileSync(file, 'utf8'));
  const pass = { ...settings.pass, ceiling: 40, ceilingExponent: 2 };
  writeFileSync(file, JSON.stringify({ ...settings, pass }));
  town = await ScriptedTown.open({ dataDir });
  const ceilingOf = ({ pass: signed }: { pass: Uint8Array }) => {
    const read = readSignedPass(signed);
    return read.ok ? `${read.value.pass.issuerKeyId}: ${read.value.pass.ceiling}` : '';
  };
  expect(ceilingOf(await town.addRider())).toBe('1: 4000');
});
