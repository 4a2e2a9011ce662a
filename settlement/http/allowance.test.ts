/** How often one may ask: counted by who asks where that is known, and by address before it is. */
import { addCheckDigits } from '@stile/protocol/check-digits.ts';
import { afterEach, expect, test } from 'vitest';
import { createTownClock, ScriptedTown } from '../testing/town.ts';
import { createAllowance } from './allowance.ts';

const towns: ScriptedTown[] = [];
afterEach(async () => {
  for (const town of towns.splice(0)) await town.close();
});

type Limits = Record<string, number>;
async function townWith(http: Limits): Promise<ScriptedTown> {
  const town = await ScriptedTown.open({ settings: { http } });
  towns.push(town);
  return town;
}

async function statuses(
  town: ScriptedTown,
  { count, url, token }: { count: number; url: string; token: string },
) {
  const found: number[] = [];
  for (let sent = 0; sent < count; sent += 1) {
    found.push((await town.ask(url, { token })).status);
  }
  return found;
}

test('an allowance is one for each, and whole again a minute later', () => {
  const clock = createTownClock();
  const allowance = createAllowance(clock, 2);
  expect([allowance.take('a'), allowance.take('a'), allowance.take('b')]).toEqual([0, 0, 0]);
  clock.advance(12_300);
  expect([allowance.take('a'), allowance.take('b')]).toEqual([48, 0]);
  clock.advance(47_699);
  expect(allowance.take('a')).toBe(1);
  clock.advance(1);
  expect([allowance.take('a'), allowance.take('b')]).toEqual([0, 0]);
});

test('a rider who asks too often waits, others do not; a second session is the same rider', async () => {
  const town = await townWith({ riderRequestsPerMinute: 2 });
  const [ada, bob] = [await town.addRider(), await town.addRider()];
  const subject = `${ada.account}/${ada.serial}`;
  const body = { account: ada.account, serial: ada.serial };
  const open = { ...body, ...(await town.prove(ada.key, { purpose: 'open-session', subject })) };
  const second = await town.get<{ token: string }>('/v1/sessions', { body: open });
  expect(await statuses(town, { count: 1, url: '/v1/riders/me', token: ada.session })).toEqual([
    200,
  ]);
  expect(await statuses(town, { count: 2, url: '/v1/riders/me', token: second.token })).toEqual([
    200, 429,
  ]);
  const refused = await town.ask('/v1/riders/me/statement', { token: ada.session });
  expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
  expect(refused.headers['retry-after']).toBe('60');
  expect((refused.body as { message: string }).message).toMatch(/try again in 60 s/);
  expect(await statuses(town, { count: 1, url: '/v1/riders/me', token: bob.session })).toEqual([
    200,
  ]);
  town.clock.advance(60_000);
  expect(await statuses(town, { count: 1, url: '/v1/riders/me', token: ada.session })).toEqual([
    200,
  ]);
});

test('a merchant who asks too often waits, others do not', async () => {
  const town = await townWith({ merchantRequestsPerMinute: 2 });
  const [kiosk, bakery] = [await town.addMerchant('kiosk'), await town.addMerchant('bakery')];
  expect(await statuses(town, { count: 3, url: '/v1/merchants/me', token: kiosk })).toEqual([
    200, 200, 429,
  ]);
  expect(await statuses(town, { count: 1, url: '/v1/merchants/me', token: bakery })).toEqual([200]);
});

test('a merchant that presents codes too fast may still ask what became of them', async () => {
  const town = await townWith({ paymentsPerMinute: 2 });
  const token = await town.addMerchant('kiosk');
  const tries: number[] = [];
  for (let count = 1; count <= 3; count += 1) {
    const body = {
      idempotencyKey: `sale-${count}-long`,
      code: addCheckDigits(`72${'0'.repeat(16)}`),
      amountCents: 1,
    };
    tries.push((await town.ask('/v1/payments', { body, token })).status);
  }
  expect(tries).toEqual([200, 200, 429]);
  expect(await statuses(town, { count: 1, url: '/v1/payments/sale-2-long', token: token })).toEqual(
    [200],
  );
});

test('guessing a credential is counted by address, before the credential is looked at', async () => {
  const town = await townWith({ requestsPerMinute: 3 });
  expect(await statuses(town, { count: 5, url: '/v1/merchants/me', token: 'guess' })).toEqual([
    401, 401, 401, 429, 429,
  ]);
  const refused = await town.ask('/v1/health');
  expect(refused).toMatchObject({ status: 429, body: { code: 'TOO_MANY_REQUESTS' } });
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await town.ask('/v1/nothing')).status).toBe(429);
  // Batches of a gate that comes back after a day are bounded by their queue instead.
  expect((await town.ask('/v1/gates/g1/batches', { bytes: new Uint8Array(1) })).status).toBe(404);
});

test('pages count as well', async () => {
  const town = await townWith({ requestsPerMinute: 1 });
  await town.ask('/wallet');
  expect((await town.ask('/wallet')).status).toBe(429);
});
