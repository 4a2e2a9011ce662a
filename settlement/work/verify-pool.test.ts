/** The worker threads: results go to who sent, the queue is bounded, closing leaves nobody waiting. */
import { utf8 } from '@stile/protocol/bytes.ts';
import { afterEach, expect, test } from 'vitest';
import type { SentBatch } from '../core/logs/check-batch.ts';
import { ScriptedGate } from '../testing/gate.ts';
import { createVerifyPool, type VerifyPool } from './verify-pool.ts';

let pool: VerifyPool;
afterEach(async () => {
  await pool.close();
});

function start(batchesMax: number, workers = 2): void {
  pool = createVerifyPool({ workers, batchesMax, passesCachedMax: 0 });
}

function sentBy(gate: ScriptedGate): SentBatch {
  const gateKeys = [{ id: 7, publicKey: gate.key.publicKey, untilMs: null, revokedAtMs: null }];
  return { body: gate.batch(), gate: gate.gate, gateKeys, issuerKeys: [] };
}

test('each batch gets its own result, whichever thread it went through', async () => {
  start(16);
  const gates = ['g1', 'g2', 'g3', 'g4'].map((name) => new ScriptedGate(name, 'M1'));
  const checks = await Promise.all(
    gates.map((gate, index) => {
      for (let count = 0; count <= index; count += 1) gate.note(count);
      return pool.check(sentBy(gate));
    }),
  );
  for (const [index, check] of checks.entries()) {
    if (!check.ok) throw new Error(check.detail);
    expect(check.batch).toMatchObject({ gate: gates[index]?.gate, fromSeq: 1, gateKeyId: 7 });
    expect(check.batch.records).toHaveLength(index + 1);
    const sent = gates[index]?.batch() ?? new Uint8Array();
    const { headerBytes, sealBytes, records } = check.batch;
    const parts = [headerBytes, ...records.map(({ bytes }) => bytes), sealBytes];
    const again = parts.map((part) => `${Buffer.from(part).toString()}\n`).join('');
    expect(again).toBe(Buffer.from(sent).toString());
  }
  expect(pool.waiting).toBe(0);
});

test('beyond its bound the queue says to come back, and goes on', async () => {
  start(2, 1);
  const gate = new ScriptedGate('g1', 'M1');
  gate.note(0);
  const send = () => pool.check(sentBy(gate));
  const both = [send(), send()];
  await expect(send()).rejects.toMatchObject({ code: 'UPLINK_BUSY', retry: true });
  for (const check of await Promise.all(both)) expect(check.ok).toBe(true);
  expect((await send()).ok).toBe(true);
});

test('the bytes that are handed in stay as they are', async () => {
  start(4);
  const bytes = utf8('garbage\n');
  const sent = { body: bytes, gate: 'g1', gateKeys: [], issuerKeys: [] };
  expect(await pool.check(sent)).toMatchObject({ reason: 'BATCH_MALFORMED' });
  expect(bytes).toEqual(utf8('garbage\n'));
});

test('closing tells those who wait', async () => {
  start(4, 1);
  const gate = new ScriptedGate('g1', 'M1');
  for (let count = 0; count < 500; count += 1) gate.note(count);
  const waiting = pool.check(sentBy(gate));
  const refused = expect(waiting).rejects.toMatchObject({ code: 'UPLINK_BUSY' });
  await pool.close();
  await refused;
  await expect(pool.check(sentBy(gate))).rejects.toMatchObject({
    code: 'UPLINK_BUSY',
  });
});
