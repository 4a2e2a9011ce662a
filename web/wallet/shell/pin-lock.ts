/**
 * The PIN before paying, and before riding if its rider wants that. What it guards is sealed while it is closed; a
 * try is counted on the disk before it is tried, so that closing the page takes none back.
 */
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { assert } from '@stile/protocol/fault.ts';
import { ApiRefusal } from '../../parts/api.ts';
import type { Clock } from '../../parts/clock.ts';
import type { PageState } from '../../parts/page-state.ts';
import type { Random } from '../../parts/random.ts';
import {
  isPinOver,
  OPEN_MS,
  type PageInstant,
  type PinTries,
  pinWaitMs,
  type SeenTry,
  seeTry,
  sinceTryMs,
} from '../core/pin.ts';
import type { Phone } from './phone.ts';
import {
  drawSalt,
  makePinKey,
  PIN_ITERATIONS,
  type StoredPin,
  sealCheck,
  unseal,
} from './pin-key.ts';
import { importSeed, type StoredSeed, sealSeed, unsealSeed } from './seed.ts';
import type { RiderSession } from './session.ts';
import type { SettlementClient } from './settlement-client.ts';

export type PinLockParts = {
  clock: Clock;
  random: Random;
  page: PageState;
  nowMs: ReadonlySignal<number>;
  phone: Phone;
  session: RiderSession;
  settlement: SettlementClient;
};

export type PinResult = { kind: 'open' } | { kind: 'wrong' } | { kind: 'wait' } | { kind: 'over' };

export class PinLock {
  /** Whether what it guards may be shown now; true if there is no PIN. */
  readonly isOpen: ReadonlySignal<boolean>;
  readonly #parts: PinLockParts;
  readonly #open = signal<{ key: CryptoKey; until: PageInstant } | null>(null);
  #seen: SeenTry | null = null;

