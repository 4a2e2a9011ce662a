/**
 * A presented code on its way to a durable payment: the seed is opened, the time step found, the store pays.
 * Routes of merchants and of gates both come here.
 */
import { createHash } from 'node:crypto';
import { type Clock, wallS } from '@stile/host/clock.ts';
import { assert } from '@stile/protocol/fault.ts';
import { readServerCode } from '@stile/protocol/payment-code.ts';
import type { Logger } from 'pino';
import type { PayResult } from '../core/payments/pay.ts';
import type { Payee } from '../core/payments/payee.ts';
import type { Presented } from '../core/payments/spend-code.ts';
import { findStrayStep, findTimeStep, type SeedBox } from '../keys/seeds.ts';
import type { Store } from '../store/port.ts';
import { onlineCodeHash } from './code-issue.ts';

export type CodePaymentsParts = {
  store: Store;
  /** Null: no seed key was given, payment codes are off. */
  seedBox: SeedBox | null;
  issuer: number;
  clock: Clock;
  log: Logger;
};

export type CodePayments = ReturnType<typeof createCodePayments>;

export function createCodePayments(parts: CodePaymentsParts) {
  const { store, seedBox, issuer, clock, log } = parts;

  async function present(code: string): Promise<Presented | 'off'> {
    const read = readServerCode(code);
    assert(read !== undefined, 'the schema lets codes pass only');
    if (read.method === 'ONLINE_CODE') {
      return { way: read.method, codeHash: onlineCodeHash(read.text) };
    }
    if (seedBox === null) return 'off';
    const row = await store.findSeed(read.handle, clock.now().wallMs);
    const { method: way, handle, otp } = read;
    const opened = seedBox.open(row ?? seedBox.nobody);
    // The rider's code may be right: it is settlement that cannot read it.
    if (opened === undefined) {
      log.error({ keyId: row?.keyId }, 'a payment seed cannot be opened: is STILE_SEED_KEY whole?');
      return 'off';
    }
    const seed = row === undefined ? undefined : opened;
    const at = { otp, nowS: wallS(clock) };
    const timeStep = findTimeStep(seed, at);
    return { way, handle, timeStep, strayStep: timeStep === null ? findStrayStep(seed, at) : null };
  }

  return {
    isOff: seedBox === null,

    /** `off`: a payment code, and no seed key, or not the one that sealed its seed. */
    async pay(
      payee: Payee,
      { code, note }: { code: string; note: string | null },
    ): Promise<PayResult | 'off'> {
      const presented = await present(code);
      if (presented === 'off') return 'off';
      const requestHash = hashOf([code, payee.kind, amountOf(payee), note]);
      const nowMs = clock.now().wallMs;
      return await store.pay({ issuer, payee, presented, note, requestHash, nowMs });
    },
  };
}

function amountOf(payee: Payee): number | string {
  return payee.kind === 'merchant' ? payee.amountCents : payee.line;
}

export function hashOf(parts: readonly (string | number | null)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
