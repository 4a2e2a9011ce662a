/** Payment codes against the vectors of RFC 6238, at times that are centuries apart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@stile/host/random.ts';
import { otpOfTimeStep, writePaymentCode } from '@stile/protocol/payment-code.ts';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { createCodePayments } from './http/code-payments.ts';
import { createSeedBox } from './keys/seeds.ts';
import { openSqliteStore } from './store/sqlite/store.ts';
import { addRider, ISSUER, LIMITS } from './testing/log.ts';
import { TEST_SEED_KEY } from './testing/scratch-settlement.ts';
import { START_MS } from './testing/town.ts';

const STEP_MS = 60_000;
const TEN_S_MS = 10_000;

// RFC 6238 appendix B, SHA-256: its counters, with our step of 60 s.
const RFC_SEED = Buffer.from('12345678901234567890123456789012');
const RFC_VECTORS = [
  [0x1, '46119246'],
  [0x23523ec, '68084774'],
  [0x23523ed, '67062674'],
  [0x273ef07, '91819424'],
  [0x3f940aa, '90698825'],
  [0x27bc86aa, '77737706'],
] as const;

describe('the passwords of RFC 6238', () => {
  test.each([
    ['in the second they are made', 0],
    ['ten seconds later', TEN_S_MS],
  ])('are accepted %s, once, and none from two steps away', async (_when, laterMs) => {
    const good = await openCodePayments(RFC_SEED);
    const stray = await openCodePayments(RFC_SEED);
    const counts: Record<string, number> = {};
    const count = async (
      what: string,
      { otp, atMs, wanted }: { otp: string; atMs: number; wanted: string },
    ) => {
      const payments = what === 'good' || what === 'again' ? good : stray;
      if ((await payments.pay(otp, atMs)) === wanted) counts[what] = (counts[what] ?? 0) + 1;
    };
    try {
      for (const [counter, otp] of RFC_VECTORS) {
        expect(otpOfTimeStep(RFC_SEED, counter)).toBe(otp);
        const atMs = counter * STEP_MS;
        await count('before', { otp, atMs: atMs + 2 * STEP_MS, wanted: 'CLOCK_OFF' });
        // Two steps before the first is before 1970.
        if (counter > 1)
          await count('after', { otp, atMs: atMs - 2 * STEP_MS, wanted: 'CODE_USED' });
        await count('good', { otp, atMs: atMs + laterMs, wanted: 'PAID' });
        await count('again', { otp, atMs: atMs + laterMs, wanted: 'CODE_USED' });
      }
    } finally {
      await good.close();
      await stray.close();
    }
    expect(counts).toEqual({ good: 6, again: 6, before: 6, after: 5 });
  });
});

/** The same store and the same check without HTTP, for times that are centuries apart. */
async function openCodePayments(secret: Uint8Array) {
  const dir = mkdtempSync(join(tmpdir(), 'stile-codes-'));
  const store = await openSqliteStore({ file: join(dir, 'settlement.db'), limitsNow: LIMITS });
  const account = await addRider(store, 'a');
  await store.topUp({ issuer: ISSUER, account, key: 'money', amountCents: 100, nowMs: START_MS });
  await store.setMerchant({
    merchant: 'shop',
    name: 'Shop',
    tokenHash: 'hash',
    managerTokenHash: 'manager',
    nowMs: START_MS,
  });
  const seedBox = createSeedBox(TEST_SEED_KEY, systemRandom);
  const owner = { handle: '00012345', account, serial: 1 };
  const always = { nowMs: 0, expiresAtMs: Number.MAX_SAFE_INTEGER };
  await store.addSeed({ ...owner, ...seedBox.seal(secret, owner), ...always });
  let wallMs = 0;
  const clock = { now: () => ({ wallMs, monoMs: 0 }), alarm: () => () => undefined };
  const log = pino({ level: 'silent' });
  const parts = { store, seedBox, issuer: ISSUER, clock, log };
  const codePayments = createCodePayments(parts);
  let keys = 0;
  return {
    async pay(otp: string, atMs: number): Promise<string> {
      wallMs = atMs;
      keys += 1;
      const idempotencyKey = `vector-${keys}-long`;
      const payee = { kind: 'merchant', merchant: 'shop', idempotencyKey, amountCents: 1 } as const;
      const answer = await codePayments.pay(payee, {
        code: writePaymentCode({ handle: owner.handle, otp }),
        note: null,
      });
      if (answer === 'off' || answer.kind === 'conflict') throw new Error(JSON.stringify(answer));
      return answer.payment.reason ?? answer.payment.outcome;
    },
    async close(): Promise<void> {
      await store.close();
      rmSync(dir, { recursive: true });
    },
  };
}