  constructor(parts: PinLockParts) {
    this.#parts = parts;
    this.isOpen = computed(() => {
      const open = this.#open.value;
      if (this.pin === null) return true;
      if (open === null || parts.nowMs.value >= open.until.wallMs) return false;
      return parts.clock.now().monoMs < open.until.monoMs;
    });
    parts.phone.enrolment.subscribe((enrolment) => this.#see(enrolment?.pin ?? null));
    parts.page.onChange('visibility', () => {
      if (!parts.page.isVisible()) this.close();
    });
  }

  get pin(): StoredPin | null {
    return this.#parts.phone.enrolment.value?.pin ?? null;
  }

  /** How long until the next PIN may be tried. */
  get waitMs(): number {
    const { pin } = this;
    // Read, so that what counts down is drawn again.
    void this.#parts.nowMs.value;
    return pin === null ? 0 : this.#waitMs(pin);
  }

  #waitMs(tries: PinTries): number {
    const now = this.#parts.clock.now();
    return pinWaitMs(tries, sinceTryMs(tries, { seen: this.#seen, now }));
  }

  #see(pin: StoredPin | null): void {
    const { clock, phone } = this.#parts;
    const { wrong, lastAtMs } = pin ?? { wrong: 0, lastAtMs: 0 };
    if (this.#seen?.wrong === wrong && this.#seen.lastAtMs === lastAtMs) return;
    const now = clock.now();
    this.#seen = seeTry({ wrong, lastAtMs }, now);
    const account = phone.enrolment.value?.account;
    if (account === undefined || lastAtMs <= now.wallMs) return;
    // By a clock that was ahead then: no later page begins its pause anew.
    const correct = ({ pin: stored }: { pin: StoredPin | null }) =>
      stored?.lastAtMs === lastAtMs ? { pin: { ...stored, lastAtMs: now.wallMs } } : {};
    phone.change(account, correct).catch(() => undefined);
  }

  #openWith(key: CryptoKey): void {
    const { wallMs, monoMs } = this.#parts.clock.now();
    this.#open.value = { key, until: { wallMs: wallMs + OPEN_MS, monoMs: monoMs + OPEN_MS } };
  }

  close(): void {
    this.#open.value = null;
  }

  async enter(digits: string): Promise<PinResult> {
    const { phone, clock } = this.#parts;
    const account = this.#account();
    const nowMs = clock.now().wallMs;
    let tried: StoredPin | null = null;
    await phone.change(account, ({ pin }) => {
      if (pin === null || isPinOver(pin) || this.#waitMs(pin) > 0) return {};
      tried = { ...pin, wrong: pin.wrong + 1, lastAtMs: nowMs };
      return { pin: tried };
    });
    const counted = tried as StoredPin | null;
    if (counted === null)
      return this.pin && isPinOver(this.pin) ? { kind: 'over' } : { kind: 'wait' };
    const key = await makePinKey(digits, counted);
    if ((await unseal(key, counted.check)) === undefined) {
      if (!isPinOver(counted)) return { kind: 'wrong' };
      // Nothing is left here to guess at.
      await phone.change(account, { seed: null });
      this.close();
      return { kind: 'over' };
    }
    await phone.change(account, ({ pin }) => (pin === null ? {} : { pin: { ...pin, wrong: 0 } }));
    this.#openWith(key);
    return { kind: 'open' };
  }

  /** The first PIN. Takes a new seed, because the one before has lain here open. @throws ApiRefusal or Unreachable. */
  async set(digits: string): Promise<void> {
    assert(this.pin === null, 'a PIN is changed by who knows it');
    await this.#set(digits);
  }

  /** Whoever finds it open does not know it. @throws ApiRefusal or Unreachable. */
  async change(before: string, digits: string): Promise<PinResult> {
    const result = await this.enter(before);
    if (result.kind === 'open') await this.#set(digits);
    return result;
  }

  async #set(digits: string): Promise<void> {
    const { phone, random } = this.#parts;
    const salt = drawSalt(random);
    const key = await makePinKey(digits, { salt, iterations: PIN_ITERATIONS });
    const pin: StoredPin = {
      salt,
      iterations: PIN_ITERATIONS,
      check: await sealCheck(key, random),
      beforeRide: this.pin?.beforeRide ?? false,
      wrong: 0,
      lastAtMs: 0,
    };
    await this.#takeSeed(async (seed) => ({
      pin,
      seed: seed && (await sealSeed(key, { seed, random })),
    }));
    assert(phone.enrolment.value !== null, 'only an enrolled phone has a PIN');
    this.#openWith(key);
  }

  /** By who knows it. @throws ApiRefusal or Unreachable. */
  async remove(digits: string): Promise<PinResult> {
    const result = await this.enter(digits);
    if (result.kind !== 'open') return result;
    await this.#takeSeed(async (seed) => ({ pin: null, seed: seed && (await importSeed(seed)) }));
    this.close();
    return result;
  }

  async askBeforeRide(): Promise<void> {
    await this.#setBeforeRide(true);
  }

  /** What it guards gets less: by who knows it. */
  async skipBeforeRide(digits: string): Promise<PinResult> {
    const result = await this.enter(digits);
    if (result.kind === 'open') await this.#setBeforeRide(false);
    return result;
  }

  async #setBeforeRide(beforeRide: boolean): Promise<void> {
    await this.#parts.phone.change(this.#account(), ({ pin }) =>
      pin === null ? {} : { pin: { ...pin, beforeRide } },
    );
  }

  /** For a seed that comes by itself; undefined while it is closed: the next time, then. */
  async store(seed: Parameters<typeof importSeed>[0]): Promise<StoredSeed | undefined> {
    if (this.pin === null) return await importSeed(seed);
    const key = this.#open.value?.key;
    return key && (await sealSeed(key, { seed, random: this.#parts.random }));
  }

  /** A seed that makes codes; undefined while it is closed. */
  async use(seed: StoredSeed): Promise<StoredSeed | undefined> {
    const key = this.#open.value?.key ?? null;
    return await unsealSeed(seed, key);
  }

  #account(): string {
    const account = this.#parts.phone.enrolment.value?.account;
    assert(account !== undefined, 'only an enrolled phone has a PIN');
    return account;
  }

  async #takeSeed(
    changeOf: (
      seed: Parameters<typeof importSeed>[0] | null,
    ) => Promise<{ pin: StoredPin | null; seed: StoredSeed | null }>,
  ): Promise<void> {
    const { phone, session, settlement } = this.#parts;
    const holder = phone.enrolment.value;
    assert(holder !== null, 'only an enrolled phone has a PIN');
    const { account } = holder;
    await session.run(async (token) => {
      const seed = await settlement.fetchSeed(token, holder).catch((error: unknown) => {
        if (error instanceof ApiRefusal && error.code === 'PAYMENT_CODES_OFF') return null;
        throw error;
      });
      await phone.change(account, await changeOf(seed));
      if (seed !== null) await settlement.confirmSeed(token, { handle: seed.handle });
    });
  }
}
