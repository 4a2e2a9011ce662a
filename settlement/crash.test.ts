/** A real process, killed as a power cut kills: what was acknowledged is there, and is charged once. */
import { announce } from '@stile/protocol/batch-seal.ts';
import { expect, test } from 'vitest';
import { auditSettlement } from './audit/audit.ts';
import { startProcess } from './testing/start-process.ts';
import { ScriptedTown, START_MS } from './testing/town.ts';

async function post(
  url: string,
  { gate, body }: { gate: string; body: Uint8Array },
): Promise<{ ackSeq: number }> {
  const response = await fetch(`${url}/v1/gates/${gate}/batches`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', ...announce(body) },
    body: new Uint8Array(body),
  });
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as { ackSeq: number };
}

async function prepare() {
  const town = await ScriptedTown.open();
  await town.setFare('M1', 250);
  const gate = await town.addGate('g1', 'M1');
  const rider = await town.addRider();
  await rider.topUp(1000);
  for (let count = 0; count < 6; count += 1) gate.tap(rider.code(START_MS), { atMs: START_MS });
  await town.settled();
  await town.stop();
  return { town, gate, rider };
}

async function moneyAfterRestart(dataDir: string, session: string) {
  const again = await ScriptedTown.open({ dataDir });
  await again.settled();
  const money = await again.get('/v1/riders/me', { token: session });
  const trust = Buffer.from((await again.ask('/v1/trust-list')).body as Uint8Array).toString();
  const payload = JSON.parse(Buffer.from(trust.split('.')[1] ?? '', 'base64url').toString());
  await again.stop();
  return { money, denied: payload.deny.count };
}

test('killed between the commit and the first job, it charges after the restart', async () => {
  const { town, gate, rider } = await prepare();
  try {
    const held = await startProcess(town.dataDir, 'hold');
    expect(await post(held.url, { gate: 'g1', body: gate.batch(1, 3) })).toMatchObject({
      ackSeq: 3,
    });
    await held.kill();
    const before = await auditSettlement(town.dataDir);
    expect(before.find(({ name }) => name === 'no job is left over')?.ok).toBe(false);
    const second = await startProcess(town.dataDir, 'hold');
    expect(await post(second.url, { gate: 'g1', body: gate.batch(1, 6) })).toMatchObject({
      ackSeq: 6,
    });
    await second.kill();
    const { money, denied } = await moneyAfterRestart(town.dataDir, rider.session);
    expect(money).toMatchObject({ balanceCents: 0, debtCents: 500, denied: true });
    expect(denied).toBe(1);
    const checks = await auditSettlement(town.dataDir, { signatures: true });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    await town.close();
  }
});

test('killed right behind each answer, again and again, it charges each ride once', async () => {
  const { town, gate, rider } = await prepare();
  try {
    for (let seq = 1; seq <= gate.lastSeq; seq += 1) {
      const running = await startProcess(town.dataDir, 'run');
      expect(await post(running.url, { gate: 'g1', body: gate.batch(1, seq) })).toMatchObject({
        ackSeq: seq,
      });
      await running.kill();
    }
    const { money, denied } = await moneyAfterRestart(town.dataDir, rider.session);
    expect(money).toMatchObject({ balanceCents: 0, debtCents: 500, denied: true });
    expect(denied).toBe(1);
    const checks = await auditSettlement(town.dataDir, { signatures: true });
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    await town.close();
  }
});

test('killed right behind the answer to a payment, it knows the payment and does not pay twice', async () => {
  const { town, rider } = await prepare();
  try {
    const open = await ScriptedTown.open({ dataDir: town.dataDir });
    const token = await open.addMerchant('kiosk');
    const codes = [await rider.onlineCodeOf(open), (await rider.seedOf(open)).codeAt(START_MS)];
    await open.stop();
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const pay = async (url: string, sale: { code: string; idempotencyKey: string }) => {
      const body = JSON.stringify({ ...sale, amountCents: 300 });
      const answer = await fetch(`${url}/v1/payments`, { method: 'POST', headers, body });
      return await answer.json();
    };
    for (const [index, code] of codes.entries()) {
      const first = await startProcess(town.dataDir, 'run');
      const paid = await pay(first.url, { code, idempotencyKey: `a-sale-${index}` });
      await first.kill();
      expect(paid).toMatchObject({ outcome: 'PAID', receipt: index + 1 });
      const second = await startProcess(town.dataDir, 'run');
      expect(await pay(second.url, { code, idempotencyKey: `a-sale-${index}` })).toEqual(paid);
      expect(await pay(second.url, { code, idempotencyKey: `another-${index}` })).toMatchObject({
        reason: 'CODE_USED',
      });
      await second.kill();
    }
    const { money } = await moneyAfterRestart(town.dataDir, rider.session);
    expect(money).toMatchObject({ balanceCents: 400, debtCents: 0 });
    const checks = await auditSettlement(town.dataDir);
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
  } finally {
    await town.close();
  }
});
