/** Renews the pass and fetches the seed when their time has come; both need a network, and neither is urgent. */
import { signal } from '@preact/signals';
import { ApiRefusal } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import { allowanceOf, isRevoked, isSeedEnded } from '../core/account.ts';
import { isRenewalDue, isSeedDue, serverNowMs } from '../core/state.ts';
import { type Phone, readPass } from './phone.ts';
import type { PinLock } from './pin-lock.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';

export type RenewalParts = {
  clock: Clock;
  phone: Phone;
  session: RiderSession;
  settlement: SettlementClient;
  pin: Pick<PinLock, 'isOpen' | 'store'>;
};

export class Renewal {
  /** The operator has no payment codes at all. */
  readonly paymentCodesOff = signal(false);
  readonly #parts: RenewalParts;

  constructor(parts: RenewalParts) {
    this.#parts = parts;
  }

  /** @throws ApiRefusal, Unreachable or VaultLost. */
  async run(): Promise<void> {
    await this.#renewIfDue();
    await this.#fetchSeed();
  }

  async #renewIfDue(): Promise<void> {
    const { phone } = this.#parts;
    const { value } = phone.enrolment;
    if (value === null) return;
    const nowS = this.#serverNowS();
    const rider = phone.view.value?.rider;
    const offered = rider?.offline.allowance ?? null;
    const revoked = rider !== undefined && isRevoked(rider, value.pass);
    const held = { ...value, allowance: allowanceOf(value.pass) };
    if (!isRenewalDue(held, { nowS, offered, revoked })) return;
    try {
      await this.renewPass();
    } catch (error) {
      // As many as may be are still good, this one too.
      const isGood = nowS <= value.expiresAtS && held.allowance > 0 && !revoked;
      if (!(error instanceof ApiRefusal) || error.code !== 'PASSES_OPEN' || !isGood) throw error;
    }
  }

  /** At once, because a rider wants it. @throws ApiRefusal, Unreachable or VaultLost. */
  async renewPass(): Promise<void> {
    const { phone, settlement } = this.#parts;
    const { value } = phone.enrolment;
    if (value === null) return;
    const { pass } = await settlement.renewPass(value);
    await phone.change(value.account, readPass(pass));
  }

  async #fetchSeed(): Promise<void> {
    const { phone, session, settlement, pin } = this.#parts;
    const { value } = phone.enrolment;
    if (value === null) return;
    const rider = phone.view.value?.rider;
    const isEnded = rider !== undefined && isSeedEnded(rider, value.serial);
    if (!isSeedDue(value.seed, { nowS: this.#serverNowS(), isEnded })) return;
    // Behind a PIN it can be sealed only while that is open.
    if (!pin.isOpen.value) return;
    try {
      await session.run(async (token) => {
        const seed = await settlement.fetchSeed(token, value);
        // Stored before it is confirmed: settlement ends the seed before it then.
        const stored = await pin.store(seed);
        if (stored === undefined) return;
        await phone.change(value.account, { seed: stored });
        await settlement.confirmSeed(token, { handle: seed.handle });
      });
      this.paymentCodesOff.value = false;
    } catch (error) {
      // An operator without a key for seeds has no payment codes; everything else works.
      if (!(error instanceof ApiRefusal) || error.code !== 'PAYMENT_CODES_OFF') throw error;
      this.paymentCodesOff.value = true;
    }
  }

  #serverNowS(): number {
    const { clock, phone } = this.#parts;
    return serverNowMs(clock.now().wallMs, phone.view.value) / 1000;
  }
}
